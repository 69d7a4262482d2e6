"""Entries taken from positions, and written to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from backpath.graph import SettingError, ShapeError
from backpath.ops import Variable, scatter, spec_of
from backpath.ops.dispatch import METHODS

COMBINE: dict[str, Callable[[Any, Any], Any]] = {
    "none": lambda old, new: new,
    "add": np.add,
    "mul": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
}
"""What becomes of an entry and one that is written to its place, by name."""


def gather(x: Any, positions: Any, axis: int = 0) -> Any:
    """Entries along an axis at positions of any shape, which stands in the axis's place."""
    return np.take(x, positions, axis)


def gather_along(x: Any, positions: Any, axis: int = 0) -> Any:
    """For each place of ``positions`` the entry of ``x`` there, but at that position along the axis."""
    return METHODS["getitem"](x, _along(positions, np.ndim(x), axis))


def _along(positions: Any, ndim: int, axis: int) -> tuple[Any, ...]:
    axis %= ndim
    grid = np.ogrid[tuple(slice(n) for n in np.shape(positions))]
    return (*grid[:axis], positions, *grid[axis + 1 :])


def gather_nd(x: Any, positions: Any, batch_axes: int = 0) -> Any:
    """Parts of ``x`` at positions whose last axis counts along the first axes of ``x`` behind the batch's."""
    return METHODS["getitem"](x, _many(positions, batch_axes))


def _many(positions: Any, batch_axes: int) -> tuple[Any, ...]:
    lead = np.shape(positions)[:-1]
    grid = [
        np.reshape(np.arange(n), (1,) * k + (n,) + (1,) * (len(lead) - k - 1)) for k, n in enumerate(lead[:batch_axes])
    ]
    return (*grid, *(positions[..., k] for k in range(np.shape(positions)[-1])))


def scatter_along(x: Any, positions: Any, new: Any, axis: int = 0, reduction: str = "none") -> Any:
    """``x`` with entries written at positions along an axis; see :func:`written`."""
    return written(x, _along(positions, np.ndim(x), axis), new, reduction)


def scatter_nd(x: Any, positions: Any, new: Any, reduction: str = "none") -> Any:
    """``x`` with parts written at positions whose last axis counts along its first axes; see :func:`written`."""
    return written(x, _many(positions, 0), new, reduction)


def written(x: Any, index: tuple[Any, ...], new: Any, reduction: str = "none") -> Any:
    """``x`` with ``new`` written to ``x[index]``.

    Args:
        x: an array.
        index: positions along its first axes, whose shapes broadcast.
        new: of the shape of ``x[index]``.
        reduction: what becomes of an entry and what is written to it: one of ``COMBINE``. Where several are written to
            one place by ``"none"``, the last one stays.

    Raises:
        SettingError: for another reduction; and for positions that are traced, unless they are added.
        ShapeError: for positions that are not there.
    """
    if reduction not in COMBINE:
        raise SettingError(f"scatter: reduction {reduction!r} is none of {', '.join(COMBINE)}")
    shape = np.shape(x)
    if reduction == "add":
        return x + placed(new, index, shape)
    if any(isinstance(p, Variable) for p in index):
        if reduction != "none":
            raise SettingError(f"scatter: reduction {reduction!r} at traced positions; only none and add can be")
        count = placed(np.ones(np.shape(new), spec_of(x).dtype), index, shape)
        return np.where(count > 0, placed(new, index, shape), x)
    for taken in _rounds(shape, index, np.shape(new)):
        flat = tuple(p[taken] for p in np.broadcast_arrays(*index, *_inner(shape, index, np.shape(new))))
        values = METHODS["getitem"](new, taken)
        there = np.zeros(shape, bool)
        there[flat] = True
        fresh = np.zeros(shape, spec_of(new).dtype)
        x = np.where(there, COMBINE[reduction](x, placed(values, flat, np.shape(fresh))), x)
    return x


def placed(values: Any, index: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Zeros of a shape with values summed in at ``index``."""
    if not any(isinstance(p, Variable) for p in (values, *index)):
        y = np.zeros(shape, np.asarray(values).dtype)
        np.add.at(y, index, values)
        return y
    return scatter(values, index, shape)


def _inner(shape: tuple[int, ...], index: tuple[Any, ...], wanted: tuple[int, ...]) -> list[np.ndarray]:
    """Positions along the axes that an index leaves whole."""
    left = shape[len(index) :]
    return [np.reshape(np.arange(n), (n,) + (1,) * (len(left) - k - 1)) for k, n in enumerate(left)]


def _rounds(shape: tuple[int, ...], index: tuple[Any, ...], wanted: tuple[int, ...]) -> Iterator[Any]:
    """Which of the entries to write come first to their places, which second, and so on."""
    whole = [np.asarray(p) for p in index]
    lead = np.broadcast_shapes(*(p.shape for p in whole))
    flat = np.zeros(lead, np.int64)
    for p, n in zip(whole, shape, strict=False):
        if p.size and not -n <= p.min() <= p.max() < n:
            raise ShapeError(f"scatter: positions from {p.min()} to {p.max()} along an axis of {n}")
        flat = flat * n + np.where(p < 0, p + n, p)
    order = np.argsort(np.ravel(flat), kind="stable")
    ranked = np.ravel(flat)[order]
    first = np.r_[True, ranked[1:] != ranked[:-1]] if ranked.size else np.zeros(0, bool)
    starts = np.maximum.accumulate(np.where(first, np.arange(ranked.size), 0)) if ranked.size else ranked
    turn = np.empty(ranked.size, np.int64)
    turn[order] = np.arange(ranked.size) - starts
    turn = np.reshape(turn, lead)
    for k in range(int(turn.max()) + 1 if turn.size else 0):
        yield np.nonzero(turn == k)


def one_hot(positions: Any, depth: int, on: Any = 1.0, off: Any = 0.0, axis: int = -1) -> Any:
    """``on`` at each position along a new axis of ``depth`` places, ``off`` elsewhere; below 0 counts from the end."""
    ndim = np.ndim(positions) + 1
    shape = [1] * ndim
    shape[axis] = depth
    at = np.expand_dims(np.where(positions < 0, positions + depth, positions), axis)
    return np.where(np.reshape(np.arange(depth), shape) == at, on, off)


def triangle(x: Any, k: int = 0, upper: bool = True) -> Any:
    """The upper or lower triangle of the last two axes from the k-th diagonal on, zeros elsewhere."""
    return np.triu(x, k) if upper else np.tril(x, k)


def top(x: Any, k: int, axis: int = -1, largest: bool = True) -> tuple[Any, Any]:
    """The k largest or smallest entries along an axis in order, and where they are; the first of equal ones leads."""
    axis %= np.ndim(x)
    if spec_of(x).dtype.kind == "u":
        key = np.asarray(np.iinfo(spec_of(x).dtype).max, spec_of(x).dtype) - x if largest else x
    else:
        key = -x if largest else x
    order = np.argsort(key, axis=axis, stable=True)
    positions = order[(slice(None),) * axis + (slice(k),)]
    return np.take_along_axis(x, positions, axis), positions


def cumulated(
    x: Any, axis: int, exclusive: bool = False, reverse: bool = False, sums: Callable[..., Any] = np.cumsum
) -> Any:
    """Sums, or products, along an axis up to each place.

    Args:
        x: an array.
        axis: along which.
        exclusive: whether a place's own entry does not count.
        reverse: whether it goes from the end.
        sums: ``np.cumsum`` or ``np.cumprod``.
    """
    axis %= np.ndim(x)
    x = np.flip(x, axis) if reverse else x
    if exclusive:
        width = [(0, 0)] * np.ndim(x)
        width[axis] = 1, 0
        before = x[(slice(None),) * axis + (slice(0, -1),)]
        x = np.pad(before, width, constant_values=0 if sums is np.cumsum else 1)
    y = sums(x, axis=axis, dtype=spec_of(x).dtype)
    return np.flip(y, axis) if reverse else y
