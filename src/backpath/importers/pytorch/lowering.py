"""Which function of PyTorch computes which primitive of ours, by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from backpath.ops import Windows

LOWERINGS: dict[str, Callable[..., Any]] = {}
"""By name; each takes tensors, and the primitive's static parameters by keyword."""


def lowers(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: the function computes these primitives."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            LOWERINGS[name] = function
        return function

    return register


def dtype_of(dtype: Any) -> torch.dtype:
    """NumPy's type as PyTorch's."""
    return torch.from_numpy(np.empty(0, dtype)).dtype


LOWERINGS.update(
    {
        "add": torch.add, "subtract": torch.subtract, "multiply": torch.multiply, "divide": torch.divide,
        "negative": torch.neg, "square": torch.square, "reciprocal": torch.reciprocal, "sqrt": torch.sqrt,
        "abs": torch.abs, "maximum": torch.maximum, "minimum": torch.minimum, "sign": torch.sign,
        "floor": torch.floor, "ceil": torch.ceil, "rint": torch.round, "trunc": torch.trunc, "greater": torch.gt,
        "greater_equal": torch.ge, "less": torch.lt, "less_equal": torch.le, "equal": torch.eq,
        "not_equal": torch.ne, "logical_and": torch.logical_and, "logical_or": torch.logical_or,
        "logical_not": torch.logical_not, "logical_xor": torch.logical_xor, "isnan": torch.isnan,
        "isinf": torch.isinf, "isfinite": torch.isfinite, "power": torch.pow, "where": torch.where,
        "sigmoid": torch.sigmoid, "erf": torch.erf, "erfc": torch.erfc, "erfinv": torch.erfinv, "relu": torch.relu,
        "exp": torch.exp, "exp2": torch.exp2, "expm1": torch.expm1, "log": torch.log, "log2": torch.log2,
        "log10": torch.log10, "log1p": torch.log1p, "logaddexp": torch.logaddexp, "logaddexp2": torch.logaddexp2,
        "sin": torch.sin, "cos": torch.cos, "tan": torch.tan, "sinh": torch.sinh, "cosh": torch.cosh,
        "tanh": torch.tanh, "arcsin": torch.arcsin, "arccos": torch.arccos, "arctan": torch.arctan,
        "arcsinh": torch.arcsinh, "arccosh": torch.arccosh, "arctanh": torch.arctanh, "arctan2": torch.arctan2,
        "hypot": torch.hypot, "remainder": torch.remainder, "fmod": torch.fmod, "floor_divide": torch.floor_divide,
        "matmul": torch.matmul, "ndtr": torch.special.ndtr, "ndtri": torch.special.ndtri,
        "log_ndtr": torch.special.log_ndtr, "gammaln": torch.lgamma, "loggamma": torch.lgamma, "psi": torch.digamma,
        "xlogy": torch.special.xlogy, "xlog1py": torch.special.xlog1py, "entr": torch.special.entr,
        "i0": torch.special.i0, "i1": torch.special.i1, "i0e": torch.special.i0e, "i1e": torch.special.i1e,
        "logit": torch.logit, "inv": torch.linalg.inv, "solve": torch.linalg.solve, "det": torch.linalg.det,
        "cholesky": torch.linalg.cholesky, "silu": functional.silu, "gelu": functional.gelu, "mish": functional.mish,
        "selu": functional.selu, "bitwise_and": torch.bitwise_and,
        "bitwise_or": torch.bitwise_or, "bitwise_xor": torch.bitwise_xor, "invert": torch.bitwise_not,
        "signbit": torch.signbit, "gcd": torch.gcd, "lcm": torch.lcm,
    }
)  # fmt: skip


@lowers("cbrt")
def _cbrt(x: Any) -> Any:
    return torch.sign(x) * torch.abs(x) ** (1.0 / 3.0)


@lowers("integer_power")
def _integer_power(x: Any, n: int) -> Any:
    return torch.pow(x, n)


@lowers("leaky_relu")
def _leaky(x: Any, slope: float) -> Any:
    return functional.leaky_relu(x, slope)


@lowers("elu")
def _elu(x: Any, alpha: float) -> Any:
    return functional.elu(x, alpha)


@lowers("softplus")
def _softplus(x: Any) -> Any:
    return torch.logaddexp(x, torch.zeros((), dtype=x.dtype))


@lowers("softmax")
def _softmax(x: Any, axis: int) -> Any:
    return torch.softmax(x, axis)


@lowers("log_softmax")
def _log_softmax(x: Any, axis: int) -> Any:
    return torch.log_softmax(x, axis)


# Moves.
@lowers("reshape")
def _reshape(x: Any, shape: Any) -> Any:
    return torch.reshape(x, shape)


@lowers("transpose")
def _transpose(x: Any, axes: Any) -> Any:
    return torch.permute(x, axes)


@lowers("broadcast_to")
def _broadcast(x: Any, shape: Any) -> Any:
    return torch.broadcast_to(x, shape)


@lowers("astype")
def _astype(x: Any, dtype: Any) -> Any:
    return x.to(dtype_of(dtype))


@lowers("discretize")
def _discretize(x: Any, dtype: Any) -> Any:
    return x.detach().to(dtype_of(dtype))


@lowers("concatenate")
def _concatenate(*xs: Any, axis: int) -> Any:
    return torch.cat(xs, axis)


@lowers("pad")
def _pad(x: Any, width: Any, value: float) -> Any:
    return functional.pad(x, [n for pair in reversed(width) for n in pair], value=value)


def _placed(index: Any, ndim: int) -> tuple[tuple[Any, ...], list[int]]:
    """An index as PyTorch takes it, which knows no steps back, and the axes of the source to turn around before."""
    parts = index if isinstance(index, tuple) else (index,)
    used = sum(1 for p in parts if p is not None and p is not Ellipsis)
    found: list[Any] = []
    turned: list[int] = []
    axis = 0
    for part in parts:
        if part is Ellipsis:
            axis += ndim - used
        elif isinstance(part, slice) and part.step is not None and part.step < 0:
            turned.append(axis)
            found.append(part)
            axis += 1
            continue
        elif part is not None:
            axis += 1
        found.append(torch.from_numpy(np.array(part)) if isinstance(part, np.ndarray) else part)
    return tuple(found), turned


def _turned_slice(part: slice, n: int) -> slice:
    start, stop, step = part.indices(n)
    return slice(n - 1 - start, n - 1 - stop, -step)


def _as_taken(x: Any, index: Any) -> tuple[Any, tuple[Any, ...]]:
    """What to take the index from, and an index without steps back."""
    parts, turned = _placed(index, x.ndim)
    if not turned:
        return x, parts
    lengths = iter([x.shape[axis] for axis in turned])
    straight = tuple(
        _turned_slice(p, next(lengths)) if isinstance(p, slice) and p.step is not None and p.step < 0 else p
        for p in parts
    )
    return torch.flip(x, turned), straight


@lowers("index")
def _index(x: Any, index: Any) -> Any:
    source, parts = _as_taken(x, index)
    return source[parts]


@lowers("scatter")
def _scatter(x: Any, index: Any, shape: Any) -> Any:
    # Where each entry goes is found by taking numbers from the places.
    places = torch.from_numpy(np.array(np.arange(math.prod(shape)).reshape(shape)[index]))
    flat = torch.zeros(math.prod(shape), dtype=x.dtype, device=x.device)
    return flat.index_add(0, places.reshape(-1).to(x.device), x.reshape(-1)).reshape(shape)


@lowers("take")
def _take(x: Any, rows: Any) -> Any:
    return x[rows.long()]


@lowers("add_rows")
def _add_rows(x: Any, rows: Any, shape: Any) -> Any:
    zeros = torch.zeros(shape, dtype=x.dtype, device=x.device)
    return zeros.index_add(0, rows.reshape(-1).long() % shape[0], x.reshape(-1, *shape[1:]))


@lowers("pick")
def _pick(x: Any, positions: Any) -> Any:
    return x.reshape(-1)[positions.long()]


@lowers("place")
def _place(x: Any, positions: Any, shape: Any) -> Any:
    flat = torch.zeros(math.prod(shape), dtype=x.dtype, device=x.device)
    return flat.index_add(0, positions.reshape(-1).long(), x.reshape(-1)).reshape(shape)


@lowers("counted")
def _counted(positions: Any, size: int) -> Any:
    return torch.where(positions < 0, positions + size, positions)


# Sums and order.
@lowers("sum")
def _sum(x: Any, axes: Any, keepdims: bool) -> Any:
    return torch.sum(x, dim=axes, keepdim=keepdims) if axes else x


@lowers("max")
def _max(x: Any, axes: Any, keepdims: bool) -> Any:
    return torch.amax(x, dim=axes, keepdim=keepdims) if axes else x


@lowers("logsumexp")
def _logsumexp(x: Any, axis: int, **settings: Any) -> Any:
    return torch.logsumexp(x, dim=axis, keepdim=settings.get("keepdims", False))


@lowers("cumsum")
def _cumsum(x: Any, axis: int, reverse: bool) -> Any:
    return torch.flip(torch.cumsum(torch.flip(x, [axis]), axis), [axis]) if reverse else torch.cumsum(x, axis)


@lowers("argsort")
def _argsort(x: Any, axis: int) -> Any:
    return torch.argsort(x, dim=axis, stable=True)


@lowers("argmax")
def _argmax(x: Any, axis: int | None, **settings: Any) -> Any:
    return torch.argmax(x, dim=axis)


@lowers("argmin")
def _argmin(x: Any, axis: int | None, **settings: Any) -> Any:
    return torch.argmin(x, dim=axis)


@lowers("einsum")
def _einsum(a: Any, b: Any, subscripts: str) -> Any:
    return torch.einsum(subscripts, a, b)


# Windows: PyTorch has channels in front.
def _in_room(x: Any, rows: Windows, columns: Windows, value: float = 0.0) -> Any:
    """Images with their channels in front, and what stands around them."""
    around = (columns.before, columns.after, rows.before, rows.after)
    front = x.movedim(-1, 1)
    return functional.pad(front, around, value=value) if any(around) else front


@lowers("unroll")
def _unroll(x: Any, rows: Windows, columns: Windows) -> Any:
    batch, _, _, *middle, channels = x.shape
    flat = _in_room(x.reshape(*x.shape[:3], -1), rows, columns)
    places = [
        flat[:, :, rows.at(k), columns.at(m)].reshape(batch, *middle, channels, rows.count, columns.count)
        for k in range(rows.size)
        for m in range(columns.size)
    ]
    stacked = torch.stack(places, dim=1 + len(middle))
    lead = stacked.reshape(batch, *middle, -1, rows.count, columns.count)
    return lead.permute(0, lead.ndim - 2, lead.ndim - 1, *range(1, lead.ndim - 2))


@lowers("fold")
def _fold(y: Any, rows: Windows, columns: Windows, shape: Any) -> Any:
    with torch.enable_grad():
        like = torch.zeros(shape, dtype=y.dtype, device=y.device, requires_grad=True)
        return torch.autograd.grad(_unroll(like, rows, columns), like, y, create_graph=True)[0]


@lowers("max_pool")
def _max_pool(x: Any, rows: Windows, columns: Windows) -> Any:
    front = _in_room(x, rows, columns, -math.inf)
    sizes, strides = (rows.size, columns.size), (rows.stride, columns.stride)
    pooled = functional.max_pool2d(front, sizes, strides, 0, (rows.dilation, columns.dilation))
    return pooled[:, :, : rows.count, : columns.count].movedim(1, -1)
