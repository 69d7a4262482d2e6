"""Estimators for people who tune nothing: several networks trained, judged and averaged as one."""

from backpath.estimators.robust.classifier import RobustMLPClassifier
from backpath.estimators.robust.regressor import RobustMLPRegressor

__all__ = ["RobustMLPClassifier", "RobustMLPRegressor"]
