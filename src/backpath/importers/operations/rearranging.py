"""Entries of images in other places: pixels and channels in exchange, patches put together, pads of all modes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.importers.operations.spans import Pads, channels_last, each, windows_along
from backpath.ops import spec_of
from backpath.ops.windows import fold


def pad(x: Any, pads: Pads, mode: str = "constant", value: Any = 0) -> Any:
    """``x`` with entries around it; a negative number of them cuts.

    Args:
        x: an array.
        pads: (before, behind) each axis.
        mode: ``"constant"``, or NumPy's ``"edge"``, ``"reflect"``, ``"symmetric"``, ``"wrap"``.
        value: of constant ones, a known number.
    """
    cut = tuple(
        slice(max(-before, 0), n - max(-after, 0)) for n, (before, after) in zip(np.shape(x), pads, strict=True)
    )
    if any(before < 0 or after < 0 for before, after in pads):
        x = x[cut]
    width = [(max(before, 0), max(after, 0)) for before, after in pads]
    if not any(before or after for before, after in width):
        return x
    how = {"constant_values": value} if mode == "constant" else {}
    return np.pad(x, width, mode, **how)  # type: ignore[call-overload]


def depth_to_space(x: Any, size: int, channels_slowest: bool = False) -> Any:
    """Channels as ``size`` times ``size`` blocks of pixels: (batch, c * size**2, h, w) to (batch, c, h size, w size).

    Args:
        x: shape (batch, channels, height, width).
        size: of a block.
        channels_slowest: whether the channels of the result count slower than the places in a block, as of a pixel
            shuffle; else faster.
    """
    batch, channels, height, width = np.shape(x)
    left = channels // (size * size)
    if channels_slowest:
        y = np.transpose(np.reshape(x, (batch, left, size, size, height, width)), (0, 1, 4, 2, 5, 3))
    else:
        y = np.transpose(np.reshape(x, (batch, size, size, left, height, width)), (0, 3, 4, 1, 5, 2))
    return np.reshape(y, (batch, left, height * size, width * size))


def space_to_depth(x: Any, size: int, channels_slowest: bool = False) -> Any:
    """The other way round."""
    batch, channels, height, width = np.shape(x)
    y = np.reshape(x, (batch, channels, height // size, size, width // size, size))
    y = np.transpose(y, (0, 1, 3, 5, 2, 4) if channels_slowest else (0, 3, 5, 1, 2, 4))
    return np.reshape(y, (batch, channels * size * size, height // size, width // size))


def columns_to_image(
    x: Any,
    lengths: Sequence[int],
    sizes: Sequence[int],
    strides: Sequence[int] | int | None = None,
    pads: Pads | None = None,
    dilations: Sequence[int] | int | None = None,
) -> Any:
    """The image in which each entry is the sum of what stands for it in windows.

    Args:
        x: shape (batch, channels * entries of a window, windows).
        lengths: of the image, two.
        sizes: of a window.
        strides: from one to the next.
        pads: zeros that the windows see around it.
        dilations: from one entry of a window to the next.

    Raises:
        ShapeError: for images of other than two axes.
    """
    if len(lengths) != 2:
        raise ShapeError(f"columns to image: the image has lengths {list(lengths)}; there must be two")
    around = [(0, 0)] * 2 if pads is None else pads
    windows = windows_along(tuple(lengths), tuple(sizes), each(strides, 2), each(dilations, 2), around)
    batch, entries = np.shape(x)[0], sizes[0] * sizes[1]
    channels = np.shape(x)[1] // entries
    y = np.reshape(x, (batch, channels, entries, windows[0].count, windows[1].count))
    y = np.reshape(np.transpose(y, (0, 3, 4, 2, 1)), (batch, windows[0].count, windows[1].count, entries * channels))
    return np.moveaxis(fold(y, windows[0], windows[1], (batch, *lengths, channels)), -1, 1)


def rotated(x: Any, cosines: Any, sines: Any, interleaved: bool = False) -> Any:
    """Rotary embedding: pairs of features turned by known angles.

    Args:
        x: shape (..., features), an even number of them.
        cosines: of the angles, which broadcast to (..., features / 2).
        sines: likewise.
        interleaved: whether pairs are neighbours; else one is of the first half and one of the second.
    """
    half = np.shape(x)[-1] // 2
    first, second = (x[..., 0::2], x[..., 1::2]) if interleaved else (x[..., :half], x[..., half:])
    parts = first * cosines - second * sines, first * sines + second * cosines
    if not interleaved:
        return np.concatenate(parts, axis=-1)
    return np.reshape(np.stack(parts, axis=-1), np.shape(x))


def reversed_sequences(x: Any, lengths: np.ndarray, batch_axis: int, time_axis: int) -> Any:
    """Each example's first entries along time, as many as its length says, in the other order."""
    last = np.moveaxis(x, (batch_axis, time_axis), (0, 1))
    steps = np.arange(np.shape(last)[1])
    limits = np.asarray(lengths)[:, None]
    at = np.where(steps < limits, limits - 1 - steps, steps)
    y = last[np.arange(len(limits))[:, None], at]
    return np.moveaxis(y, (0, 1), (batch_axis, time_axis))


def sampled(x: Any, grid: Any, mode: str = "linear", padding: str = "zeros", align_corners: bool = False) -> Any:
    """Entries of images at places of a grid, between entries by their neighbours.

    Args:
        x: shape (batch, channels, height, width).
        grid: shape (batch, rows, columns, 2): across and down, from -1 to 1.
        mode: ``"linear"`` or ``"nearest"``.
        padding: beyond the edges: ``"zeros"`` or ``"border"``.
        align_corners: whether -1 and 1 are the middles of the outermost entries; else their outer edges.

    Raises:
        ShapeError: if the shapes do not fit.
    """
    if np.ndim(x) != 4 or np.ndim(grid) != 4 or np.shape(grid)[-1] != 2 or mode not in ("linear", "nearest"):
        raise ShapeError(f"grid sample: images {list(np.shape(x))}, grid {list(np.shape(grid))}, mode {mode!r}")
    height, width = np.shape(x)[2:]
    across = _unscaled(grid[..., 0], width, align_corners)
    down = _unscaled(grid[..., 1], height, align_corners)
    if padding == "border":
        across, down = np.clip(across, 0, width - 1), np.clip(down, 0, height - 1)
    image, dtype = channels_last(x), spec_of(x).dtype
    if mode == "nearest":
        return np.moveaxis(_entries_at(image, np.rint(down), np.rint(across), dtype), -1, 1)
    top, left = np.floor(down), np.floor(across)
    total = 0.0
    for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = _share(down - top, dy) * _share(across - left, dx)
        total = total + _entries_at(image, top + dy, left + dx, dtype) * np.expand_dims(weight, -1)
    return np.moveaxis(total, -1, 1)


def _unscaled(g: Any, n: int, align_corners: bool) -> Any:
    return (g + 1.0) * ((n - 1) / 2) if align_corners else (g + 1.0) * (n / 2) - 0.5


def _share(part: Any, second: int) -> Any:
    return part if second else 1.0 - part


def _entries_at(image: Any, down: Any, across: Any, dtype: np.dtype) -> Any:
    """Entries at whole places, zeros beyond the edges."""
    batch, height, width = np.shape(image)[:3]
    inside = (down >= 0) & (down <= height - 1) & (across >= 0) & (across <= width - 1)
    rows = np.clip(down, 0, height - 1).astype(np.int64)
    columns = np.clip(across, 0, width - 1).astype(np.int64)
    found = image[np.arange(batch)[:, None, None], rows, columns]
    return found * np.expand_dims(inside.astype(dtype), -1)
