"""Elementwise functions beyond the usual ones: remainders, angles, signs, sinc, Bessel's, and those that skip nan."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpath.ops.arrays.operands import as_array
from backpath.ops.arrays.steps import nan_where_nan
from backpath.ops.dispatch import UFUNCS, implements
from backpath.ops.elementwise import common, elementwise, floating, one, power
from backpath.ops.movement import astype
from backpath.ops.primitive import spec_of
from backpath.ops.tracing.recording import apply
from backpath.ops.transcendental import LN2

# Remainders: straight lines between steps.
REMAINDER = elementwise(
    "remainder",
    np.remainder,
    one,
    lambda a, b, y: -np.floor_divide(a, b),
    dtype=common,
    analytic=False,
    kink="the slope on either side, also where it jumps",
)
FMOD = elementwise(
    "fmod",
    np.fmod,
    one,
    lambda a, b, y: -np.rint(np.true_divide(a - y, b)),
    dtype=common,
    analytic=False,
    kink="the slope on either side, also where it jumps",
)
UFUNCS["remainder"] = lambda a, b: apply(REMAINDER, a, b)
UFUNCS["fmod"] = lambda a, b: apply(FMOD, a, b)
UFUNCS["divmod"] = lambda a, b: (np.floor_divide(a, b), np.remainder(a, b))


def modf(x: Any) -> tuple[Any, Any]:
    """``np.modf``: the part behind the point, and the part before it."""
    whole = np.trunc(x)
    return np.fmod(np.where(np.isinf(x), np.copysign(0.0, x), x), 1.0), whole


UFUNCS["modf"] = modf


# Powers of two.
LDEXP = elementwise(
    "ldexp",
    np.ldexp,
    lambda x, k, y: np.ldexp(np.ones((), x.dtype), k),
    None,
    dtype=lambda x, k: floating(x),
    analytic=False,
)
UFUNCS["ldexp"] = lambda x, k: apply(LDEXP, x, as_array(k))


def frexp(x: Any) -> tuple[Any, Any]:
    """``np.frexp``: a number of size [1/2, 1), and the power of two that it is multiplied by."""
    exponent = UFUNCS["frexp exponent"](x)
    return np.ldexp(x, -exponent), exponent


UFUNCS["frexp"] = frexp
UFUNCS["float_power"] = lambda a, b: power(_wide(a), _wide(b))


def _share(a: Any, b: Any) -> Any:
    """2^a / (2^a + 2^b), whichever is the larger."""
    smaller = np.exp2(-np.abs(np.where(np.equal(a, b), 0.0, np.subtract(a, b))))
    return np.where(np.greater_equal(a, b), 1.0, smaller).astype(smaller.dtype) / (1.0 + smaller)


SHARE = elementwise(
    "exp2_share",
    _share,
    lambda a, b, y: LN2 * y * apply(SHARE, b, a),
    lambda a, b, y: -LN2 * y * apply(SHARE, b, a),
    analytic=False,
)
LOGADDEXP2 = elementwise(
    "logaddexp2",
    np.logaddexp2,
    lambda a, b, y: apply(SHARE, a, b),
    lambda a, b, y: apply(SHARE, b, a),
    analytic=False,
)
UFUNCS["logaddexp2"] = lambda a, b: apply(LOGADDEXP2, a, b)


def _wide(x: Any) -> Any:
    return astype(x, np.dtype(float)) if hasattr(x, "dtype") else float(x)


# Angles.
def _as_number(x: Any) -> Any:
    """Integers as the floating-point numbers that a function of real numbers makes of them."""
    return x if spec_of(x).dtype.kind == "f" else astype(x, np.dtype(float))


UFUNCS["deg2rad"] = UFUNCS["radians"] = lambda x: _as_number(x) * (math.pi / 180.0)
UFUNCS["rad2deg"] = UFUNCS["degrees"] = lambda x: _as_number(x) * (180.0 / math.pi)


# Signs and choices by sign.
def copysign(a: Any, b: Any) -> Any:
    """``np.copysign``; by ``a`` the derivative is 0 at 0, as that of ``np.abs``."""
    a = a if hasattr(a, "dtype") else np.asarray(a, floating(spec_of(b).dtype))
    size = np.abs(_as_number(a))
    return np.where(np.signbit(b), -size, size)


def heaviside(x: Any, half: Any) -> Any:
    """``np.heaviside``: 0 below 0, ``half`` at 0, 1 above; only ``half`` has a derivative."""
    step = nan_where_nan(x, np.greater(x, 0).astype(floating(spec_of(x).dtype)))
    return np.where(np.equal(x, 0), half, step)


UFUNCS["copysign"] = copysign
UFUNCS["heaviside"] = heaviside
UFUNCS["fmax"] = lambda a, b: np.where(np.isnan(a), b, np.where(np.isnan(b), a, np.maximum(a, b)))
UFUNCS["fmin"] = lambda a, b: np.where(np.isnan(a), b, np.where(np.isnan(b), a, np.minimum(a, b)))
UFUNCS["conjugate"] = lambda x: x


@implements(np.nan_to_num)
def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """``np.nan_to_num``; replaced entries are constant."""
    if x.dtype.kind != "f":
        return x
    most = np.finfo(x.dtype).max
    x = np.where(np.isnan(x), nan, x)
    x = np.where(np.equal(x, np.inf), most if posinf is None else posinf, x)
    return np.where(np.equal(x, -np.inf), -most if neginf is None else neginf, x)


# sin(pi x) / (pi x), and its derivatives of every order.
SERIES = 20
"""Terms of a Taylor series that reach the last digit for arguments up to 3."""


def _sine(numpy: Any, x: Any, order: int) -> Any:
    """The derivative of that order of sin(t) at t = pi x, by way of how far x is from the nearest half."""
    halves = numpy.rint(2.0 * numpy.fmod(x, 2.0))
    part = math.pi * (numpy.fmod(x, 2.0) - 0.5 * halves)
    quarter = numpy.remainder(halves + order, 4.0)
    sine, cosine = numpy.sin(part), numpy.cos(part)
    return numpy.where(quarter < 2, 1.0, -1.0) * numpy.where(numpy.remainder(quarter, 2.0) == 0, sine, cosine)


def sinc_by(numpy: Any, x: Any, n: int) -> Any:
    """The n-th derivative of sinc: by its series near 0, where the closed form would cancel, and by that elsewhere.

    Args:
        numpy: a module of NumPy's functions, its own or JAX's.
        x: in double precision.
        n: of the derivative.
    """
    near = numpy.abs(x) < (1.5 + 0.5 * n) / math.pi
    small, large = math.pi * numpy.where(near, x, 0.0), numpy.where(near, 1.0, x)
    series = numpy.zeros_like(small)
    for k in range(SERIES + n, (n + 1) // 2 - 1, -1):
        series = series + (-1.0) ** k * small ** (2 * k - n) / float((2 * k + 1) * math.factorial(2 * k - n))
    closed = _sine(numpy, large, 0) / large / math.pi
    for order in range(1, n + 1):
        closed = (_sine(numpy, large, order) - order * closed) / large / math.pi
    return math.pi**n * numpy.where(near, series, closed)


def _sinc_value(x: Any, n: int) -> Any:
    wide = np.asarray(x).astype(np.result_type(x.dtype, float))
    return np.asarray(sinc_by(np, wide, n)).astype(x.dtype if x.dtype.kind in "fO" else wide.dtype)


SINC = elementwise("sinc", _sinc_value, lambda x, y, n: apply(SINC, x, n=n + 1), analytic=False)


@implements(np.sinc)
def sinc(x: Any) -> Any:
    """``np.sinc``."""
    return apply(SINC, x, n=0)


@implements(np.i0)
def i0(x: Any) -> Any:
    """``np.i0``: Bessel's function of imaginary argument and order 0."""
    return UFUNCS["i0"](x)
