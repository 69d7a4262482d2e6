"""Polynomials by their coefficients, the highest power first; and ranges of numbers between traced ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.graph import ShapeError, TraceError
from backpath.ops.arrays.operands import as_array
from backpath.ops.dispatch import implements
from backpath.ops.movement import broadcast_to, concatenate, moveaxis
from backpath.ops.tracing.variable import Variable


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """``np.polyval`` by Horner's rule."""
    p, x = as_array(p), as_array(x)
    if np.ndim(p) != 1:
        raise ShapeError(f"np.polyval: coefficients of shape {list(np.shape(p))}; they must have one axis")
    y = broadcast_to(p[0], np.shape(x)) if np.shape(p)[0] else np.zeros(np.shape(x), np.result_type(p.dtype, x.dtype))
    for k in range(1, np.shape(p)[0]):
        y = y * x + p[k]
    return y


@implements(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    """``np.polyadd``."""
    first, second = (np.atleast_1d(as_array(a)) for a in (a1, a2))
    longest = max(np.shape(first)[0], np.shape(second)[0])
    first, second = (np.pad(a, (longest - np.shape(a)[0], 0)) for a in (first, second))
    return first + second


@implements(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    """``np.polysub``."""
    return polyadd(a1, -as_array(a2))


@implements(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    """``np.polymul``."""
    return np.convolve(np.atleast_1d(as_array(a1)), np.atleast_1d(as_array(a2)))


@implements(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    """``np.polyder``."""
    p = as_array(p)
    for _ in range(m):
        degree = np.shape(p)[0] - 1
        p = p[:-1] * np.arange(degree, 0, -1)
    return p


@implements(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """``np.polyint``; ``k`` are the constants of integration."""
    p = as_array(p)
    constants = np.atleast_1d(as_array(0.0 if k is None else k))
    if np.shape(constants)[0] not in (1, m):
        raise ShapeError(
            f"np.polyint: {np.shape(constants)[0]} constants for {m} integrations; give one, or one for each"
        )
    constants = broadcast_to(constants, (m,))
    for order in range(m):
        size = np.shape(p)[0]
        p = concatenate([p / np.arange(size, 0, -1), constants[order : order + 1]])
    return p


@implements(np.polydiv)
def polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    """``np.polydiv``: quotient and remainder; nothing is cut from the remainder, whose first entries may be 0."""
    u, v = (np.atleast_1d(as_array(x)) for x in (u, v))
    m, n = np.shape(u)[0] - 1, np.shape(v)[0] - 1
    if m < n:
        return np.zeros(1, u.dtype), u
    quotient = []
    for _ in range(m - n + 1):
        factor = u[0] / v[0]
        quotient.append(factor)
        u = concatenate([u[1 : n + 1] - factor * v[1:], u[n + 1 :]])
    return np.stack(quotient), u if n else np.zeros(1, u.dtype)


@implements(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    """``np.poly`` of real zeros: the coefficients of the product of all x - zero."""
    if np.ndim(seq_of_zeros) != 1:
        raise TraceError(
            "np.poly of a traced matrix needs its eigenvalues, which may be complex: give the zeros, of one axis"
        )
    p: Any = np.ones(1, seq_of_zeros.dtype)
    for k in range(np.shape(seq_of_zeros)[0]):
        p = np.pad(p, (0, 1)) - np.pad(p, (1, 0)) * seq_of_zeros[k]
    return p


@implements(np.polyfit)
def polyfit(x: Any, y: Any, deg: int, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False) -> Any:
    """``np.polyfit`` at known places: the coefficients are linear in ``y``."""
    if isinstance(x, Variable) or isinstance(w, Variable) or full or cov:
        raise TraceError(
            "np.polyfit is traced by y alone, and returns the coefficients: places x and weights w must be known. By "
            "x, solve the normal equations of np.vander(x, deg + 1) with np.linalg.solve"
        )
    x = np.asarray(x, float)
    weights = np.ones(x.size) if w is None else np.asarray(w, float)
    matrix = np.vander(x, int(deg) + 1) * weights[:, None]
    scale = np.sqrt(np.sum(matrix * matrix, axis=0))
    solution = np.linalg.pinv(matrix / scale, x.size * np.finfo(x.dtype).eps if rcond is None else rcond)
    return np.matmul(solution * weights / scale[:, None], y)


# Numbers in a row.
@implements(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    """``np.linspace`` between ends of which one or both are traced."""
    shape = np.broadcast_shapes(np.shape(start), np.shape(stop))
    parts = max(int(num) - 1 if endpoint else int(num), 1)
    step = np.subtract(stop, start) / parts
    index = np.arange(int(num)).reshape((-1,) + (1,) * len(shape))
    part = np.where(index * 2 <= parts, index, index - parts) / parts
    ends = np.where(index * 2 <= parts, start, stop)
    values = moveaxis(ends + np.subtract(stop, start) * part, 0, axis)
    if step.dtype != values.dtype:
        values = values.astype(step.dtype)
    values = values if dtype is None else values.astype(np.dtype(dtype))
    return (values, step) if retstep else values


@implements(np.logspace)
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    """``np.logspace``."""
    shape = np.broadcast_shapes(*map(np.shape, (start, stop, base)))
    exponents = linspace(np.add(start, np.zeros(shape, np.float16)), stop, num, endpoint, axis=axis)
    values = np.power(np.expand_dims(base, axis) if np.ndim(base) else base, exponents)
    return values if dtype is None else values.astype(np.dtype(dtype))


@implements(np.geomspace)
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """``np.geomspace`` between ends of one sign."""
    ratio = np.log(np.true_divide(stop, start))
    parts = np.linspace(0.0, 1.0, int(num), endpoint).reshape((-1,) + (1,) * np.ndim(ratio))
    values = moveaxis(start * np.exp(ratio * parts), 0, axis)
    return values if dtype is None else values.astype(np.dtype(dtype))
