"""ATen's operations as functions of arrays that can be traced."""

# These fill the table.
from backpath.importers.pytorch.aten import (
    losses,
    normalization,
    pointwise,
    positions,
    products,
    recurrent,
    reductions,
    shapes,
    windows,
)
from backpath.importers.pytorch.aten.table import ATEN

__all__ = [
    "ATEN",
    "losses",
    "normalization",
    "pointwise",
    "positions",
    "products",
    "recurrent",
    "reductions",
    "shapes",
    "windows",
]
