"""Elementary functions in plain arithmetic, which LLVM turns into vector instructions in a loop.

Numba hands ``math.exp`` and its like to the C library, one number at a time. These take a float32 or a float64, are
called from compiled code, and have no branches. Limits, infinities, signed zeros and nan are as in the C library.
Errors are the largest found, in units in the last place (ulp) of the exact result.

The coefficients minimize the largest relative error (Remez's algorithm), float32 first, lowest first.
"""

from __future__ import annotations

import math

import numba

from backpath.engines.compiled.float_bits import bits, constant, from_bits, polynomial

INLINED = {"error_model": "numpy", "fastmath": {"contract"}, "forceinline": True}
"""No check of divisors, since it would branch; products and sums may be fused, nothing else is relaxed."""

LOG2_E = 1 / math.log(2)
LN2_HIGH = 0.693145751953125, 0.6931471804855391
LN2_LOW = 1.4286068203094173e-06, 7.440617110012397e-11
"""ln 2 in two parts; the first has so few bits that its product with an exponent is exact."""

MANTISSA = 23, 52
"""Bits after the leading one: the exponent stands above them."""
BIAS = 127, 1023
"""What the exponent field holds for 2**0."""
FIELD = 0xFF, 0x7FF
"""All of the exponent field's bits."""
TINY = 2.0**-126, 2.0**-1022
"""The smallest normal number."""
ROUNDED_OFF = 2.0**-25, 2.0**-54
"""1 plus less than this is 1."""
SHIFT = 1.5 * 2.0**23, 1.5 * 2.0**52
"""Adding this rounds a smaller number to a whole one, which then stands in the low bits of the sum."""

EXPONENTIAL = (
    (
        0.49999997,
        0.16666543,
        0.041667204,
        0.00836652,
        0.0013882364,
    ),
    (
        0.5000000000000006,
        0.16666666666666588,
        0.04166666666657676,
        0.008333333333389554,
        0.0013888888931564893,
        0.00019841269719001446,
        2.4801505273738277e-05,
        2.7557407547529208e-06,
        2.762603791809604e-07,
        2.505377347415887e-08,
    ),
)
"""(e**r - 1 - r) / r**2 for |r| <= ln 2 / 2."""
LOGARITHM = (
    (
        -0.49999988,
        0.33333325,
        -0.25001583,
        0.20001973,
        -0.16609083,
        0.14181826,
        -0.13242988,
        0.12904434,
        -0.07621777,
    ),
    (
        -0.5,
        0.33333333333333487,
        -0.24999999999998077,
        0.1999999999993657,
        -0.1666666666700703,
        0.1428571429480558,
        -0.12499999977316321,
        0.11111110465964166,
        -0.10000000501228369,
        0.09090935005284452,
        -0.08333344584588274,
        0.0769168761324528,
        -0.07141992109924979,
        0.06675431002947509,
        -0.06270114479523795,
        0.05816191357058127,
        -0.05323879581727335,
        0.054193580140813435,
        -0.06284930973430883,
        0.056991682982682874,
        -0.024232099342308897,
    ),
)
"""(log(1 + f) - f) / f**2 for f from the root of 1/2 to the root of 2, less 1."""
TANH_ABOVE = (
    (
        0.93336535,
        0.029576816,
        0.00015396545,
        8.8329365e-08,
    ),
    (
        0.9251893028001847,
        0.03375919914182839,
        0.00029584459992117076,
        9.105051359226016e-07,
        1.0463929294791948e-09,
        3.7789956001048235e-13,
        1.9193520217439982e-17,
    ),
)
TANH_BELOW = (
    (
        1.8667307,
        0.21471453,
        0.002644721,
        5.409572e-06,
    ),
    (
        1.8503786056003695,
        0.2217166154170209,
        0.003648252104591046,
        1.8542659123991145e-05,
        3.506013491477943e-08,
        2.3538315626300877e-11,
        3.878582594337971e-15,
    ),
)
"""tanh(x / 2) / x = above(x**2) / below(x**2) up to the limit, as near as the error of tanh x asks."""
TANH_LIMIT = 9.05, 19.1
"""Beyond these it is 1."""
ERF_ABOVE = (
    (
        1.9323349,
        0.31709993,
        0.09294489,
        0.0065817335,
        0.0006472124,
        7.9466945e-06,
        -2.2206018e-08,
    ),
    (
        1.4346319222904038,
        0.2818520173950053,
        0.08483431670835875,
        0.008946713067000253,
        0.0011221243687373347,
        7.611298737889122e-05,
        5.334525955031801e-06,
        2.394292510430823e-07,
        1.0031164207933728e-08,
        2.7248872465201733e-10,
        6.050775596248462e-12,
        5.238540800962748e-14,
        6.277682867659097e-17,
        -2.4291531548030545e-20,
    ),
)
ERF_BELOW = (
    (
        1.7124872,
        0.8518517,
        0.19507125,
        0.026447196,
        0.0022331928,
        0.00010736018,
    ),
    (
        1.2714094376478047,
        0.673587992691235,
        0.17257084280162227,
        0.02836528628974646,
        0.0033441225247203576,
        0.00029918788770734174,
        2.0929107981651248e-05,
        1.159507627193799e-06,
        5.0764514285539414e-08,
        1.719768330475652e-09,
        4.2622742588112203e-11,
        6.7270299016462e-13,
        2.5654461107167845e-15,
    ),
)
"""erf(x) / x = above(x**2) / below(x**2) up to the limit."""
ERF_LIMIT = 3.95, 5.95
"""Beyond these it is 1."""


@numba.njit(**INLINED)
def _between(x: float, low: float, high: float) -> float:
    """``x`` kept from ``low`` to ``high``; nan stays nan."""
    x = low if x < low else x
    return high if x > high else x


@numba.njit(**INLINED)
def _reduced(x: float, offset: int) -> tuple[float, float, int]:
    """x = n ln 2 + r with a whole n and |r| <= ln 2 / 2: n, r, and an integer whose low bits hold n + offset."""
    number = type(x)
    shift = constant(x, SHIFT) + number(offset)
    t = x * number(LOG2_E) + shift
    n = t - shift
    r = (x - n * constant(x, LN2_HIGH)) - n * constant(x, LN2_LOW)
    return n, r, bits(t)


@numba.njit(**INLINED)
def exp_of_sum(x: float, low: float) -> float:
    """e**(x + low), where ``low`` is what a large ``x`` has lost: less than 1/8."""
    x = _between(x, constant(x, (-105.0, -746.0)), constant(x, (89.0, 710.0)))
    _, r, k = _reduced(x, 2 * constant(x, BIAS))
    return _scaled(r + low, k)


@numba.njit(**INLINED)
def _scaled(r: float, k: int) -> float:
    """2**n e**r for a small r, where the low bits of ``k`` hold n and twice the bias."""
    # 2**n may be no normal number: it is the product of two powers of about half the exponent.
    half = k >> 1
    mantissa = constant(r, MANTISSA)
    first, second = from_bits(r, half << mantissa), from_bits(r, (k - half) << mantissa)
    return (first + first * (r + r * r * polynomial(r, EXPONENTIAL))) * second


@numba.njit(**INLINED)
def exp(x: float) -> float:
    """e**x: error at most 1.1 ulp (float32), 1.1 ulp (float64), results below the normal range included."""
    return exp_of_sum(x, type(x)(0))


@numba.njit(**INLINED)
def exp2(x: float) -> float:
    """2**x: error at most 1.1 ulp (float32), 1.1 ulp (float64), results below the normal range included."""
    number = type(x)
    x = _between(x, constant(x, (-151.0, -1076.0)), constant(x, (129.0, 1025.0)))
    shift = constant(x, SHIFT) + number(2 * constant(x, BIAS))
    t = x + shift
    return _scaled((x - (t - shift)) * number(math.log(2)), bits(t))


@numba.njit(**INLINED)
def expm1(x: float) -> float:
    """e**x - 1: error at most 1.8 ulp (float32), 2.3 ulp (float64)."""
    number = type(x)
    kept = _between(x, number(-40), constant(x, (89.0, 710.0)))
    n, r, k = _reduced(kept, constant(x, BIAS) - 1)
    p = r + r * r * polynomial(r, EXPONENTIAL)
    # Half of 2**n (1 + p) - 1, since 2**128 is no float32.
    s = from_bits(x, k << constant(x, MANTISSA))
    y = number(2) * (s * p + (s - number(0.5)))
    y = p if n == 0 else y
    return x if x == 0 else y


@numba.njit(**INLINED)
def sigmoid(x: float) -> float:
    """1 / (1 + e**-x): error at most 2.5 ulp (float32), 2.5 ulp (float64), results below the normal range included."""
    one = type(x)(1)
    e = exp(-abs(x))
    return (one if x >= 0 else e) / (one + e)


@numba.njit(**INLINED)
def sigmoid_slope(x: float) -> float:
    """The derivative of sigmoid: error at most 3.8 ulp (float32), 3.8 ulp (float64)."""
    e = exp(-abs(x))
    below = type(x)(1) + e
    return e / (below * below)


@numba.njit(**INLINED)
def _split(u: float) -> tuple[float, int]:
    """u = 2**n m with m from the root of 1/2 to the root of 2, for a normal u: m - 1, and n + bias."""
    number = type(u)
    mantissa, bias = constant(u, MANTISSA), constant(u, BIAS) << constant(u, MANTISSA)
    field = (bits(u) - bits(number(math.sqrt(0.5))) + bias >> mantissa) & constant(u, FIELD)
    return from_bits(u, bits(u) - (field << mantissa) + bias) - number(1), field


@numba.njit(**INLINED)
def _log_of_parts(u: float, f: float, field: int, bias: float) -> float:
    """log(2**n (1 + f)) with n = field - bias, for a positive and finite u; for others what log u is."""
    number = type(u)
    n = from_bits(u, field | bits(constant(u, SHIFT))) - (constant(u, SHIFT) + bias)
    small = f * (f * polynomial(f, LOGARITHM)) + n * constant(u, LN2_LOW)
    y = n * constant(u, LN2_HIGH) + (f + small)
    y = y if u < number(math.inf) else u
    return y if u > number(0) else (number(-math.inf) if u == number(0) else number(math.nan))


@numba.njit(**INLINED)
def log(x: float) -> float:
    """The natural logarithm: error at most 1.0 ulp (float32), 1.0 ulp (float64)."""
    number = type(x)
    mantissa, bias = constant(x, MANTISSA), constant(x, BIAS)
    subnormal = x < constant(x, TINY)
    u = x * number(1 << mantissa) if subnormal else x
    f, field = _split(u)
    return _log_of_parts(u, f, field, number(bias + mantissa) if subnormal else number(bias))


@numba.njit(**INLINED)
def log1p(x: float) -> float:
    """log(1 + x): error at most 1.7 ulp (float32), 1.5 ulp (float64)."""
    number = type(x)
    mantissa, bias = constant(x, MANTISSA), constant(x, BIAS)
    u = number(1) + x
    # What the sum has lost (Knuth's TwoSum).
    back = u - number(1)
    lost = (x - back) + (number(1) - (u - back))
    f, field = _split(u)
    # Half of it times 2 / 2**n, since 2**-128 is no normal float32.
    f += number(0.5) * lost * from_bits(x, (2 * bias + 1 - field) << mantissa)
    y = _log_of_parts(u, f, field, number(bias))
    return x if abs(x) < constant(x, ROUNDED_OFF) else y


@numba.njit(**INLINED)
def _saturated(size: float, x: float, limit: float) -> float:
    """``size`` with the sign of ``x``, at most 1, and 1 where x is beyond ``limit``."""
    one = type(x)(1)
    size = one if size > one else size
    size = one if abs(x) > limit else size
    return math.copysign(size, x)


@numba.njit(**INLINED)
def tanh(x: float) -> float:
    """The hyperbolic tangent: error at most 3.8 ulp (float32), 3.8 ulp (float64)."""
    square = x * x
    # tanh(x / 2) = a / b, and tanh x by the formula of the double angle, which forgives an error of a / b near 1.
    a, b = abs(x) * polynomial(square, TANH_ABOVE), polynomial(square, TANH_BELOW)
    return _saturated((a + a) * b / (a * a + b * b), x, constant(x, TANH_LIMIT))


@numba.njit(**INLINED)
def erf(x: float) -> float:
    """The error function: error at most 5.4 ulp (float32), 5.9 ulp (float64)."""
    square = x * x
    size = abs(x) * polynomial(square, ERF_ABOVE) / polynomial(square, ERF_BELOW)
    return _saturated(size, x, constant(x, ERF_LIMIT))
