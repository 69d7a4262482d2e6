"""Estimators for scikit-learn: import them from here in place of ``sklearn.neural_network``."""

from backpath.estimators import MLPClassifier, MLPRegressor, RobustMLPClassifier, RobustMLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "RobustMLPClassifier", "RobustMLPRegressor"]
