"""Estimators for scikit-learn: import them from here in place of ``sklearn.neural_network``."""

from backpath.interop import MLPClassifier, MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
