"""Differences between neighbours, slopes, areas, and steps that wrap around."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from backpath.graph import ShapeError, TraceError
from backpath.ops.arrays.operands import as_array
from backpath.ops.arrays.sums import cumulate
from backpath.ops.dispatch import implements
from backpath.ops.movement import broadcast_to, concatenate, ravel, reshape
from backpath.ops.tracing.variable import Variable


def _part(x: Any, axis: int, first: int | None, last: int | None, step: int | None = None) -> Any:
    return x[(*(slice(None),) * axis, slice(first, last, step))]


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """``np.diff``."""
    if n < 0:
        raise ShapeError(f"np.diff: n={n}; it must not be negative")
    if np.ndim(a) == 0:
        raise ShapeError("np.diff: a scalar has no neighbours")
    axis = normalize_axis_index(axis, np.ndim(a))
    ends = [_edge(a, axis, prepend), a, _edge(a, axis, append)]
    ends = [x for x in ends if x is not None]
    a = concatenate(ends, axis) if n and len(ends) > 1 else a
    for _ in range(n):
        after, before = _part(a, axis, 1, None), _part(a, axis, None, -1)
        a = np.not_equal(after, before) if a.dtype == bool else after - before
    return a


def _edge(a: Any, axis: int, x: Any) -> Any:
    """What stands before or after the array: an array of its own, or one number everywhere."""
    if x is None or np.ndim(x):
        return x if x is None else as_array(x)
    shape = tuple(1 if k == axis else n for k, n in enumerate(np.shape(a)))
    return broadcast_to(as_array(x), shape)


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """``np.ediff1d``."""
    parts = [None if x is None else ravel(as_array(x)) for x in (to_begin, to_end)]
    parts.insert(1, diff(ravel(ary)))
    return concatenate([x for x in parts if x is not None])


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """``np.trapezoid``: the area under straight lines between points."""
    y = as_array(y)
    axis = normalize_axis_index(axis, np.ndim(y))
    width: Any = dx
    if x is not None:
        x = as_array(x)
        width = diff(x, axis=axis) if np.ndim(x) > 1 else _beside(diff(x), axis, np.ndim(y))
    return np.sum(width * (_part(y, axis, 1, None) + _part(y, axis, None, -1)) / 2.0, axis=axis)


def _beside(v: Any, axis: int, ndim: int) -> Any:
    """A vector along ``axis``, to stand beside an array of ``ndim`` axes."""
    return reshape(v, tuple(-1 if k == axis else 1 for k in range(ndim)))


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """``np.gradient``: slopes of second order inside, of ``edge_order`` at the ends."""
    f = as_array(f, float)
    axes = tuple(range(np.ndim(f))) if axis is None else normalize_axis_tuple(axis, np.ndim(f))
    steps = list(varargs) if len(varargs) > 1 else [varargs[0] if varargs else 1.0] * len(axes)
    if len(steps) != len(axes):
        raise ShapeError(f"np.gradient: {len(steps)} spacings for {len(axes)} axes; give one, or one for each")
    if edge_order not in (1, 2):
        raise ShapeError(f"np.gradient: edge_order={edge_order}; it is 1 or 2")
    slopes = [_slope(f, step, k, edge_order) for k, step in zip(axes, steps, strict=True)]
    return slopes[0] if len(slopes) == 1 and (axis is None or not isinstance(axis, tuple)) else tuple(slopes)


def _slope(f: Any, step: Any, axis: int, edge_order: int) -> Any:
    size = np.shape(f)[axis]
    if size < edge_order + 1:
        raise ShapeError(f"np.gradient: axis {axis} has {size} entries; edge_order={edge_order} needs {edge_order + 1}")
    widths = _widths(step, size, axis, np.ndim(f))
    slopes = diff(f, axis=axis) / widths
    before, after = _part(widths, axis, None, -1), _part(widths, axis, 1, None)
    left, right = _part(slopes, axis, None, -1), _part(slopes, axis, 1, None)
    inside = (left * after + right * before) / (before + after)
    first, last = _part(slopes, axis, None, 1), _part(slopes, axis, -1, None)
    if edge_order == 2:
        bend = (right - left) / (before + after)
        first = first - _part(bend, axis, None, 1) * _part(widths, axis, None, 1)
        last = last + _part(bend, axis, -1, None) * _part(widths, axis, -1, None)
    slope = concatenate([first, inside, last], axis)
    return slope.astype(f.dtype) if f.dtype.kind == "f" else slope


def _widths(step: Any, size: int, axis: int, ndim: int) -> Any:
    """The distances of neighbours along ``axis``: all the same, or those of the places given."""
    if np.ndim(step) == 0:
        return broadcast_to(as_array(step, float), tuple(size - 1 if k == axis else 1 for k in range(ndim)))
    if np.shape(step) != (size,):
        raise ShapeError(f"np.gradient: places of shape {list(np.shape(step))} for {size} entries along axis {axis}")
    return _beside(diff(as_array(step, float)), axis, ndim)


@implements(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: float = 2 * np.pi) -> Any:
    """``np.unwrap``: whole periods are added, so that every derivative is 1."""
    if isinstance(period, Variable) or isinstance(discont, Variable):
        raise TraceError("np.unwrap with a traced period or discont: both must be known")
    axis = normalize_axis_index(axis, np.ndim(p))
    jump = diff(p, axis=axis)
    turns = np.ceil(jump / period - 0.5)
    tie = np.logical_and(np.equal(jump / period - 0.5, turns), np.greater(jump, 0))
    turns = np.where(tie, turns, np.floor(jump / period + 0.5))
    least = period / 2 if discont is None else max(period / 2, discont)
    turns = np.where(np.less(np.abs(jump), least), 0.0, turns)
    whole = cumulate(-period * turns, axis)
    return concatenate([_part(p, axis, None, 1), _part(p, axis, 1, None) + whole.astype(p.dtype)], axis)
