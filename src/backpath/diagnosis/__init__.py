"""Floor 8: what is wrong with a training, and which fix repairs it, tried by training again. Knows nothing of pages."""

from backpath.diagnosis.comparison import Effect
from backpath.diagnosis.diagnose import diagnose
from backpath.diagnosis.findings import KINDS, Diagnosis, Finding

__all__ = ["KINDS", "Diagnosis", "Effect", "Finding", "diagnose"]
