"""exp(-x**2) and its kin in plain arithmetic: squares in two parts, so that no digit of a large exponent is lost.

See ``polynomials`` for what these functions are and how their errors are stated.
"""

from __future__ import annotations

import numba

from backpath.engines.compiled.float_bits import constant, polynomial
from backpath.engines.compiled.polynomials import INLINED, exp_of_sum

FEW_BITS = 1.5 * 2.0**15, 1.5 * 2.0**32
"""Adding and subtracting this rounds numbers below 64 so that their squares are exact."""
FARTHEST = 64.0
"""Beyond it all of these are 0 or 1."""

TAIL = (
    (
        0.47205323,
        -0.09670342,
        0.013998551,
        0.028598096,
        -0.032183584,
        0.01796271,
        -0.0050584134,
        -0.00040709376,
        0.0007364361,
        9.5902295e-05,
    ),
    (
        0.46151582985003775,
        -0.09155228183400911,
        0.031030368425970647,
        0.010002352385236698,
        -0.026401042966673536,
        0.024536963243440887,
        -0.015170415395054367,
        0.006522000671975574,
        -0.0016760724222617009,
        7.79155305641523e-06,
        0.0001823346133791683,
        -5.360729114396236e-05,
        -9.897834128581297e-06,
        9.058634526041778e-06,
        -6.629713457668531e-08,
        -1.3043694027638602e-06,
        1.2201788648993488e-07,
        1.913425386291301e-07,
        -2.132764978647033e-08,
        -2.6312251032435434e-08,
        1.5217844896582098e-09,
        2.1621886600626955e-09,
    ),
)
"""(1 + t) exp(t**2 / 2) ndtr(-t) for t from 0 to where it ends, as a polynomial in (t - c) / (t + c)."""
TAIL_CENTRE = 4.0, 5.0


@numba.njit(**INLINED)
def _exp_of_square(t: float, factor: float) -> float:
    """exp(factor * t**2), for t from 0 to 64 and a factor of -1 or -1/2."""
    shift = constant(t, FEW_BITS)
    near = (t + shift) - shift
    return exp_of_sum(factor * near * near, factor * (t - near) * (t + near))


@numba.njit(**INLINED)
def _size(x: float) -> float:
    """The size of ``x``, at most 64; nan stays nan."""
    farthest = type(x)(FARTHEST)
    return farthest if abs(x) > farthest else abs(x)


@numba.njit(**INLINED)
def exp_minus_square(x: float) -> float:
    """e**(-x**2): error at most 1.5 ulp (float32), 1.5 ulp (float64)."""
    return _exp_of_square(_size(x), type(x)(-1))


@numba.njit(**INLINED)
def exp_minus_half_square(x: float) -> float:
    """e**(-x**2 / 2): error at most 1.5 ulp (float32), 1.5 ulp (float64)."""
    return _exp_of_square(_size(x), type(x)(-0.5))


@numba.njit(**INLINED)
def ndtr(x: float) -> float:
    """The standard normal distribution function: error at most 6.0 ulp (float32), 6.0 ulp (float64)."""
    number = type(x)
    t, centre = _size(x), constant(x, TAIL_CENTRE)
    ratio = polynomial((t - centre) / (t + centre), TAIL) / (number(1) + t)
    tail = ratio * _exp_of_square(t, number(-0.5))
    return tail if x < 0 else number(1) - tail
