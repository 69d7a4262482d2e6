"""Quantiles: sorted entries, and what lies between two of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.graph import ShapeError, TraceError
from backpath.ops.arrays.operands import as_array, axes_last
from backpath.ops.arrays.order import sort
from backpath.ops.arrays.steps import nan_where_nan
from backpath.ops.dispatch import implements
from backpath.ops.movement import moveaxis, reshape, take_along_axis
from backpath.ops.primitive import spec_of
from backpath.ops.tracing.variable import Variable


def _kept_or_not(y: Any, kept: tuple[int, ...], extra: tuple[int, ...], keepdims: bool) -> Any:
    """A result with the axes of q in front; with the reduced axes as 1 if they are kept."""
    return reshape(y, (*extra, *kept)) if keepdims else y


def _between(ordered: Any, place: Any, last: Any) -> Any:
    """Entries along the last axis at fractional places, linear between neighbours."""
    below = np.floor(place)
    first = below.astype(int)
    part = place - below
    after = np.minimum(first + 1, last)
    low, high = (take_along_axis(ordered, positions, -1) for positions in (first, after))
    if not isinstance(part, Variable) and not np.any(part):
        return low
    return low + (high - low) * part


def _places(q: Any, count: int, method: str) -> Any:
    """Where among ``count`` sorted entries the quantiles stand: NumPy's own answer for the numbers 0, 1, 2, ..."""
    if not isinstance(q, Variable):
        q = np.asarray(q, float)
        if np.any(q < 0) or np.any(q > 1):
            raise ShapeError(
                f"quantiles are asked for at {q}; they must be in the range [0, 1], percentiles in [0, 100]"
            )
        return np.quantile(np.arange(float(count)), q, method=method)  # type: ignore[call-overload]
    if method != "linear":
        raise TraceError(f"a quantile with method={method!r} needs q known; of a traced q it is method='linear'")
    return q * (count - 1.0)


@implements(np.quantile)
def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: None = None,
    interpolation: None = None,
) -> Any:
    """``np.quantile``, by any method but the weighted ones."""
    return _quantile(a, q, axis, method, keepdims, weights, skip=False)


@implements(np.nanquantile)
def nanquantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: None = None,
    interpolation: None = None,
) -> Any:
    """``np.nanquantile``, linear between entries."""
    return _quantile(a, q, axis, method, keepdims, weights, skip=True)


def _quantile(a: Any, q: Any, axis: Any, method: str, keepdims: bool, weights: Any, skip: bool) -> Any:
    if weights is not None:
        raise TraceError("quantiles with weights= cannot be traced; repeat entries by np.repeat instead")
    if skip and method != "linear":
        raise TraceError(f"np.nanquantile(method={method!r}) cannot be traced; method='linear' can")
    a = as_array(a, float)
    if spec_of(a).dtype.kind in "biu":
        a = a.astype(float)
    rows, kept = axes_last(a, axis)
    if not np.shape(rows)[-1]:
        raise ShapeError(f"a quantile over axis {axis} of an array of shape {list(np.shape(a))} has no entries")
    q = q if isinstance(q, (int, float)) else as_array(q, float)
    ordered, count, shape = sort(rows), np.shape(rows)[-1], np.shape(q)
    if skip:
        last = np.sum(np.logical_not(np.isnan(rows)), axis=-1, keepdims=True) - 1
        place = np.maximum(last, 0) * np.reshape(q, -1)
        found = _between(ordered, place, np.maximum(last, 0))
    else:
        place = np.reshape(_places(q, count, method), (1,) * (np.ndim(rows) - 1) + (-1,))
        found = _between(ordered, place.astype(ordered.dtype) if isinstance(place, Variable) else place, count - 1)
        found = nan_where_nan(ordered[..., -1:], found)
    dtype = np.result_type(ordered.dtype, q) if isinstance(q, (int, float)) else np.result_type(ordered.dtype, q.dtype)
    found = reshape(moveaxis(found, -1, 0), (*shape, *np.shape(rows)[:-1])).astype(dtype)
    return _kept_or_not(found, kept, shape, keepdims)


def _hundredth(q: Any) -> Any:
    return (q if isinstance(q, (int, float)) else as_array(q, float)) / 100.0


@implements(np.percentile)
def percentile(a: Any, q: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.percentile``."""
    return quantile(a, _hundredth(q), *args, **kwargs)


@implements(np.nanpercentile)
def nanpercentile(a: Any, q: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.nanpercentile``."""
    return nanquantile(a, _hundredth(q), *args, **kwargs)


@implements(np.median)
def median(a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    """``np.median``."""
    return quantile(a, 0.5, axis, keepdims=keepdims)


@implements(np.nanmedian)
def nanmedian(a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    """``np.nanmedian``."""
    return nanquantile(a, 0.5, axis, keepdims=keepdims)
