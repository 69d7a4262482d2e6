"""Choices between arrays: select, piecewise, choose, and values between known points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backpath.graph import ShapeError, TraceError
from backpath.ops.arrays.operands import as_array
from backpath.ops.dispatch import implements
from backpath.ops.movement import concatenate, getitem
from backpath.ops.tracing.variable import Variable


@implements(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """``np.select``: of the conditions that hold, the first one counts."""
    if len(condlist) != len(choicelist) or not condlist:
        raise ShapeError(f"np.select: {len(condlist)} conditions and {len(choicelist)} choices; give one for each")
    chosen = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        chosen = np.where(condition, choice, chosen)
    return chosen


@implements(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    """``np.piecewise``; each function sees all of ``x``, so keep them finite everywhere."""
    conditions = list(condlist) if isinstance(condlist, (list, tuple)) or np.ndim(condlist) > np.ndim(x) else [condlist]
    if len(funclist) not in (len(conditions), len(conditions) + 1):
        raise ShapeError(
            f"np.piecewise: {len(conditions)} conditions and {len(funclist)} functions; one each, or one more"
        )
    values: list[Any] = [f(x, *args, **kw) if callable(f) else f for f in funclist]
    chosen = values.pop() if len(values) > len(conditions) else np.zeros((), x.dtype)
    for condition, value in zip(conditions, values, strict=True):
        chosen = np.where(condition, value, chosen)
    return np.broadcast_to(chosen, np.shape(x)).astype(x.dtype)


@implements(np.choose)
def choose(a: Any, choices: Any, out: None = None, mode: str = "raise") -> Any:
    """``np.choose``; with ``mode="raise"`` the numbers must be known, or in range."""
    options = list(choices)
    if mode == "wrap":
        a = np.remainder(a, len(options))
    elif mode == "clip":
        a = np.clip(a, 0, len(options) - 1)
    elif not isinstance(a, Variable) and (np.min(a) < 0 or np.max(a) >= len(options)):
        raise ShapeError(f"np.choose: {np.min(a)} to {np.max(a)} of {len(options)} choices; count them from 0")
    chosen = options[-1]
    for number in range(len(options) - 2, -1, -1):
        chosen = np.where(np.equal(a, number), options[number], chosen)
    return np.broadcast_to(chosen, np.broadcast_shapes(np.shape(a), *map(np.shape, options)))


@implements(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None) -> Any:
    """``np.interp``; at a point of ``xp`` the slope is that of its right side."""
    x, xp, fp = (as_array(v).astype(float) for v in (x, xp, fp))
    if np.ndim(xp) != 1 or np.shape(xp) != np.shape(fp) or not np.shape(xp)[0]:
        raise ShapeError(
            f"np.interp: xp has shape {list(np.shape(xp))}, fp {list(np.shape(fp))}; one entry each, or more"
        )
    if period is not None:
        return _periodic(x, xp, fp, period)
    last = np.shape(xp)[0] - 1
    left, right = (fp[0] if left is None else left), (fp[last] if right is None else right)
    if last == 0:
        return np.where(x < xp[0], left, np.where(x > xp[0], right, fp[0]))
    k = np.clip(np.searchsorted(xp, x, "right"), 1, last)
    x0, x1, y0, y1 = getitem(xp, k - 1), getitem(xp, k), getitem(fp, k - 1), getitem(fp, k)
    width = x1 - x0
    inside = y0 + (x - x0) * ((y1 - y0) / np.where(width == 0, 1.0, width))
    return np.where(x < xp[0], left, np.where(x > xp[last], right, inside))


def _periodic(x: Any, xp: Any, fp: Any, period: float) -> Any:
    if period == 0:
        raise ShapeError("np.interp: a period of 0 repeats nothing; it must not be 0")
    period = abs(period)
    x, xp = np.remainder(x, period), np.remainder(xp, period)
    order = np.argsort(xp)
    xp, fp = getitem(xp, order), getitem(fp, order)
    xp = concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return interp(x, xp, concatenate([fp[-1:], fp, fp[:1]]))


@implements(np.apply_along_axis)
def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.apply_along_axis``: the function is traced once for each row."""
    rows = np.moveaxis(arr, axis, -1)
    lead = np.shape(rows)[:-1]
    if 0 in lead:
        raise ShapeError(f"np.apply_along_axis: an array of shape {list(np.shape(arr))} has no rows along axis {axis}")
    results = [func1d(rows[k], *args, **kwargs) for k in np.ndindex(*lead)]
    shape = np.shape(results[0])
    whole = np.reshape(np.stack(results), (*lead, *shape))
    place = axis % np.ndim(arr)
    return np.moveaxis(whole, range(len(lead), len(lead) + len(shape)), range(place, place + len(shape)))


@implements(np.apply_over_axes)
def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    """``np.apply_over_axes``."""
    for axis in np.atleast_1d(axes).tolist():
        axis %= np.ndim(a)
        reduced = func(a, axis)
        a = reduced if np.ndim(reduced) == np.ndim(a) else np.expand_dims(reduced, axis)
    return a


@implements(np.ix_)
def ix_(*args: Any) -> tuple[Any, ...]:
    """``np.ix_`` of arrays of integers, traced or known."""
    for x in args:
        if isinstance(x, Variable) and x.dtype.kind not in "iu":
            raise TraceError("np.ix_ of a traced mask: its shape depends on values; use np.where, or known positions")
    shapes = (tuple(-1 if k == j else 1 for j in range(len(args))) for k in range(len(args)))
    return tuple(np.reshape(_positions(x), shape) for x, shape in zip(args, shapes, strict=True))


def _positions(x: Any) -> Any:
    x = x if isinstance(x, Variable) else np.asarray(x)
    return np.flatnonzero(x) if x.dtype == bool else x
