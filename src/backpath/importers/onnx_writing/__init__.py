"""Models of ours as files of ONNX's."""

from backpath.importers.onnx_writing.writer import Batch, Sizes, Writer, code_of
from backpath.importers.onnx_writing.writing import finished, to_onnx, value_info, write_scores

__all__ = ["Batch", "Sizes", "Writer", "code_of", "finished", "to_onnx", "value_info", "write_scores"]
