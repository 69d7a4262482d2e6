"""NumPy kernels: for each primitive, how to bind one call that computes it into a given array.

A binder takes the operands' arrays, the output array and the static parameters, and returns a call without arguments
that allocates nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from backpath.engines.numpy.window_kernels import WINDOW_KERNELS
from backpath.ops import PRIMITIVES
from backpath.ops.movement import is_slice

Bound = Callable[[], Any]
Binder = Callable[..., Bound]

KERNELS: dict[str, Binder] = {**WINDOW_KERNELS}

_UFUNCS = (
    "add subtract multiply divide negative square reciprocal sqrt cbrt exp exp2 expm1 log log2 log10 "
    "log1p logaddexp sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh arccosh arctanh arctan2 "
    "hypot maximum minimum power sign floor ceil rint trunc greater greater_equal less less_equal equal "
    "not_equal logical_and logical_or logical_not isnan isinf isfinite"
).split()


def bind(primitive: str, operands: list[np.ndarray], out: np.ndarray, params: dict[str, Any]) -> Bound:
    """One call that computes ``primitive`` of the operands into ``out``."""
    if primitive in KERNELS:
        return KERNELS[primitive](*operands, out, **params)
    return partial(_copy_of_value, PRIMITIVES[primitive].value, operands, out, params)


def kernel(*names: str) -> Callable[[Binder], Binder]:
    """Decorator: the binder of the named primitives."""

    def register(binder: Binder) -> Binder:
        for name in names:
            KERNELS[name] = binder
        return binder

    return register


def _copy_of_value(value: Callable[..., Any], operands: list[np.ndarray], out: np.ndarray, params: Any) -> None:
    out[...] = value(*operands, **params)


def _ufunc(ufunc: np.ufunc) -> Binder:
    return lambda *arrays: partial(ufunc, *arrays[:-1], out=arrays[-1])


for _name in _UFUNCS:
    KERNELS[_name] = _ufunc(getattr(np, _name))
KERNELS["abs"] = _ufunc(np.abs)


def _special(name: str) -> Binder:
    def binder(x: np.ndarray, out: np.ndarray) -> Bound:
        import scipy.special

        return partial(getattr(scipy.special, name), x, out=out)

    return binder


KERNELS["erf"] = _special("erf")


@kernel("sigmoid")
def _sigmoid(x: np.ndarray, out: np.ndarray) -> Bound:
    from scipy.special import expit

    return _mended(expit, x, out, PRIMITIVES["sigmoid"].value, np.log(np.finfo(out.dtype).tiny) + 1)


@kernel("ndtr")
def _ndtr(x: np.ndarray, out: np.ndarray) -> Bound:
    from scipy.special import ndtr

    # In float32 it is exact, since it computes in float64.
    wrong_below = -np.inf if out.dtype == np.float32 else -2.0
    return _mended(ndtr, x, out, PRIMITIVES["ndtr"].value, wrong_below)


def _mended(function: np.ufunc, x: np.ndarray, out: np.ndarray, exact: Callable[..., Any], wrong_below: float) -> Bound:
    """A quick function, and a slow one for entries below a bound, where the quick one loses digits."""
    if wrong_below == -np.inf or x.size == 0:
        return partial(function, x, out=out)

    def run() -> None:
        # Where nan hides the smallest entry, each is looked at.
        below = None if x.min() >= wrong_below else x < wrong_below
        mended = None if below is None else exact(x[below])
        function(x, out=out)
        if below is not None:
            out[below] = mended

    return run


@kernel("sigmoid_slope")
def _sigmoid_slope(x: np.ndarray, out: np.ndarray) -> Bound:
    below = np.empty_like(out)

    def run() -> None:
        np.copysign(x, -1, out=out)
        np.exp(out, out=out)
        np.add(out, 1, out=below)
        np.multiply(below, below, out=below)
        np.divide(out, below, out=out)

    return run


def _exp_of_square(name: str, factor: float) -> Binder:
    def binder(x: np.ndarray, out: np.ndarray) -> Bound:
        if out.dtype == np.float64:
            return partial(_copy_of_value, PRIMITIVES[name].value, [x], out, {})
        wide = np.empty(out.shape)

        def run() -> None:
            # A product with a change of type would allocate.
            np.copyto(wide, x)
            np.multiply(wide, wide, out=wide)
            np.multiply(wide, factor, out=wide)
            np.exp(wide, out=wide)
            np.copyto(out, wide, casting="same_kind")

        return run

    return binder


KERNELS["exp_minus_square"] = _exp_of_square("exp_minus_square", -1.0)
KERNELS["exp_minus_half_square"] = _exp_of_square("exp_minus_half_square", -0.5)


@kernel("relu")
def _relu(x: np.ndarray, out: np.ndarray) -> Bound:
    return partial(np.maximum, x, np.zeros((), x.dtype), out=out)


@kernel("integer_power")
def _integer_power(x: np.ndarray, out: np.ndarray, n: int) -> Bound:
    return partial(np.square, x, out=out) if n == 2 else partial(np.power, x, n, out=out)


@kernel("where")
def _where(condition: np.ndarray, a: np.ndarray, b: np.ndarray, out: np.ndarray) -> Bound:
    def run() -> None:
        np.copyto(out, b)
        np.copyto(out, a, where=condition)

    return run


@kernel("matmul")
def _matmul(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> Bound:
    # np.dot reaches the BLAS with less ado than np.matmul; both read transposed views without a copy.
    if a.ndim <= 2 and b.ndim <= 2 and a.dtype == b.dtype == out.dtype:
        return partial(np.dot, a, b, out)
    return partial(np.matmul, a, b, out=out)


@kernel("sum")
def _sum(x: np.ndarray, out: np.ndarray, axes: tuple[int, ...], keepdims: bool) -> Bound:
    if x.ndim == 2 and len(axes) == 1 and x.dtype.kind == "f" and x.flags.forc:
        # A product with ones: the BLAS sums rows and columns faster than a reduction does.
        ones = np.ones(x.shape[axes[0]], x.dtype)
        flat = out.reshape(x.shape[1 - axes[0]])
        return partial(np.dot, *((ones, x) if axes[0] == 0 else (x, ones)), flat)
    return partial(np.add.reduce, x, axis=axes, dtype=out.dtype, out=out, keepdims=keepdims)


@kernel("max")
def _max(x: np.ndarray, out: np.ndarray, axes: tuple[int, ...], keepdims: bool) -> Bound:
    return partial(np.maximum.reduce, x, axis=axes, out=out, keepdims=keepdims)


@kernel("argmax")
def _argmax(x: np.ndarray, out: np.ndarray, axis: int | None) -> Bound:
    return partial(np.argmax, x, axis, out)


@kernel("argmin")
def _argmin(x: np.ndarray, out: np.ndarray, axis: int | None) -> Bound:
    return partial(np.argmin, x, axis, out)


@kernel("cumsum")
def _cumsum(x: np.ndarray, out: np.ndarray, axis: int, reverse: bool) -> Bound:
    if reverse:
        x, out = np.flip(x, axis), np.flip(out, axis)
    return partial(np.add.accumulate, x, axis, out.dtype, out)


@kernel("astype", "discretize")
def _cast(x: np.ndarray, out: np.ndarray, dtype: np.dtype) -> Bound:
    return partial(np.copyto, out, x, casting="unsafe")


@kernel("reshape")
def _reshape(x: np.ndarray, out: np.ndarray, shape: tuple[int, ...]) -> Bound:
    return partial(np.copyto, out.reshape(x.shape), x)


@kernel("concatenate")
def _concatenate(*arrays: np.ndarray, axis: int) -> Bound:
    copies = []
    *operands, out = arrays
    for part, x in zip(pieces(out, operands, axis), operands, strict=True):
        if x.size and x.__array_interface__["data"] != part.__array_interface__["data"]:
            copies.append(partial(np.copyto, part, x))

    def run() -> None:
        for copy in copies:
            copy()

    return run


def pieces(out: np.ndarray, operands: Sequence[np.ndarray], axis: int) -> Iterator[np.ndarray]:
    """Where in ``out`` each of the operands comes that are put together along an axis; some may be there already."""
    start = 0
    for x in operands:
        yield out[(slice(None),) * axis + (slice(start, start + x.shape[axis]),)]
        start += x.shape[axis]


@kernel("pad")
def _pad(x: np.ndarray, out: np.ndarray, width: tuple[tuple[int, int], ...], value: float) -> Bound:
    inside = out[tuple(slice(before, before + n) for n, (before, _) in zip(x.shape, width, strict=True))]

    def run() -> None:
        out.fill(value)
        np.copyto(inside, x)

    return run


@kernel("scatter")
def _scatter(x: np.ndarray, out: np.ndarray, index: Any, shape: tuple[int, ...]) -> Bound:
    def run() -> None:
        out.fill(0)
        if is_slice(index):
            out[index] = x
        else:
            np.add.at(out, index, x)

    return run
