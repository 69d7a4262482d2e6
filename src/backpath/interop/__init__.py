"""Floor 7: estimators for scikit-learn. Knows nothing of reports and commands."""

from backpath.interop.classifier import MLPClassifier
from backpath.interop.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
