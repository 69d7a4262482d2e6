"""Elementwise functions without a derivative: steps, signs as truth values, and arithmetic of whole numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.graph import TraceError
from backpath.ops.dispatch import UFUNCS, implements, since
from backpath.ops.elementwise import boolean, common, elementwise
from backpath.ops.movement import astype
from backpath.ops.tracing.recording import apply

FLAT = "0 everywhere, also at the steps"


_BYTE = np.dtype(np.uint8)


def _integer(*dtypes: np.dtype) -> np.dtype:
    for dtype in dtypes:
        if dtype.kind not in "biu":
            raise TraceError(
                f"bits and divisors are of whole numbers, and an operand holds {dtype}: write x.astype(int)"
            )
    return common(*dtypes)


def _constant(name: str, value: Callable[..., Any], operands: int, dtype: Callable[..., np.dtype], **facts: Any) -> Any:
    """A primitive that is constant in each of its operands, and the function that records it."""
    primitive = elementwise(name, value, *(None,) * operands, dtype=dtype, analytic=False, **facts)
    return lambda *xs, **params: apply(primitive, *xs, **params)


UFUNCS["floor_divide"] = _constant("floor_divide", np.floor_divide, 2, common, kink=FLAT)
UFUNCS["signbit"] = _constant("signbit", np.signbit, 1, boolean)
UFUNCS["logical_xor"] = _constant("logical_xor", np.logical_xor, 2, boolean)
UFUNCS["spacing"] = _constant("spacing", np.spacing, 1, common, kink=FLAT)
UFUNCS["frexp exponent"] = _constant("exponent", lambda x: np.frexp(x)[1], 1, lambda x: np.dtype(np.int32), kink=FLAT)
UFUNCS["bitwise_count"] = _constant("bitwise_count", np.bitwise_count, 1, lambda x: _integer(x) and _BYTE)
for _name in ("gcd", "lcm", "left_shift", "right_shift", "bitwise_xor"):
    UFUNCS[_name] = _constant(_name, getattr(np, _name), 2, _integer)


def _by_bits(name: str, of_truth: Callable[..., Any]) -> Callable[..., Any]:
    """Bits of whole numbers, or truth values."""
    of_bits = _constant(name, getattr(np, name), getattr(np, name).nin, _integer)

    def rule(*xs: Any) -> Any:
        truth = all(getattr(x, "dtype", np.dtype(type(x))).kind == "b" for x in xs)
        return of_truth(*xs) if truth else of_bits(*xs)

    return rule


UFUNCS["bitwise_and"] = _by_bits("bitwise_and", np.logical_and)
UFUNCS["bitwise_or"] = _by_bits("bitwise_or", np.logical_or)
UFUNCS["invert"] = _by_bits("invert", np.logical_not)

ROUND = _constant("round", lambda x, decimals: np.round(x, decimals), 1, lambda x: x, kink=FLAT)


@implements(np.round, np.around, constant=True)
def round(a: Any, decimals: int = 0, out: None = None) -> Any:
    """``np.round``."""
    return ROUND(a, decimals=int(decimals))


@implements(np.fix, constant=True)
def fix(x: Any, out: None = None) -> Any:
    """``np.fix``: the nearest whole number towards 0."""
    return np.trunc(x)


def nan_where_nan(x: Any, y: Any) -> Any:
    """``y``, but nan where ``x`` is: the sign of ``x``, by which nothing has a derivative."""
    return np.where(np.isnan(x), np.sign(x), y)


# Questions about entries.
@implements(np.isclose, constant=True)
def isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """``np.isclose``."""
    near = np.less_equal(np.abs(np.subtract(a, b)), atol + rtol * np.abs(b))
    close = np.logical_or(np.logical_and(near, np.isfinite(b)), np.equal(a, b))
    return np.logical_or(close, np.logical_and(np.isnan(a), np.isnan(b))) if equal_nan else close


@implements(np.allclose, constant=True)
def allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """``np.allclose``."""
    return np.all(isclose(a, b, rtol, atol, equal_nan))


@implements(np.array_equal, constant=True)
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    """``np.array_equal``."""
    if np.shape(a1) != np.shape(a2):
        return False
    same = np.equal(a1, a2)
    return np.all(np.logical_or(same, np.logical_and(np.isnan(a1), np.isnan(a2))) if equal_nan else same)


@implements(np.array_equiv, constant=True)
def array_equiv(a1: Any, a2: Any) -> Any:
    """``np.array_equiv``."""
    try:
        np.broadcast_shapes(np.shape(a1), np.shape(a2))
    except ValueError:
        return False
    return np.all(np.equal(a1, a2))


@implements(np.isin, constant=True)
def isin(element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False, *, kind: Any = None):
    """``np.isin``."""
    column = np.reshape(element, (*np.shape(element), 1))
    found = np.any(np.equal(column, np.ravel(test_elements)), axis=-1)
    return np.logical_not(found) if invert else found


@implements(np.isposinf, constant=True)
def isposinf(x: Any, out: None = None) -> Any:
    """``np.isposinf``."""
    return np.equal(x, np.inf)


@implements(np.isneginf, constant=True)
def isneginf(x: Any, out: None = None) -> Any:
    """``np.isneginf``."""
    return np.equal(x, -np.inf)


# Complex numbers, of which a traced value has none.
@implements(np.isreal, constant=True)
def isreal(x: Any) -> Any:
    """``np.isreal``: true of every real number."""
    return np.ones(np.shape(x), bool)


@implements(np.iscomplex, constant=True)
def iscomplex(x: Any) -> Any:
    """``np.iscomplex``: false of every real number."""
    return np.zeros(np.shape(x), bool)


@implements(np.real)
def real(val: Any) -> Any:
    """``np.real``: the real number itself."""
    return val


@implements(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    """``np.real_if_close``: the real number itself."""
    return a


@implements(np.imag, constant=True)
def imag(val: Any) -> Any:
    """``np.imag``: zeros."""
    return np.zeros(val.shape, val.dtype)


@implements(np.angle, constant=True)
def angle(z: Any, deg: bool = False) -> Any:
    """``np.angle`` of real numbers: 0, or pi where they are negative."""
    half = 180.0 if deg else np.pi
    return nan_where_nan(z, np.where(np.less(z, 0), half, 0.0)).astype(z.dtype)


@implements(*since("astype"))
def as_type(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """``np.astype``."""
    return astype(x, np.dtype(dtype))
