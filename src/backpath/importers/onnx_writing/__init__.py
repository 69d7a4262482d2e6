"""Models of ours as files of ONNX's."""

from backpath.importers.onnx_writing.writing import to_onnx

__all__ = ["to_onnx"]
