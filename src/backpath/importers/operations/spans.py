"""Windows along the axes of an image, as other frameworks say which they mean, and the axes in the order of ours.

Images here are (batch, channels, *lengths), with any number of lengths; the primitives of ``ops.windows`` take two
lengths at a time, and channels behind them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.ops import Windows

Pads = Sequence[tuple[int, int]]
"""Entries before and behind each axis."""

Shape = tuple[int, ...]


def channels_last(x: Any) -> Any:
    """(batch, channels, *lengths) as (batch, *lengths, channels)."""
    return np.moveaxis(x, 1, -1)


def channels_first(x: Any) -> Any:
    """(batch, *lengths, channels) as (batch, channels, *lengths)."""
    return np.moveaxis(x, -1, 1)


def each(value: int | Sequence[int] | None, axes: int, default: int = 1) -> tuple[int, ...]:
    """One whole number for each axis, of one for all, or of none."""
    if value is None:
        return (default,) * axes
    return (int(value),) * axes if isinstance(value, (int, np.integer)) else tuple(int(n) for n in value)


def same_pads(lengths: Shape, sizes: Shape, strides: Shape, dilations: Shape, upper: bool = True) -> Pads:
    """Pads with which there are ceil(length / stride) windows; an odd one stands behind, or before."""
    pads = []
    for length, size, stride, dilation in zip(lengths, sizes, strides, dilations, strict=True):
        missing = max((-(-length // stride) - 1) * stride + dilation * (size - 1) + 1 - length, 0)
        less, more = missing // 2, missing - missing // 2
        pads.append((less, more) if upper else (more, less))
    return pads


def one_each(length: int) -> Windows:
    """Windows of one entry, one for each."""
    return Windows(1, 1, 1, 0, 0, length)


def windows_along(
    lengths: Shape, sizes: Shape, strides: Shape, dilations: Shape, pads: Pads, up: bool = False
) -> list[Windows]:
    """The windows along each axis.

    Args:
        lengths: of the axes.
        sizes: of a window.
        strides: from one to the next.
        dilations: from one entry of a window to the next.
        pads: entries around each axis.
        up: whether a last window that reaches beyond the end counts, if it begins before the end and its pad.

    Raises:
        ShapeError: if none fits.
    """
    found = []
    for length, size, stride, dilation, (before, after) in zip(lengths, sizes, strides, dilations, pads, strict=True):
        made = Windows.over(length, size, stride, dilation, (before, after))
        if up:
            span, count = dilation * (size - 1) + 1, made.count
            if (count - 1) * stride + span < length + before + after and count * stride < length + before:
                count += 1
            reach = (count - 1) * stride + span - length - before
            made = Windows(size, stride, dilation, before, max(after, reach), count)
        found.append(made)
    return found


def require_image(what: str, x: Any, axes: int | None = None) -> int:
    """How many lengths an image has.

    Raises:
        ShapeError: if it has none, or others than wanted.
    """
    found = np.ndim(x) - 2
    if found < 1 or axes not in (None, found):
        wanted = "(batch, channels, *lengths)" if axes is None else f"(batch, channels) and {axes} lengths"
        raise ShapeError(f"{what}: x has shape {list(np.shape(x))}; it must be {wanted}")
    return found
