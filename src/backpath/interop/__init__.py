"""Floor 7: estimators for scikit-learn. Knows nothing of reports and commands."""

from backpath.interop.classifier import MLPClassifier
from backpath.interop.regressor import MLPRegressor
from backpath.interop.robust import RobustMLPClassifier, RobustMLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "RobustMLPClassifier", "RobustMLPRegressor"]
