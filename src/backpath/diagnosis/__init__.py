"""Floor 6: what is wrong, and where. Knows nothing of the command line."""

from backpath.diagnosis.check import Check, Route, check
from backpath.diagnosis.debug_gradient import ArrayVerdict, GradientDiagnosis, debug_gradient
from backpath.diagnosis.edges import WrongEdge, wrong_edges

__all__ = ["ArrayVerdict", "Check", "GradientDiagnosis", "Route", "WrongEdge", "check", "debug_gradient", "wrong_edges"]
