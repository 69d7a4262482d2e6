"""Matrices: diagonals, triangles, Kronecker and cross products, Vandermonde's, and products under other names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from backpath.graph import ShapeError
from backpath.ops.arrays.operands import as_array
from backpath.ops.contraction import einsum, outer
from backpath.ops.dispatch import UFUNCS, implements
from backpath.ops.movement import concatenate, expand_dims, flip, moveaxis, ravel, reshape, stack


# Diagonals and triangles.
def diagonal_matrix(v: Any) -> Any:
    """The square matrix with this diagonal: each entry with a row of zeros after it, read in rows one entry shorter."""
    n = np.shape(v)[0]
    return reshape(ravel(np.pad(reshape(v, (n, 1)), ((0, 0), (0, n))))[: n * n], (n, n))


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """``np.diag``: the matrix of a diagonal, or the diagonal of a matrix."""
    if np.ndim(v) == 2:
        return np.diagonal(v, k)
    if np.ndim(v) != 1:
        raise ShapeError(f"np.diag takes one axis or two; the array has shape {list(np.shape(v))}")
    return np.pad(diagonal_matrix(v), ((max(-k, 0), max(k, 0)), (max(k, 0), max(-k, 0))))


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    """``np.diagflat``."""
    return diag(ravel(v), k)


@implements(np.tril)
def tril(m: Any, k: int = 0) -> Any:
    """``np.tril``."""
    return np.where(np.tri(*np.shape(m)[-2:], k=k, dtype=bool), m, np.zeros((), m.dtype))


@implements(np.triu)
def triu(m: Any, k: int = 0) -> Any:
    """``np.triu``."""
    return np.where(np.tri(*np.shape(m)[-2:], k=k - 1, dtype=bool), np.zeros((), m.dtype), m)


# Products.
@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    """``np.kron``: each entry of ``a`` times all of ``b``."""
    ndim = max(np.ndim(a), np.ndim(b))
    shapes = [(1,) * (ndim - np.ndim(x)) + np.shape(x) for x in (a, b)]
    first = reshape(a, tuple(size for n in shapes[0] for size in (n, 1)))
    second = reshape(b, tuple(size for n in shapes[1] for size in (1, n)))
    return reshape(first * second, tuple(m * n for m, n in zip(*shapes, strict=True)))


@implements(np.vdot)
def vdot(a: Any, b: Any, /) -> Any:
    """``np.vdot``: the sum of the products of all entries."""
    return np.dot(ravel(a), ravel(b))


def _product(inputs: str, output: str) -> Callable[..., Any]:
    """A product of NumPy's linear algebra as an einsum over the last axes, which ``axes`` and ``axis`` may name."""
    first, second = inputs.split(",")

    def product(a: Any, b: Any, axes: Any = None, axis: int = -1, keepdims: bool = False) -> Any:
        parts = [] if axes is None else [(p,) if isinstance(p, int) else tuple(p) for p in axes]
        if parts:
            a, b = _last(a, parts[0]), _last(b, parts[1])
        elif axis != -1:
            a, b = _last(a, (axis,)), _last(b, (axis,))
        y = einsum(f"...{first},...{second}->...{output}", a, b)
        if len(parts) > 2 and parts[2]:
            return moveaxis(y, range(-len(parts[2]), 0), parts[2])
        return expand_dims(y, axis) if keepdims else y

    return product


def _last(x: Any, axes: tuple[int, ...]) -> Any:
    return moveaxis(x, axes, tuple(range(-len(axes), 0)))


UFUNCS["vecdot"] = _product("x,x", "")
UFUNCS["matvec"] = _product("yx,x", "y")
UFUNCS["vecmat"] = _product("x,xz", "z")


@implements(np.cross)
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """``np.cross`` of vectors of 3 entries, or of 2 (which lie in the plane)."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    sizes = np.shape(a)[-1], np.shape(b)[-1]
    if any(n not in (2, 3) for n in sizes):
        raise ShapeError(f"np.cross: vectors have 2 or 3 entries; the axes given have {sizes[0]} and {sizes[1]}")
    (a0, a1, a2), (b0, b1, b2) = _entries(a), _entries(b)
    third = a0 * b1 - a1 * b0
    if sizes == (2, 2):
        return third
    return stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, third], normalize_axis_index(axisc, np.ndim(third) + 1))


def _entries(v: Any) -> tuple[Any, Any, Any]:
    third = v[..., 2] if np.shape(v)[-1] == 3 else np.zeros(np.shape(v)[:-1], v.dtype)
    return v[..., 0], v[..., 1], third


@implements(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """``np.vander``."""
    columns = np.shape(x)[0] if N is None else int(N)
    powers = [x.astype(np.result_type(x.dtype, int)) ** k for k in range(columns)]
    return stack(powers if increasing else powers[::-1], 1) if columns else np.zeros((np.shape(x)[0], 0), x.dtype)


# Sums of products along one axis: convolution and correlation.
def _full_convolution(a: Any, v: Any) -> Any:
    """Row i of the outer product moved i places on, and the rows summed: they are read one entry shorter."""
    m, n = np.shape(v)[0], np.shape(a)[0]
    rows = np.pad(outer(v, a), ((0, 0), (0, m)))
    return np.sum(reshape(ravel(rows)[: m * (n + m - 1)], (m, n + m - 1)), axis=0)


def _one_axis(name: str, *arrays: Any) -> None:
    for x in arrays:
        if np.ndim(x) != 1 or np.shape(x)[0] == 0:
            raise ShapeError(f"{name} takes arrays of one axis with entries; one has shape {list(np.shape(x))}")


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """``np.convolve``."""
    a, v = (np.atleast_1d(as_array(x)) for x in (a, v))
    _one_axis("np.convolve", a, v)
    if np.shape(v)[0] > np.shape(a)[0]:
        a, v = v, a
    return _cut(_full_convolution(a, v), np.shape(a)[0], np.shape(v)[0], mode)


def _cut(full: Any, n: int, m: int, mode: str) -> Any:
    """The part of a convolution of n and m entries, n the more, that the mode asks for."""
    if mode == "full":
        return full
    if mode == "same":
        first = (m - 1) // 2
        return full[first : first + n]
    if mode == "valid":
        return full[m - 1 : n]
    raise ShapeError(f"mode={mode!r}: convolutions are 'full', 'same' or 'valid'")


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """``np.correlate``."""
    a, v = (as_array(x) for x in (a, v))
    _one_axis("np.correlate", a, v)
    n, m = np.shape(a)[0], np.shape(v)[0]
    if m <= n:
        return _cut(_full_convolution(a, flip(v)), n, m, mode)
    return flip(_cut(_full_convolution(v, flip(a)), m, n, mode))


@implements(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """``np.cov``."""
    rows = _variables(m, rowvar)
    if y is not None:
        rows = concatenate([rows, _variables(y, rowvar)], 0)
    rows = rows.astype(np.result_type(rows.dtype, float) if dtype is None else np.dtype(dtype))
    ddof = int(not bias) if ddof is None else ddof
    weights = aweights if fweights is None else fweights if aweights is None else np.multiply(fweights, aweights)
    if weights is None:
        centred = rows - np.mean(rows, axis=1, keepdims=True)
        weighted, count = centred, np.shape(rows)[1] - ddof
    else:
        weights = as_array(weights)
        total = np.sum(weights)
        centred = rows - np.sum(rows * weights, axis=1, keepdims=True) / total
        weighted = centred * weights
        correction = ddof if aweights is None else ddof * np.sum(weights * aweights) / total
        count = total - correction
    return np.squeeze(np.matmul(weighted, np.transpose(centred)) / count)


def _variables(m: Any, rowvar: bool) -> Any:
    m = as_array(m)
    if np.ndim(m) > 2:
        raise ShapeError(f"a covariance is of arrays of one axis or two; one has shape {list(np.shape(m))}")
    rows = np.atleast_2d(m)
    return np.transpose(rows) if not rowvar and np.shape(rows)[0] != 1 else rows


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """``np.corrcoef``; nothing is cut off at -1 and 1."""
    c = cov(x, y, rowvar, dtype=dtype)
    if np.ndim(c) == 0:
        return c / c
    scale = np.sqrt(np.diagonal(c))
    return c / scale[:, None] / scale[None, :]
