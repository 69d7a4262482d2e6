"""Operations of ATen along axes: sums, extremes, statistics, softmax, order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpath.importers.pytorch.aten.table import ATEN, aten, kind, real
from backpath.ops import log_softmax, logsumexp, softmax

Axes = int | list[int] | tuple[int, ...] | None


def axes(dim: Axes) -> Any:
    """Axes as NumPy takes them; none named are all."""
    if dim is None or isinstance(dim, int):
        return dim
    return tuple(dim) or None


def _typed(x: Any, dtype: Any) -> Any:
    return x if dtype is None else x.astype(dtype)


@aten("sum.dim_IntList", "sum.default")
def total(x: Any, dim: Axes = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """``aten.sum.dim_IntList``, ``aten.sum.default``."""
    x = _typed(x.astype(np.int64) if kind(x) == "b" else x, dtype)
    return np.sum(x, axis=axes(dim), keepdims=keepdim)


ATEN["sum.default"] = lambda x, dtype=None: total(x, dtype=dtype)


@aten("mean.dim")
def mean(x: Any, dim: Axes = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """``aten.mean.dim``."""
    return np.mean(_typed(x, dtype), axis=axes(dim), keepdims=keepdim)


ATEN["mean.default"] = lambda x, dtype=None: mean(x, dtype=dtype)


@aten("prod.dim_int", "prod.default")
def product(x: Any, dim: Axes = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """``aten.prod.dim_int``, ``aten.prod.default``."""
    return np.prod(_typed(x, dtype), axis=axes(dim), keepdims=keepdim)


ATEN["prod.default"] = lambda x, dtype=None: product(x, dtype=dtype)


@aten("amax.default")
def amax(x: Any, dim: Axes = (), keepdim: bool = False) -> Any:
    """``aten.amax.default``."""
    return np.max(x, axis=axes(dim), keepdims=keepdim)


@aten("amin.default")
def amin(x: Any, dim: Axes = (), keepdim: bool = False) -> Any:
    """``aten.amin.default``."""
    return np.min(x, axis=axes(dim), keepdims=keepdim)


@aten("argmax.default")
def argmax(x: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """``aten.argmax.default``."""
    return np.argmax(x, axis=dim, keepdims=keepdim)


@aten("argmin.default")
def argmin(x: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """``aten.argmin.default``."""
    return np.argmin(x, axis=dim, keepdims=keepdim)


ATEN["max.default"] = amax
ATEN["min.default"] = amin


def _with_positions(x: Any, positions: Any, dim: int, keepdim: bool) -> tuple[Any, Any]:
    found = np.take_along_axis(x, positions, dim)
    return (found, positions) if keepdim else (np.squeeze(found, dim), np.squeeze(positions, dim))


@aten("max.dim")
def max_along(x: Any, dim: int, keepdim: bool = False) -> tuple[Any, Any]:
    """``aten.max.dim``."""
    return _with_positions(x, np.argmax(x, axis=dim, keepdims=True), dim, keepdim)


@aten("min.dim")
def min_along(x: Any, dim: int, keepdim: bool = False) -> tuple[Any, Any]:
    """``aten.min.dim``."""
    return _with_positions(x, np.argmin(x, axis=dim, keepdims=True), dim, keepdim)


@aten("any.dim", "any.dims", "any.default")
def any_of(x: Any, dim: Axes = None, keepdim: bool = False) -> Any:
    """``aten.any.dim``, ``aten.any.dims``, ``aten.any.default``."""
    return np.max(x.astype(bool), axis=axes(dim), keepdims=keepdim)


@aten("all.dim", "all.default")
def all_of(x: Any, dim: Axes = None, keepdim: bool = False) -> Any:
    """``aten.all.dim``, ``aten.all.default``."""
    return np.logical_not(any_of(np.logical_not(x.astype(bool)), dim, keepdim))


@aten("var.correction", "var.dim")
def variance(x: Any, dim: Axes = None, correction: float | None = None, keepdim: bool = False) -> Any:
    """``aten.var.correction``, ``aten.var.dim``."""
    return np.var(x, axis=axes(dim), ddof=1 if correction is None else float(correction), keepdims=keepdim)


ATEN["var.dim"] = lambda x, dim=None, unbiased=True, keepdim=False: variance(x, dim, int(unbiased), keepdim)


@aten("std.correction")
def deviation(x: Any, dim: Axes = None, correction: float | None = None, keepdim: bool = False) -> Any:
    """``aten.std.correction``."""
    return np.sqrt(variance(x, dim, correction, keepdim))


@aten("var_mean.correction")
def variance_and_mean(x: Any, dim: Axes = None, correction: float | None = None, keepdim: bool = False) -> Any:
    """``aten.var_mean.correction``."""
    return variance(x, dim, correction, keepdim), mean(x, dim, keepdim)


@aten("linalg_vector_norm.default")
def vector_norm(x: Any, ord: float = 2, dim: Axes = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """``aten.linalg_vector_norm.default``."""
    x, along = _typed(x, dtype), axes(dim)
    if ord == math.inf:
        return np.max(np.abs(x), axis=along, keepdims=keepdim)
    if ord == -math.inf:
        return np.min(np.abs(x), axis=along, keepdims=keepdim)
    if ord == 0:
        return np.sum((x != 0).astype(x.dtype), axis=along, keepdims=keepdim)
    if ord == 1:
        return np.sum(np.abs(x), axis=along, keepdims=keepdim)
    if ord == 2:
        return np.sqrt(np.sum(x * x, axis=along, keepdims=keepdim))
    return np.sum(np.abs(x) ** ord, axis=along, keepdims=keepdim) ** (1.0 / ord)


@aten("softmax.int", "_softmax.default", "_safe_softmax.default")
def _softmax(x: Any, dim: int, dtype: Any = None) -> Any:
    return softmax(real(x) if dtype in (None, False, True) else x.astype(dtype), axis=dim)


@aten("log_softmax.int", "_log_softmax.default")
def _log_softmax(x: Any, dim: int, dtype: Any = None) -> Any:
    return log_softmax(real(x) if dtype in (None, False, True) else x.astype(dtype), axis=dim)


@aten("logsumexp.default")
def _logsumexp(x: Any, dim: Axes, keepdim: bool = False) -> Any:
    along = axes(dim)
    if isinstance(along, tuple) and len(along) == 1:
        along = along[0]
    found = logsumexp(x, axis=along)
    if not keepdim:
        return found
    return np.expand_dims(found, along if along is not None else tuple(range(np.ndim(x))))


@aten("cumsum.default")
def cumsum(x: Any, dim: int, dtype: Any = None) -> Any:
    """``aten.cumsum.default``."""
    return np.cumsum(_typed(x.astype(np.int64) if kind(x) == "b" else x, dtype), axis=dim)


@aten("cumprod.default")
def cumprod(x: Any, dim: int, dtype: Any = None) -> Any:
    """``aten.cumprod.default``."""
    return np.cumprod(_typed(x, dtype), axis=dim)


@aten("sort.default")
def sort(x: Any, dim: int = -1, descending: bool = False) -> tuple[Any, Any]:
    """``aten.sort.default``."""
    order = np.argsort(-x if descending else x, axis=dim, kind="stable")
    return np.take_along_axis(x, order, dim), order


ATEN["sort.stable"] = lambda x, stable=True, dim=-1, descending=False: sort(x, dim, descending)


@aten("topk.default")
def topk(x: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> tuple[Any, Any]:
    """``aten.topk.default``."""
    values, order = sort(x, dim, largest)
    index = (slice(None),) * (dim % np.ndim(x)) + (slice(k),)
    return values[index], order[index]
