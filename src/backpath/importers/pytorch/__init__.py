"""PyTorch: ``torch.export``'s programs as steps of ours."""

from backpath.importers.pytorch.from_torch import from_torch
from backpath.importers.pytorch.model import TorchModel
from backpath.importers.pytorch.to_torch import to_torch

__all__ = ["TorchModel", "from_torch", "to_torch"]
