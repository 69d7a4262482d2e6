"""Floor 7: what the paths of one gradient say. Knows nothing of training."""

from backpath.explanation.carriers import Carrier, Carriers
from backpath.explanation.explain import explain
from backpath.explanation.explanation import Explanation
from backpath.explanation.quantities import LayerScale
from backpath.explanation.spectrum import LengthSpectrum

__all__ = ["Carrier", "Carriers", "Explanation", "LayerScale", "LengthSpectrum", "explain"]
