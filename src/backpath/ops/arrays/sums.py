"""Sums and products of many entries: running ones, those that leave nan out, and means with weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from backpath.graph import ShapeError
from backpath.ops import reduction
from backpath.ops.arrays.operands import as_array, axes_last
from backpath.ops.dispatch import ACCUMULATIONS, REDUCTIONS, implements, since
from backpath.ops.local import Cumulate
from backpath.ops.movement import concatenate, expand_dims, ravel, reshape
from backpath.ops.primitive import Spec, define
from backpath.ops.reduction import mean, sum
from backpath.ops.tracing.recording import apply


def wide(dtype: np.dtype) -> np.dtype:
    """The type in which NumPy adds and multiplies many numbers of ``dtype``: narrow integers in wide ones."""
    return np.add.reduce(np.empty(0, dtype)).dtype


# Running sums and products.
def _cumsum_value(x: Any, axis: int, reverse: bool) -> Any:
    return np.flip(np.cumsum(np.flip(x, axis), axis), axis) if reverse else np.cumsum(x, axis)


CUMSUM = define(
    "cumsum",
    _cumsum_value,
    lambda x, axis, reverse: Spec(x.shape, wide(x.dtype)),
    (lambda y, x, axis, reverse: Cumulate(np.shape(x), axis, reverse),),
)


def cumulate(x: Any, axis: int, reverse: bool = False) -> Any:
    """Sums along an axis from its beginning (or its end) up to each place."""
    return apply(CUMSUM, x, axis=axis, reverse=reverse)


def _flat(x: Any, axis: int | None, dtype: Any) -> tuple[Any, int]:
    x = x.astype(wide(x.dtype) if dtype is None else np.dtype(dtype))
    return (ravel(x), 0) if axis is None else (x, normalize_axis_index(axis, np.ndim(x)))


@implements(np.cumsum)
def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    """``np.cumsum``."""
    return cumulate(*_flat(a, axis, dtype))


def _running(x: Any, axis: int, join: Callable[[Any, Any], Any]) -> Any:
    """``join`` of all entries along an axis up to each place, by doubling: in as many steps as the size has bits."""
    lead, size, k = (slice(None),) * axis, np.shape(x)[axis], 1
    while k < size:
        joined = join(x[(*lead, slice(None, -k))], x[(*lead, slice(k, None))])
        x = concatenate([x[(*lead, slice(None, k))], joined], axis)
        k *= 2
    return x


@implements(np.cumprod)
def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    """``np.cumprod``; its derivatives hold where entries are 0, too."""
    return _running(*_flat(a, axis, dtype), np.multiply)


@implements(*since("cumulative_sum"))
def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, out: None = None, include_initial: bool = False
) -> Any:
    """``np.cumulative_sum``."""
    return _after(0, cumulate(*_of_one_axis(x, axis, dtype)), axis, include_initial)


@implements(*since("cumulative_prod"))
def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, out: None = None, include_initial: bool = False
) -> Any:
    """``np.cumulative_prod``."""
    return _after(1, _running(*_of_one_axis(x, axis, dtype), np.multiply), axis, include_initial)


def _of_one_axis(x: Any, axis: int | None, dtype: Any) -> tuple[Any, int]:
    if axis is None and np.ndim(x) != 1:
        raise ShapeError(f"a running sum over an array of shape {list(np.shape(x))} needs to know its axis")
    return _flat(x, 0 if axis is None else axis, dtype)


def _after(first: int, y: Any, axis: int | None, wanted: bool) -> Any:
    if not wanted:
        return y
    axis = 0 if axis is None else normalize_axis_index(axis, np.ndim(y))
    shape = tuple(1 if k == axis else n for k, n in enumerate(np.shape(y)))
    return concatenate([np.full(shape, first, y.dtype), y], axis)


def _accumulated(join: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def accumulate(array: Any, axis: int = 0, dtype: Any = None, out: None = None) -> Any:
        kept = array.dtype if dtype is None and join is not np.multiply else dtype
        return _running(*_flat(array, axis, kept), join)

    return accumulate


for _join in (np.multiply, np.maximum, np.minimum, np.logaddexp, np.fmax, np.fmin, np.logical_and, np.logical_or):
    ACCUMULATIONS[_join.__name__] = _accumulated(_join)
ACCUMULATIONS["add"] = lambda array, axis=0, dtype=None, out=None: cumulate(*_flat(array, axis, dtype))


# Products.
def _folded(x: Any, axis: Any, keepdims: bool, join: Callable[[Any, Any], Any], neutral: Any) -> Any:
    """``join`` of all entries along the axes, in pairs, pairs of pairs, and so on."""
    rows, kept = axes_last(x, axis)
    size = np.shape(rows)[-1]
    if size == 0:
        y = np.full(np.shape(rows)[:-1], neutral, x.dtype)
    else:
        while size > 1:
            half = size // 2
            pairs = join(rows[..., :half], rows[..., half : 2 * half])
            rows = concatenate([pairs, rows[..., 2 * half :]], -1) if size % 2 else pairs
            size -= half
        y = rows[..., 0]
    return reshape(y, kept) if keepdims else y


@implements(np.prod)
def prod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """``np.prod``; its derivatives hold where entries are 0, too."""
    x = a.astype(wide(a.dtype) if dtype is None else np.dtype(dtype))
    x = x if where is True else np.where(where, x, np.asarray(1, x.dtype))
    y = _folded(x, axis, keepdims, np.multiply, 1)
    return y if initial is None else y * initial


def _reduced_by(join: np.ufunc, neutral: float) -> Callable[..., Any]:
    def reduce(array: Any, axis: Any = 0, dtype: Any = None, out: None = None, keepdims: bool = False) -> Any:
        array = array if dtype is None else array.astype(np.dtype(dtype))
        return _folded(array, axis, keepdims, join, neutral)

    return reduce


REDUCTIONS["multiply"] = lambda array, axis=0, **kwargs: prod(array, axis, **kwargs)
for _join, _neutral in ((np.logaddexp, -np.inf), (np.fmax, np.nan), (np.fmin, np.nan), (np.hypot, 0.0)):
    REDUCTIONS[_join.__name__] = _reduced_by(_join, _neutral)


# Truth and counts.
@implements(np.any, constant=True)
def any_of(a: Any, axis: Any = None, out: None = None, keepdims: bool = False, *, where: Any = True) -> Any:
    """``np.any``."""
    return sum(np.not_equal(a, 0), axis, keepdims=keepdims, where=where) > 0


@implements(np.all, constant=True)
def all_of(a: Any, axis: Any = None, out: None = None, keepdims: bool = False, *, where: Any = True) -> Any:
    """``np.all``."""
    return np.equal(sum(np.equal(a, 0), axis, keepdims=keepdims, where=where), 0)


@implements(np.count_nonzero, constant=True)
def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """``np.count_nonzero``."""
    return sum(np.not_equal(a, 0), axis, keepdims=keepdims)


REDUCTIONS["logical_or"] = lambda array, axis=0, **kwargs: any_of(array, axis, **kwargs)
REDUCTIONS["logical_and"] = lambda array, axis=0, **kwargs: all_of(array, axis, **kwargs)


@implements(np.ptp)
def ptp(a: Any, axis: Any = None, out: None = None, keepdims: bool = False) -> Any:
    """``np.ptp``: the largest entry less the smallest."""
    return reduction.max(a, axis, keepdims=keepdims) - reduction.min(a, axis, keepdims=keepdims)


@implements(np.average)
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    """``np.average``."""
    a = as_array(a)
    if weights is None:
        value = mean(a, axis, keepdims=keepdims)
        count = a.size / max(int(np.prod(np.shape(value))), 1)
        return (value, np.broadcast_to(np.asarray(count, value.dtype), np.shape(value))) if returned else value
    weights = as_array(weights)
    if np.shape(weights) != np.shape(a):
        weights = _along(weights, a, axis)
    total = np.sum(weights, axis=axis, keepdims=keepdims)
    value = np.sum(a * weights, axis=axis, keepdims=keepdims) / total
    return (value, np.broadcast_to(total, np.shape(value))) if returned else value


def _along(weights: Any, a: Any, axis: Any) -> Any:
    """Weights of some axes, to stand beside all of them."""
    axes = () if axis is None else normalize_axis_tuple(axis, np.ndim(a))
    if np.shape(weights) != tuple(np.shape(a)[k] for k in axes):
        raise ShapeError(
            f"average: weights of shape {list(np.shape(weights))} do not fit axis {axis} of an array of shape "
            f"{list(np.shape(a))}"
        )
    order = sorted(range(len(axes)), key=axes.__getitem__)
    spread = np.transpose(weights, order)
    return np.broadcast_to(expand_dims(spread, tuple(k for k in range(np.ndim(a)) if k not in axes)), np.shape(a))
