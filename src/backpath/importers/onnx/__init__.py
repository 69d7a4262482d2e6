"""Files of ONNX's as models of ours."""

from backpath.importers.onnx.importing import from_onnx
from backpath.importers.onnx.rules import RULES

__all__ = ["RULES", "from_onnx"]
