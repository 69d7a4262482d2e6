"""Convolutions of known images and their transposes, with the windows of a block at a time laid out.

A block and the products made of it stay in a core's cache, where all windows of an image would go through memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from backpath.ops.windows import Windows, inside, laid_out

Shape = tuple[int, ...]
BLOCK = 2**17
"""Entries of windows that are laid out at once."""

FEWEST = 256
"""How many windows are laid out at once at least, so that a product repays."""

FEW = 16
"""Channels of an image, below which rows of them are too short to add one by one."""


def convolved(x: np.ndarray, kernels: np.ndarray, rows: Windows, columns: Windows) -> np.ndarray:
    """The products of all windows of images with kernels: (batch, rows, columns, outputs).

    Args:
        x: (batch, height, width, channels).
        kernels: (kernel rows * kernel columns * channels, outputs).
        rows: the windows along the height.
        columns: along the width.
    """
    if rows.padded or columns.padded:
        room = np.zeros((len(x), rows.room(x.shape[1]), columns.room(x.shape[2]), x.shape[3]), x.dtype)
        room[inside(x.shape, rows, columns)] = x
        x = room
    view = laid_out(x, rows, columns)
    out = np.empty((*view.shape[:3], kernels.shape[1]), x.dtype)
    for part in _blocks(view.shape[:3], len(kernels)):
        laid = view[part].reshape(-1, len(kernels))
        np.matmul(laid, kernels, out=out[part].reshape(len(laid), -1))
    return out


def spread(
    adjoints: Sequence[np.ndarray], kernels: np.ndarray, rows: Windows, columns: Windows, shape: Shape
) -> list[np.ndarray]:
    """The transpose of :func:`convolved`: images of ``shape`` from what stands for each of their windows.

    Args:
        adjoints: each (batch, rows, columns, outputs).
        kernels: (kernel rows * kernel columns * channels, outputs).
        rows: the windows along the height.
        columns: along the width.
        shape: of one batch of images.
    """
    together = max(1, _at_once(len(kernels)) // max(shape[0] * rows.count * columns.count, 1))
    down, across = _turned(rows, shape[1]), _turned(columns, shape[2])
    if down is not None and across is not None and shape[3] >= FEW:
        flipped = _turned_kernels(kernels, rows, columns)
        return _together(adjoints, together, lambda some: convolved(some, flipped, down, across))
    return _together(adjoints, together, lambda some: _added(some, kernels, rows, columns, (len(some), *shape[1:])))


def _together(adjoints: Sequence[np.ndarray], count: int, f: Callable[[np.ndarray], np.ndarray]) -> list[np.ndarray]:
    """``f`` of each of several batches, so many at once."""
    found: list[np.ndarray] = []
    for start in range(0, len(adjoints), count):
        some = adjoints[start : start + count]
        found += np.split(f(np.concatenate(some)), len(some)) if len(some) > 1 else [f(some[0])]
    return found


def _turned(windows: Windows, length: int) -> Windows | None:
    """The windows over what came out of these that see all that an entry went into; None where they would skip some."""
    span = windows.dilation * (windows.size - 1)
    before, after = span - windows.before, length - windows.count + windows.before
    if windows.stride != 1 or before < 0 or after < 0:
        return None
    return replace(windows, before=before, after=after, count=length)


def _turned_kernels(kernels: np.ndarray, rows: Windows, columns: Windows) -> np.ndarray:
    """Kernels from outputs to channels, places in turn; columns lie one by one, so that only whole rows are copied."""
    places = rows.size * columns.size
    by_place = kernels.reshape(places, -1, kernels.shape[1])[::-1]
    return by_place.transpose(1, 0, 2).reshape(-1, places * kernels.shape[1]).T


def _added(adjoint: np.ndarray, kernels: np.ndarray, rows: Windows, columns: Windows, shape: Shape) -> np.ndarray:
    """Block by block what stands for all entries of the windows, each added where it is."""
    adjoint = np.ascontiguousarray(adjoint)
    if shape[3] < FEW:
        return _added_planes(adjoint, kernels, rows, columns, shape)
    room = np.zeros((shape[0], rows.room(shape[1]), columns.room(shape[2]), shape[3]), adjoint.dtype)
    for image, down in _blocks(adjoint.shape[:3], len(kernels)):
        some = adjoint[image, down]
        parts = (some.reshape(-1, some.shape[3]) @ kernels.T).reshape(*some.shape[:3], -1, shape[3])
        for k, (below, beside) in enumerate(np.ndindex(rows.size, columns.size)):
            _, tall = _place(rows, below, down, 1)
            room[image, tall, columns.at(beside)] += parts[:, :, :, k]
    return room[inside(shape, rows, columns)]


def _added_planes(
    adjoint: np.ndarray, kernels: np.ndarray, rows: Windows, columns: Windows, shape: Shape
) -> np.ndarray:
    """The same where an image has few channels: as planes, parted by the remainders of positions, with long rows."""
    images, height, width, channels = shape
    high, wide = (-(-w.room(n) // w.stride) for w, n in ((rows, height), (columns, width)))
    room = np.zeros((rows.stride, columns.stride, channels, images, high, wide), adjoint.dtype)
    for image, down in _blocks(adjoint.shape[:3], len(kernels)):
        some = adjoint[image, down]
        parts = (kernels @ some.reshape(-1, some.shape[3]).T).reshape(-1, channels, *some.shape[:3])
        for part, (below, beside) in zip(parts, np.ndindex(rows.size, columns.size), strict=True):
            first, tall = _place(rows, below, down, rows.stride)
            left, across = _place(columns, beside, slice(0, columns.count), columns.stride)
            room[first, left][:, image, tall, across] += part
    whole = room.transpose(3, 4, 0, 5, 1, 2).reshape(images, high * rows.stride, wide * columns.stride, channels)
    return whole[inside(shape, rows, columns)]


def _place(windows: Windows, k: int, some: slice, step: int) -> tuple[int, slice]:
    """Where the k-th entries of some windows lie: in which of ``step`` parts, and where there."""
    start = some.start * windows.stride + k * windows.dilation
    stride = windows.stride // step
    shift, part = divmod(start, step)
    return part, slice(shift, shift + (some.stop - some.start - 1) * stride + 1, stride)


def _at_once(entries: int) -> int:
    """How many windows of so many entries make a block."""
    return max(FEWEST, BLOCK // max(entries, 1))


def _blocks(counts: Shape, entries: int) -> Iterator[tuple[slice, slice]]:
    """Whole images, or rows of one, whose windows of so many entries fit a block."""
    images, high, wide = counts
    at_once = max(1, _at_once(entries) // max(wide, 1))
    if at_once >= high:
        step = at_once // high
        yield from ((slice(k, min(k + step, images)), slice(0, high)) for k in range(0, images, step))
        return
    for k in range(images):
        yield from ((slice(k, k + 1), slice(start, min(start + at_once, high))) for start in range(0, high, at_once))
