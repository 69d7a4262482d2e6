"""Floor 6: what is wrong, and where. Knows nothing of the command line."""

from backpath.diagnosis.check import Check, Route, check
from backpath.diagnosis.debug_gradient import ArrayVerdict, GradientDiagnosis, debug_gradient
from backpath.diagnosis.edges import WrongEdge, wrong_edges
from backpath.diagnosis.explain import explain
from backpath.diagnosis.explanation import Explanation
from backpath.diagnosis.quantities import LayerScale
from backpath.diagnosis.spectrum import LengthSpectrum

__all__ = [
    "ArrayVerdict",
    "Check",
    "Explanation",
    "GradientDiagnosis",
    "LayerScale",
    "LengthSpectrum",
    "Route",
    "WrongEdge",
    "check",
    "debug_gradient",
    "explain",
    "wrong_edges",
]
