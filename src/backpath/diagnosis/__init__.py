"""Floor 8: what is wrong with a training, and which fix repairs it, tried by training again. Knows nothing of pages."""

from backpath.diagnosis.comparison import Effect
from backpath.diagnosis.diagnose import diagnose
from backpath.diagnosis.findings import KINDS, Diagnosis, Finding
from backpath.diagnosis.stability import StabilityMap, stability_map
from backpath.diagnosis.watch import Watch

__all__ = ["KINDS", "Diagnosis", "Effect", "Finding", "StabilityMap", "Watch", "diagnose", "stability_map"]
