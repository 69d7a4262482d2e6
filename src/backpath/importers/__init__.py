"""Floor 6: models of other frameworks as models of ours, and ours as theirs."""

from backpath.importers.agreement import Agreement, Difference, compared, difference
from backpath.importers.jaxpr import JaxModel, from_jax, to_jax
from backpath.importers.model import ImportedModel
from backpath.importers.onnx_reading import OnnxModel, from_onnx
from backpath.importers.onnx_writing import to_onnx
from backpath.importers.pytorch import TorchModel, from_torch, to_torch

__all__ = [
    "Agreement",
    "Difference",
    "ImportedModel",
    "JaxModel",
    "OnnxModel",
    "TorchModel",
    "compared",
    "difference",
    "from_jax",
    "from_onnx",
    "from_torch",
    "to_jax",
    "to_onnx",
    "to_torch",
]
