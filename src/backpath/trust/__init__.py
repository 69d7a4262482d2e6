"""Floor 7: whether a gradient is right. Every method side by side, hand-written gradients, wrong edges by name."""

from backpath.trust.check import Check, Route, check
from backpath.trust.debug_gradient import ArrayVerdict, GradientDiagnosis, debug_gradient
from backpath.trust.edges import WrongEdge, wrong_edges

__all__ = ["ArrayVerdict", "Check", "GradientDiagnosis", "Route", "WrongEdge", "check", "debug_gradient", "wrong_edges"]
