"""Reductions that leave nan out: nan becomes the number that changes nothing, and gets no derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.ops import reduction
from backpath.ops.arrays.operands import as_array
from backpath.ops.arrays.sums import all_of, cumprod, cumsum, prod
from backpath.ops.dispatch import implements
from backpath.ops.reduction import mean, sum, var


def _without_nan(x: Any, other: float) -> Any:
    x = as_array(x)
    return np.where(np.isnan(x), np.asarray(other, x.dtype), x) if x.dtype.kind == "f" else x


def _skipping(function: Callable[..., Any], neutral: float, name: str) -> Callable[..., Any]:
    def reduced(a: Any, *args: Any, **kwargs: Any) -> Any:
        return function(_without_nan(a, neutral), *args, **kwargs)

    reduced.__name__, reduced.__doc__ = name, f"``np.{name}``."
    return reduced


for _function, _neutral, _of in (
    (sum, 0.0, np.nansum),
    (prod, 1.0, np.nanprod),
    (cumsum, 0.0, np.nancumsum),
    (cumprod, 1.0, np.nancumprod),
):
    implements(_of)(_skipping(_function, _neutral, _of.__name__))


@implements(np.nanmax)
def nanmax(
    a: Any, axis: Any = None, out: None = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """``np.nanmax``."""
    y = reduction.max(_without_nan(a, -np.inf), axis, keepdims=keepdims, initial=initial, where=where)
    return _nan_where_all_are(a, y, axis, keepdims)


@implements(np.nanmin)
def nanmin(
    a: Any, axis: Any = None, out: None = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """``np.nanmin``."""
    y = reduction.min(_without_nan(a, np.inf), axis, keepdims=keepdims, initial=initial, where=where)
    return _nan_where_all_are(a, y, axis, keepdims)


def _nan_where_all_are(a: Any, y: Any, axis: Any, keepdims: bool) -> Any:
    return np.where(all_of(np.isnan(a), axis, keepdims=keepdims), sum(np.sign(a), axis, keepdims=keepdims), y)


@implements(np.nanmean)
def nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False, *, where: Any = True
) -> Any:
    """``np.nanmean``."""
    return mean(_without_nan(a, 0.0), axis, dtype, None, keepdims, where=_numbers(a, where))


@implements(np.nanvar)
def nanvar(
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
    """``np.nanvar``."""
    facts = {"where": _numbers(a, where), "mean": mean, "correction": correction}
    return var(_without_nan(a, 0.0), axis, dtype, None, ddof, keepdims, **facts)


@implements(np.nanstd)
def nanstd(a: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.nanstd``."""
    return np.sqrt(nanvar(a, *args, **kwargs))


def _numbers(a: Any, where: Any) -> Any:
    numbers = np.logical_not(np.isnan(a))
    return numbers if where is True else np.logical_and(numbers, where)
