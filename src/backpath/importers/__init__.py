"""Floor 6: models of other frameworks as models of ours, and ours as theirs."""

from backpath.importers.agreement import Agreement, Difference, compared, difference
from backpath.importers.model import ImportedModel

__all__ = ["Agreement", "Difference", "ImportedModel", "compared", "difference"]
