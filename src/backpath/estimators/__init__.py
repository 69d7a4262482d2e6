"""Floor 9: estimators for scikit-learn. Knows nothing of reports and commands."""

from backpath.estimators.classifier import MLPClassifier
from backpath.estimators.regressor import MLPRegressor
from backpath.estimators.robust import RobustMLPClassifier, RobustMLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "RobustMLPClassifier", "RobustMLPRegressor"]
