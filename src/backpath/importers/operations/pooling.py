"""Pools over windows of images with channels in front, over any number of axes.

An extreme of a box is the extreme of extremes along its axes, and a sum is a sum of sums: two axes are done at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from backpath.importers.operations.spans import (
    Pads,
    channels_first,
    channels_last,
    each,
    one_each,
    require_image,
    windows_along,
)
from backpath.ops import Windows, max_in_windows, spec_of, unroll

Sizes = int | Sequence[int]


def _over(x: Any, windows: list[Windows], pool: Callable[[Any, Windows, Windows], Any]) -> Any:
    """``pool`` of images (batch, rows, columns, ..., channels) along two axes at a time, channels in front outside."""
    x, axes = channels_last(x), len(windows)
    channels = np.shape(x)[-1]
    for first in range(axes % 2, axes, 2):
        x = _two(x, first, windows[first], windows[first + 1], pool)
    if axes % 2:
        shape = np.shape(x)
        inside = math.prod(shape[2:-1])
        y = pool(np.reshape(x, (shape[0], shape[1], inside, channels)), windows[0], one_each(inside))
        x = np.reshape(y, (shape[0], windows[0].count, *shape[2:]))
    return channels_first(x)


def _two(x: Any, first: int, down: Windows, across: Windows, pool: Callable[[Any, Windows, Windows], Any]) -> Any:
    """``pool`` along axes ``first`` and the next of an image's, as a batch of images."""
    before, after = np.shape(x)[: first + 1], np.shape(x)[first + 3 :]
    height, width = np.shape(x)[first + 1 : first + 3]
    y = pool(np.reshape(x, (math.prod(before), height, width, math.prod(after))), down, across)
    return np.reshape(y, (*before, down.count, across.count, *after))


def max_pool(
    x: Any,
    sizes: Sizes,
    strides: Sizes | None = None,
    pads: Pads | None = None,
    dilations: Sizes | None = None,
    ceil: bool = False,
) -> Any:
    """The largest entry of each window, channel by channel; entries that tie share the derivative equally.

    Args:
        x: shape (batch, channels, *lengths).
        sizes: of a window along each axis.
        strides: from one to the next; by default 1.
        pads: entries (before, behind) each axis that are never the largest.
        dilations: from one entry of a window to the next.
        ceil: whether a last window may reach beyond the end.

    Raises:
        ShapeError: if no window fits.
    """
    return _over(x, _windows("max_pool", x, sizes, strides, pads, dilations, ceil), _largest)


def _windows(
    what: str, x: Any, sizes: Sizes, strides: Sizes | None, pads: Pads | None, dilations: Sizes | None, ceil: bool
) -> list[Windows]:
    axes = require_image(what, x)
    around = [(0, 0)] * axes if pads is None else pads
    return windows_along(np.shape(x)[2:], each(sizes, axes), each(strides, axes), each(dilations, axes), around, ceil)


def _largest(x: Any, down: Windows, across: Windows) -> Any:
    return max_in_windows(_surrounded(x, down, across), down.unpadded, across.unpadded)


def _surrounded(x: Any, down: Windows, across: Windows) -> Any:
    """An image with the least number where windows reach beyond it."""
    if not (down.padded or across.padded):
        return x
    width = ((0, 0), (down.before, down.after), (across.before, across.after), (0, 0))
    return np.pad(x, width, constant_values=least_of(spec_of(x).dtype))


def least_of(dtype: np.dtype) -> Any:
    """The least finite number of a type."""
    return np.finfo(dtype).min if dtype.kind == "f" else np.iinfo(dtype).min


def max_pool_with_positions(
    x: Any,
    sizes: Sizes,
    strides: Sizes | None = None,
    pads: Pads | None = None,
    dilations: Sizes | None = None,
    ceil: bool = False,
) -> tuple[Any, Any]:
    """:func:`max_pool`, and where in its image, counted along the last axis fastest, each largest entry lies."""
    windows = _windows("max_pool", x, sizes, strides, pads, dilations, ceil)
    shape = np.shape(x)
    places, inside = _places(shape[2:], windows)
    flat = np.reshape(x, (*shape[:2], math.prod(shape[2:])))
    seen = np.where(inside, flat[:, :, places], np.asarray(least_of(spec_of(x).dtype), spec_of(x).dtype))
    which = np.expand_dims(np.argmax(seen, axis=-1), -1)
    counts = tuple(w.count for w in windows)
    largest = np.take_along_axis(seen, which, -1)
    where = np.take_along_axis(np.broadcast_to(places, np.shape(seen)), which, -1)
    return np.reshape(largest, (*shape[:2], *counts)), np.reshape(where, (*shape[:2], *counts))


def _places(lengths: tuple[int, ...], windows: list[Windows]) -> tuple[np.ndarray, np.ndarray]:
    """For each window its entries' places in a flat image, and whether they lie in it at all."""
    axes = len(windows)
    total, inside = np.zeros((1,) * 2 * axes, np.int64), np.ones((1,) * 2 * axes, bool)
    for k, (length, w) in enumerate(zip(lengths, windows, strict=True)):
        at = np.arange(w.count)[:, None] * w.stride + np.arange(w.size) * w.dilation - w.before
        shape = [1] * 2 * axes
        shape[k], shape[axes + k] = at.shape
        total = total * length + np.reshape(np.clip(at, 0, length - 1), shape)
        inside = inside & np.reshape((at >= 0) & (at < length), shape)
    rows = math.prod(w.count for w in windows)
    return np.reshape(total, (rows, -1)), np.reshape(inside, (rows, -1))


def mean_pool(
    x: Any,
    sizes: Sizes,
    strides: Sizes | None = None,
    pads: Pads | None = None,
    dilations: Sizes | None = None,
    ceil: bool = False,
    count_pads: bool = True,
    divisor: int | None = None,
) -> Any:
    """The mean of each window, channel by channel; see :func:`max_pool`.

    Args:
        x: shape (batch, channels, *lengths).
        sizes: of a window along each axis.
        strides: from one to the next; by default 1.
        pads: zeros (before, behind) each axis.
        dilations: from one entry of a window to the next.
        ceil: whether a last window may reach beyond the end.
        count_pads: whether the zeros count; what lies beyond them never does.
        divisor: of the sums, in place of what counts.
    """
    windows = _windows("mean_pool", x, sizes, strides, pads, dilations, ceil)
    total, dtype = _over(x, windows, _sum), spec_of(x).dtype
    if divisor is not None:
        return total * (1.0 / divisor)
    around = [(0, 0)] * len(windows) if pads is None or not count_pads else list(pads)
    counts = [_entries(length, w, edges) for length, w, edges in zip(np.shape(x)[2:], windows, around, strict=True)]
    if all((along == along[0]).all() for along in counts):
        return total * (1.0 / math.prod(int(along[0]) for along in counts))
    return total * (1.0 / reduce(np.multiply.outer, counts)).astype(dtype)


def _entries(length: int, w: Windows, edges: tuple[int, int]) -> np.ndarray:
    """How many entries of each window lie within an axis and these edges of it."""
    at = np.arange(w.count)[:, None] * w.stride + np.arange(w.size) * w.dilation - w.before
    return np.sum((at >= -edges[0]) & (at < length + edges[1]), axis=1)


def _sum(x: Any, down: Windows, across: Windows) -> Any:
    channels = np.shape(x)[-1]
    apart = (np.shape(x)[0], down.count, across.count, down.size * across.size, channels)
    return np.sum(np.reshape(unroll(x, down, across), apart), axis=3)


def power_pool(
    x: Any,
    p: float,
    sizes: Sizes,
    strides: Sizes | None = None,
    pads: Pads | None = None,
    dilations: Sizes | None = None,
    ceil: bool = False,
) -> Any:
    """The p-norm of each window."""
    windows = _windows("power_pool", x, sizes, strides, pads, dilations, ceil)
    return _over(np.abs(x) ** p, windows, _sum) ** (1.0 / p)


def global_pool(x: Any, reduction: Callable[..., Any] = np.mean) -> Any:
    """``np.mean`` or ``np.max`` over all lengths, which become 1."""
    return reduction(x, axis=tuple(range(2, 2 + require_image("global_pool", x))), keepdims=True)


def adaptive_pool(x: Any, lengths: Sizes, largest: bool = False) -> Any:
    """Means, or maxima, of as many windows along each axis as the result is to have; they may overlap.

    The k-th of m along n entries goes from floor(k n / m) to ceil((k + 1) n / m).

    Args:
        x: shape (batch, channels, *lengths).
        lengths: of the result.
        largest: whether maxima are taken.
    """
    wanted = each(lengths, require_image("adaptive_pool", x))
    if all(n % m == 0 for n, m in zip(np.shape(x)[2:], wanted, strict=True)):
        sizes = [n // m for n, m in zip(np.shape(x)[2:], wanted, strict=True)]
        return max_pool(x, sizes, sizes) if largest else mean_pool(x, sizes, sizes)
    for axis, m in enumerate(wanted, 2):
        n = np.shape(x)[axis]
        spans = [slice(k * n // m, -(-(k + 1) * n // m)) for k in range(m)]
        parts = [x[(slice(None),) * axis + (span,)] for span in spans]
        reduction = np.max if largest else np.mean
        x = np.concatenate([reduction(part, axis=axis, keepdims=True) for part in parts], axis=axis)
    return x
