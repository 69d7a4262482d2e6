"""Norms of vectors and matrices, and condition numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from backpath.graph import ShapeError, TraceError
from backpath.ops.dispatch import implements
from backpath.ops.linalg.matrices import numbers, squares
from backpath.ops.linalg.singular import svdvals
from backpath.ops.linalg.solving import inv
from backpath.ops.local import Composition, LocalDerivative, Scale, Sum
from backpath.ops.primitive import Spec, define
from backpath.ops.tracing.recording import apply

Axes = tuple[int, ...]


def _kept(shape: tuple[int, ...], axes: Axes) -> tuple[int, ...]:
    return tuple(1 if k in axes else n for k, n in enumerate(shape))


def _norm_value(x: Any, axes: Axes, p: float) -> Any:
    """The largest entry is put before the sum, which then neither overflows nor vanishes."""
    size = np.abs(x)
    top = np.max(size, axis=axes, keepdims=True, initial=0)
    top = np.where((top == 0) | ~np.isfinite(top) | (p < 0), 1, top).astype(x.dtype)
    with np.errstate(divide="ignore"):
        if p == 2:
            return np.squeeze(top, axes) * np.sqrt(np.sum(np.square(size / top), axis=axes))
        return np.squeeze(top, axes) * np.sum((size / top) ** p, axis=axes) ** (1 / p)


def _norm_local(y: Any, x: Any, axes: Axes, p: float) -> LocalDerivative:
    """dy/dx = sign(x) (|x| / y)^(p - 1)."""
    whole = np.reshape(y, _kept(np.shape(x), axes))
    ratio = np.where(whole == 0, 0.0, x / np.where(whole == 0, 1.0, whole))
    if p != 2:
        size = np.abs(ratio)
        ratio = np.sign(x) * np.where(size == 0, 0.0, np.where(size == 0, 1.0, size) ** (p - 1))
    return Composition((Scale(ratio), Sum(np.shape(x), axes, np.shape(y))))


NORM = define(
    "norm",
    _norm_value,
    lambda x, axes, p: Spec(tuple(n for k, n in enumerate(x.shape) if k not in axes), x.dtype),
    (_norm_local,),
    analytic=False,
    kink="0 where all entries are 0, and by an entry that is 0 where the order is less than 1",
)


def _over(x: Any, axes: Axes, order: Any, keepdims: bool) -> Any:
    """The norm of the vectors along ``axes``."""
    if order in (np.inf, -np.inf):
        extreme = np.max if order > 0 else np.min
        return extreme(np.abs(x), axis=axes, keepdims=keepdims)
    if order == 0:
        return np.sum((x != 0).astype(x.dtype), axis=axes, keepdims=keepdims)
    if order == 1:
        return np.sum(np.abs(x), axis=axes, keepdims=keepdims)
    if not isinstance(order, (int, float, np.integer, np.floating)):
        raise TraceError(f"norm: {order!r} is no order of vectors; it is a number, np.inf or -np.inf")
    y = apply(NORM, x, axes=axes, p=float(order))
    return np.reshape(y, _kept(np.shape(x), axes)) if keepdims else y


def _of_matrices(x: Any, axes: Axes, order: Any, keepdims: bool) -> Any:
    """The norm of the matrices along two axes."""
    if order in (None, "fro", "f"):
        return _over(x, axes, 2, keepdims)
    row, column = axes
    if order in (1, -1, np.inf, -np.inf):
        first, second = (row, column) if abs(order) == 1 else (column, row)
        sums = np.sum(np.abs(x), axis=first, keepdims=True)
        y = (np.max if order > 0 else np.min)(sums, axis=second, keepdims=True)
    elif order in (2, -2, "nuc"):
        s = svdvals(np.moveaxis(x, axes, (-2, -1)))
        y = np.sum(s, axis=-1) if order == "nuc" else s[..., 0 if order == 2 else -1]
        return np.reshape(y, _kept(np.shape(x), axes)) if keepdims else y
    else:
        raise TraceError(f"norm: {order!r} is no order of matrices: 'fro', 'nuc', 1, -1, 2, -2, np.inf and -np.inf are")
    return y if keepdims else np.squeeze(y, axes)


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """``np.linalg.norm``; its derivative is 0 where the norm of order 2 is 0."""
    (x,) = numbers("norm", x)
    ndim = np.ndim(x)
    if axis is None and ord is None:
        return _over(x, tuple(range(ndim)), 2, keepdims)
    try:
        axes = normalize_axis_tuple(tuple(range(ndim)) if axis is None else axis, ndim)
    except ValueError:
        raise ShapeError(f"norm: axis {axis} does not name axes of an array of shape {list(np.shape(x))}") from None
    if len(axes) == 1:
        return _over(x, axes, 2 if ord is None else ord, keepdims)
    if len(axes) == 2:
        return _of_matrices(x, axes, ord, keepdims)
    raise ShapeError(f"norm: axis {axis} is {len(axes)} axes of an array of shape {list(np.shape(x))}; take 1 or 2")


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """``np.linalg.vector_norm``."""
    (x,) = numbers("vector_norm", x)
    axes = normalize_axis_tuple(tuple(range(np.ndim(x))) if axis is None else axis, np.ndim(x))
    return _over(x, axes, ord, keepdims)


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """``np.linalg.matrix_norm``: of the last two axes."""
    return norm(x, ord, (-2, -1), keepdims)


@implements(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """``np.linalg.cond``."""
    if p in (None, 2, -2):
        s = svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    (x,) = squares("cond", x)
    return matrix_norm(x, ord=p) * matrix_norm(inv(x), ord=p)
