"""Reductions along axes: sums, extremes, means and what is made of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from backpath.graph import ShapeError
from backpath.ops.dispatch import REDUCTIONS, implements
from backpath.ops.elementwise import elementwise_spec, floating
from backpath.ops.local import Composition, DiagonalLessOuter, LocalDerivative, Mask, Sum
from backpath.ops.primitive import Spec, define, mismatch, spec_of
from backpath.ops.tracing.recording import apply

Axes = tuple[int, ...]


def axes_of(x: Any, axis: Any) -> Axes:
    """``axis`` as numbers of axes that exist, all of them for None."""
    ndim = np.ndim(x)
    try:
        return tuple(range(ndim)) if axis is None else normalize_axis_tuple(axis, ndim)
    except ValueError:
        raise ShapeError(f"axis {axis} does not exist in an array of shape {list(np.shape(x))}") from None


def axis_of(x: Any, axis: int) -> int:
    """``axis`` counted from the first, if it exists."""
    try:
        return normalize_axis_index(axis, np.ndim(x))
    except ValueError:
        raise ShapeError(f"axis {axis} does not exist in an array of shape {list(np.shape(x))}") from None


def reduced(shape: tuple[int, ...], axes: Axes, keepdims: bool) -> tuple[int, ...]:
    """A shape without these axes, or with 1 in their place."""
    if keepdims:
        return tuple(1 if k in axes else n for k, n in enumerate(shape))
    return tuple(n for k, n in enumerate(shape) if k not in axes)


def _kept(y: Any, x: Any, axes: Axes) -> Any:
    """A reduction's value with the reduced axes as 1, to stand beside its operand."""
    return np.reshape(y, reduced(np.shape(x), axes, True))


def _sum_spec(x: Spec, axes: Axes, keepdims: bool) -> Spec:
    # NumPy sums narrow integers in wide ones.
    return Spec(reduced(x.shape, axes, keepdims), np.add.reduce(np.empty(0, x.dtype)).dtype)


def nonempty_spec(x: Spec, axes: Axes, keepdims: bool) -> Spec:
    """The shape rule of a reduction of at least one entry."""
    if any(x.shape[k] == 0 for k in axes):
        raise mismatch("max", x, needs="a maximum needs at least one entry along each axis")
    return Spec(reduced(x.shape, axes, keepdims), x.dtype)


def _sum_local(y: Any, x: Any, axes: Axes, keepdims: bool) -> LocalDerivative:
    return Sum(np.shape(x), axes, np.shape(y))


def _max_local(y: Any, x: Any, axes: Axes, keepdims: bool) -> LocalDerivative:
    winners = (x == _kept(y, x, axes)).astype(x.dtype)
    z = winners / np.sum(winners, axis=axes, keepdims=True)
    return Composition((Mask(z), Sum(np.shape(x), axes, np.shape(y))))


SUM = define("sum", lambda x, axes, keepdims: np.sum(x, axis=axes, keepdims=keepdims), _sum_spec, (_sum_local,))
MAX = define(
    "max",
    lambda x, axes, keepdims: np.max(x, axis=axes, keepdims=keepdims),
    nonempty_spec,
    (_max_local,),
    kink="entries that tie for the maximum share the derivative equally",
    cuts=True,
)


def _typed(x: Any, dtype: Any) -> Any:
    return x if dtype is None else x.astype(np.dtype(dtype))


def _chosen(x: Any, where: Any, other: Any) -> Any:
    """``x`` where it counts, and the number that changes nothing elsewhere."""
    return x if where is True else np.where(where, x, np.asarray(other).astype(x.dtype))


@implements(np.sum)
def sum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """``np.sum``."""
    x = _chosen(_typed(a, dtype), where, 0)
    y = apply(SUM, x, axes=axes_of(x, axis), keepdims=bool(keepdims))
    return y if initial is None else y + initial


@implements(np.max, np.amax)
def max(
    a: Any, axis: Any = None, out: None = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """``np.max``; entries that tie share the derivative equally."""
    if initial is None and where is not True:
        raise ShapeError("max: where= leaves some entries out, and needs initial=, the least that the maximum can be")
    if initial is None:
        return apply(MAX, a, axes=axes_of(a, axis), keepdims=bool(keepdims))
    if any(np.shape(a)[k] == 0 for k in axes_of(a, axis)):
        return np.full(reduced(np.shape(a), axes_of(a, axis), keepdims), initial, np.result_type(a.dtype, initial))
    return np.maximum(max(_chosen(a, where, initial), axis, None, keepdims), initial)


@implements(np.min, np.amin)
def min(
    a: Any, axis: Any = None, out: None = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """``np.min``; entries that tie share the derivative equally."""
    kind = spec_of(a).dtype.kind
    if kind == "b":
        least = None if initial is None else not initial
        return np.logical_not(max(np.logical_not(a), axis, None, keepdims, least, where))
    if kind in "iu":
        # The mirrored range of integers is their own, where -a may leave it.
        mirror = np.array(np.iinfo(a.dtype).max if kind == "u" else -1, a.dtype)
        least = None if initial is None else mirror - initial
        return mirror - max(mirror - a, axis, None, keepdims, least, where)
    return -max(-a, axis, None, keepdims, None if initial is None else -initial, where)


def _count(x: Any, axis: Any, where: Any, keepdims: bool = True) -> Any:
    """How many entries are meant along the axes: one number, or one for each result where ``where`` says which."""
    if where is True:
        return int(np.prod([np.shape(x)[k] for k in axes_of(x, axis)], dtype=int))
    return np.sum(np.broadcast_to(where, np.shape(x)).astype(x.dtype), axis=axis, keepdims=keepdims)


def _in_wider(function: Callable[..., Any], x: Any, *arguments: Any, **settings: Any) -> Any:
    """A mean of half-precision numbers by way of float32, or of integers by way of float64, as NumPy's are."""
    if spec_of(x).dtype == np.float16:
        return function(x.astype(np.float32), *arguments, **settings).astype(np.float16)
    return function(x.astype(float), *arguments, **settings)


def _narrow(x: Any) -> bool:
    dtype = spec_of(x).dtype
    return dtype == np.float16 or dtype.kind in "iub"


@implements(np.mean)
def mean(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False, *, where: Any = True
) -> Any:
    """``np.mean``: the sum times one over the count."""
    if dtype is None and _narrow(a):
        return _in_wider(mean, a, axis, None, None, keepdims, where=where)
    x = _typed(a, dtype)
    count = _count(x, axis, where, keepdims)
    if where is True and count == 0:
        raise ShapeError(f"the mean over axis {axis} of an array of shape {list(np.shape(x))} has no entries")
    return np.sum(x, axis=axis, keepdims=keepdims, where=where) * (1.0 / count)


@implements(np.var)
def var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    """``np.var``; ``correction`` is another name for ``ddof``."""
    if dtype is None and _narrow(a):
        settings = {"where": where, "mean": mean, "correction": correction}
        return _in_wider(var, a, axis, None, None, ddof, keepdims, **settings)
    x, ddof = _typed(a, dtype), ddof if correction is None else correction
    count = _count(x, axis, where, keepdims)
    if where is True and count <= ddof:
        raise ShapeError(f"the variance of {count} entries with ddof={ddof} does not exist")
    deviation = x - (np.mean(x, axis=axis, keepdims=True, where=where) if mean is None else mean)
    return np.sum(deviation * deviation, axis=axis, keepdims=keepdims, where=where) * (1.0 / (count - ddof))


@implements(np.std)
def std(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    """``np.std``; ``correction`` is another name for ``ddof``."""
    settings = {"where": where, "mean": mean, "correction": correction}
    if dtype is None and _narrow(a):
        return _in_wider(std, a, axis, None, None, ddof, keepdims, **settings)
    return np.sqrt(var(a, axis, dtype, None, ddof, keepdims, **settings))


def _by_ufunc(reduction: Any) -> Any:
    """The reduction as the ufunc's method, which goes along the first axis unless told otherwise."""

    def reduce(array: Any, axis: Any = 0, dtype: Any = None, out: None = None, keepdims: bool = False, **kwargs: Any):
        return reduction(_typed(array, dtype), axis=axis, keepdims=keepdims, **kwargs)

    return reduce


REDUCTIONS.update(add=_by_ufunc(sum), maximum=_by_ufunc(max), minimum=_by_ufunc(min))


def _deviations(x: Any, axis: int, epsilon: float) -> tuple[Any, Any, float]:
    """Deviations from the mean and their root mean square, both times a power of two that comes third.

    Without it squares overflow at the root of the largest number; with it what they lose below is nothing beside
    ``epsilon``.
    """
    centred, dtype, unit = x - np.mean(x, axis=axis, keepdims=True), spec_of(x).dtype, 1.0
    if dtype.kind == "f" and epsilon > 0:
        smallest = math.sqrt(float(np.finfo(dtype).tiny) * 2.0**30 / epsilon)
        unit = 2.0 ** math.ceil(math.log2(smallest)) if smallest < 1 else 1.0
        centred = unit * centred
    return centred, np.sqrt(np.mean(centred * centred, axis=axis, keepdims=True) + epsilon * unit * unit), unit


def _standardize_value(x: Any, axis: int, epsilon: float) -> Any:
    centred, scale, _ = _deviations(x, axis, epsilon)
    return centred / scale


def _standardize_local(y: Any, x: Any, axis: int, epsilon: float) -> LocalDerivative:
    """dy_i/dx_j = ([i = j] - 1/n - y_i y_j / n) / scale."""
    _, scale, unit = _deviations(x, axis, epsilon)
    d = unit / scale
    share = d / x.shape[axis]
    return DiagonalLessOuter(d, ((share * y, y), (share, np.ones((), x.dtype))), axis)


STANDARDIZE = define(
    "standardize",
    _standardize_value,
    elementwise_spec("standardize", floating),
    (_standardize_local,),
    composite=True,
)


def standardize(x: Any, axis: int = -1, epsilon: float = 1e-5) -> Any:
    """(x - mean) / sqrt(variance + epsilon) along ``axis``: layer normalization without gain and bias.

    Along the first axis of a batch it is batch normalization as in training, which makes each example's result depend
    on all of them.
    """
    if spec_of(x).dtype == np.float16:
        return _in_wider(standardize, x, axis, epsilon)
    return apply(STANDARDIZE, x, axis=axis_of(x, axis), epsilon=float(epsilon))
