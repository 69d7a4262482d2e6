"""Floor 6: models of other frameworks as models of ours, and ours as theirs."""

from backpath.importers.agreement import Agreement, Difference, compared, difference
from backpath.importers.model import ImportedModel
from backpath.importers.onnx_reading import OnnxModel, from_onnx
from backpath.importers.onnx_writing import to_onnx

__all__ = ["Agreement", "Difference", "ImportedModel", "OnnxModel", "compared", "difference", "from_onnx", "to_onnx"]
