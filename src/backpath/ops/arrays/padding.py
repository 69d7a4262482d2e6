"""Padding: with constants, or with entries of the array that are there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from backpath.graph import ShapeError, TraceError
from backpath.ops.arrays.pieces import moved
from backpath.ops.dispatch import implements
from backpath.ops.movement import PAD
from backpath.ops.tracing.recording import apply

_MOVING = ("edge", "reflect", "symmetric", "wrap")


@implements(np.pad)
def pad(array: Any, pad_width: Any, mode: str = "constant", **how: Any) -> Any:
    """``np.pad`` with constants, or with entries of the array."""
    if isinstance(pad_width, dict):
        given = {normalize_axis_index(k, np.ndim(array)): v for k, v in pad_width.items()}
        pad_width = [np.broadcast_to(given.get(k, 0), 2) for k in range(np.ndim(array))]
    width = np.broadcast_to(np.asarray(pad_width, int), (np.ndim(array), 2))
    if (width < 0).any():
        raise ShapeError(f"pad: negative widths {pad_width}; use a slice to cut")
    if mode in _MOVING and how.get("reflect_type", "even") == "even":
        return moved(array, lambda numbers: np.pad(numbers, width, mode))  # type: ignore[call-overload]
    if mode not in ("constant", "empty"):
        raise TraceError(
            f"np.pad(mode={mode!r}) cannot be traced; mode='constant' and {', '.join(_MOVING)} can, or build it by "
            f"np.concatenate"
        )
    values = np.broadcast_to(how.get("constant_values", 0), (np.ndim(array), 2))
    if np.all(values == values.flat[:1]):
        return _padded(array, width, values.flat[0].item() if values.size else 0)
    for axis, side in np.ndindex(values.shape):
        only = np.zeros_like(width)
        only[axis, side] = width[axis, side]
        array = _padded(array, only, values[axis, side].item())
    return array


def _padded(x: Any, width: np.ndarray, value: float) -> Any:
    return apply(PAD, x, width=tuple((before, after) for before, after in width.tolist()), value=value)
