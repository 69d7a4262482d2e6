"""Files of ONNX's as models of ours."""

from backpath.importers.onnx_reading.importing import from_onnx
from backpath.importers.onnx_reading.model import OnnxModel
from backpath.importers.onnx_reading.rules import RULES

__all__ = ["RULES", "OnnxModel", "from_onnx"]
