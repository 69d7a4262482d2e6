"""Sums, means and extremes along axes, softmax and its kin, products that sum, and running sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpath import ops
from backpath.importers import operations as op
from backpath.importers.onnx_reading.rules import RULES, Call, RefusedError, as_type, axis_in, dtype_of, rule
from backpath.ops.subscripts import parse_subscripts

Reduction = Callable[..., Any]


def _log_sum_exp(x: Any, axis: Any, keepdims: bool) -> Any:
    return ops.logsumexp(x, axis, keepdims) if np.ndim(x) else x


def _product(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.prod(x, axis=axis, keepdims=keepdims, dtype=dtype_of(x))


def _total(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.sum(x, axis=axis, keepdims=keepdims, dtype=dtype_of(x))


REDUCTIONS: dict[str, Reduction] = {
    "ReduceL1": lambda x, axis, keepdims: _total(np.abs(x), axis, keepdims),
    "ReduceL2": lambda x, axis, keepdims: np.sqrt(_total(np.square(x), axis, keepdims)),
    "ReduceLogSum": lambda x, axis, keepdims: np.log(_total(x, axis, keepdims)),
    "ReduceLogSumExp": _log_sum_exp,
    "ReduceMax": lambda x, axis, keepdims: np.max(x, axis=axis, keepdims=keepdims),
    "ReduceMean": lambda x, axis, keepdims: np.mean(x, axis=axis, keepdims=keepdims),
    "ReduceMin": lambda x, axis, keepdims: np.min(x, axis=axis, keepdims=keepdims),
    "ReduceProd": _product,
    "ReduceSum": _total,
    "ReduceSumSquare": lambda x, axis, keepdims: _total(np.square(x), axis, keepdims),
}


def _reduced(reduction: Reduction) -> Callable[[Call], Any]:
    def reduce(c: Call) -> Any:
        x, axes = c[0], c.whole(1, "axes")
        if not axes:
            if c.get("noop_with_empty_axes", 0):
                return _of_each_entry(c, reduction)
            axes = None
        axis = None if axes is None else tuple(axis_in(k, np.ndim(x)) for k in axes)
        keepdims = bool(c.get("keepdims", 1))
        none = np.shape(x) and any(np.shape(x)[k] == 0 for k in (range(np.ndim(x)) if axis is None else axis))
        if none and c.op in ("ReduceMax", "ReduceMin", "ReduceLogSumExp", "ReduceMean"):
            return _of_nothing(c.op, x, axis, keepdims)
        return as_type(reduction(x, axis, keepdims), dtype_of(x))

    return reduce


def _of_each_entry(c: Call, reduction: Reduction) -> Any:
    """A reduction over no axes, which leaves its function of each entry."""
    one = np.expand_dims(c[0], -1)
    return as_type(reduction(one, -1, False), dtype_of(c[0]))


def _of_nothing(name: str, x: Any, axis: Any, keepdims: bool) -> Any:
    """Extremes of no entries: the type's own."""
    shape = np.sum(np.zeros(np.shape(x), bool), axis=axis, keepdims=keepdims).shape
    dtype = dtype_of(x)
    if dtype.kind == "f":
        ends = {"ReduceMax": -np.inf, "ReduceMin": np.inf, "ReduceLogSumExp": -np.inf, "ReduceMean": np.nan}
        return np.full(shape, ends[name], dtype)
    if dtype.kind == "b":
        return np.full(shape, name == "ReduceMin")
    return np.full(shape, np.iinfo(dtype).min if name == "ReduceMax" else np.iinfo(dtype).max, dtype)


RULES.update({name: _reduced(reduction) for name, reduction in REDUCTIONS.items()})


@rule("ArgMax", "ArgMin")
def position(c: Call) -> Any:
    """Where the largest or smallest entry is, the first one or the last."""
    x, axis = c[0], axis_in(c.get("axis", 0), np.ndim(c[0]))
    function = np.argmax if c.op == "ArgMax" else np.argmin
    if c.get("select_last_index", 0):
        where = np.shape(x)[axis] - 1 - function(np.flip(x, axis), axis=axis, keepdims=bool(c.get("keepdims", 1)))
        return as_type(where, np.dtype(np.int64))
    return as_type(function(x, axis=axis, keepdims=bool(c.get("keepdims", 1))), np.dtype(np.int64))


@rule("Softmax", "LogSoftmax", "Hardmax")
def softmax(c: Call) -> Any:
    """Along an axis; before version 13 along all axes from it on."""
    function = {"Softmax": ops.softmax, "LogSoftmax": ops.log_softmax, "Hardmax": op.hardmax}[c.op]
    x = c[0]
    if c.version >= 13:
        return function(x, axis_in(c.get("axis", -1), np.ndim(x)))
    axis, shape = axis_in(c.get("axis", 1), np.ndim(x)), np.shape(x)
    flat = np.reshape(x, (int(np.prod(shape[:axis], dtype=int)), -1))
    return np.reshape(function(flat, 1), shape)


@rule("MatMul")
def matmul(c: Call) -> Any:
    """``np.matmul``."""
    return c[0] @ c[1]


@rule("Gemm")
def gemm(c: Call) -> Any:
    """alpha A B + beta C, with A and B as they are or transposed."""
    a = np.transpose(c[0]) if c.get("transA", 0) else c[0]
    b = np.transpose(c[1]) if c.get("transB", 0) else c[1]
    alpha, beta = c.get("alpha", 1.0), c.get("beta", 1.0)
    y = a @ b if alpha == 1.0 else (a @ b) * alpha
    if c[2] is None or beta == 0.0:
        return as_type(y, dtype_of(c[0]))
    return as_type(y + (c[2] if beta == 1.0 else c[2] * beta), dtype_of(c[0]))


@rule("Einsum")
def einsum(c: Call) -> Any:
    """``np.einsum``."""
    if all(isinstance(x, np.ndarray) for x in c.inputs):
        _require_result(c)
    return np.einsum(c.get("equation").replace(" ", ""), *c.inputs)


def _require_result(c: Call) -> None:
    """Refuse a result of known numbers that is too large."""
    letters, out = parse_subscripts(c.get("equation").replace(" ", ""), [np.shape(x) for x in c.inputs])
    size = {a: n for part, x in zip(letters, c.inputs, strict=True) for a, n in zip(part, np.shape(x), strict=True)}
    c.room(size[a] for a in out)


@rule("CumSum", "CumProd")
def cumulate(c: Call) -> Any:
    """See ``operations.cumulated``."""
    axis = int(np.ravel(c.known(1, "axis"))[0])
    sums = np.cumsum if c.op == "CumSum" else np.cumprod
    return op.cumulated(c[0], axis, bool(c.get("exclusive", 0)), bool(c.get("reverse", 0)), sums)


@rule("Det")
def det(c: Call) -> Any:
    """Determinants of the last two axes."""
    return np.linalg.det(c[0])


@rule("LpNormalization")
def lp_normalization(c: Call) -> Any:
    """See ``operations.power_normalize``."""
    return op.power_normalize(c[0], c.get("axis", -1), float(c.get("p", 2)))


@rule("MeanVarianceNormalization")
def mean_variance_normalization(c: Call) -> Any:
    """See ``operations.mean_variance_norm``."""
    return op.mean_variance_norm(c[0], tuple(c.get("axes", (0, 2, 3))))


@rule("QuantizeLinear")
def quantize(c: Call) -> Any:
    """RefusedError: a rounding has no derivative, and a model is to be read before it is quantized."""
    raise RefusedError(
        "it rounds values to whole numbers, through which no gradient goes; export the model unquantized"
    )


@rule("DequantizeLinear")
def dequantize(c: Call) -> Any:
    """(x - zero point) * scale of whole numbers, along an axis, or of blocks of it."""
    x, scale, zero = c[0], c[1], c[2]
    axis, ndim = c.get("axis", 1), np.ndim(c[0])
    if np.ndim(scale) == ndim and ndim and np.shape(scale) != np.shape(x) and c.get("block_size", 0):
        size = c.get("block_size")
        scale = np.repeat(scale, size, axis)
        zero = None if zero is None else np.repeat(zero, size, axis)
    elif np.ndim(scale) == 1 and np.size(scale) > 1:
        shape = [1] * ndim
        shape[axis_in(axis, ndim)] = -1
        scale, zero = np.reshape(scale, shape), None if zero is None else np.reshape(zero, shape)
    y = as_type(x, dtype_of(scale))
    return (y if zero is None else y - as_type(zero, dtype_of(scale))) * scale
