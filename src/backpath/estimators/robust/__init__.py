"""Estimators for people who tune nothing, and what they see of a table."""

from backpath.estimators.robust.estimators import RobustMLPClassifier, RobustMLPRegressor

__all__ = ["RobustMLPClassifier", "RobustMLPRegressor"]
