"""The error functions, the normal distribution's, and their inverses: rules that keep their digits in the tails."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpath.ops.dispatch import UFUNCS
from backpath.ops.elementwise import elementwise
from backpath.ops.slopes import exp_minus_half_square, exp_minus_square, exp_of_square, slope
from backpath.ops.special.hypergeometric import hyp1f1
from backpath.ops.special.ufuncs import special
from backpath.ops.tracing.recording import apply

TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)
SQRT_2 = math.sqrt(2.0)
NEAR = 0.5
"""From here on scaled complementary error functions come from their continued fraction."""


exp_square = slope("exp_square", exp_of_square(1.0), lambda x, y: 2.0 * x * y, analytic=False)


def normal_density(x: Any) -> Any:
    """The standard normal density."""
    return exp_minus_half_square(x) * (1.0 / math.sqrt(2.0 * math.pi))


def _scaled_erfc_value(x: Any, order: int) -> Any:
    """exp(x^2) times the iterated integral i^n erfc(x).

    From 1/2 on by the continued fraction of the ratios r_n = i^n / i^(n-1) = 1 / (2 x + 2 (n + 1) r_(n+1)), in which
    nothing cancels (Gautschi, 1977); below by 2 n i^n = i^(n-2) - 2 x i^(n-1), where little does.
    """
    import scipy.special

    dtype = np.asarray(x).dtype
    x = np.asarray(x, float)
    with np.errstate(over="ignore", invalid="ignore"):
        before, y = np.full(x.shape, TWO_OVER_SQRT_PI), np.asarray(scipy.special.erfcx(x))
        for n in range(1, order + 1):
            before, y = y, (before - 2.0 * x * y) / (2.0 * n)
        far = x >= NEAR
        if order and far.any():
            z = x[far]
            product, ratio = np.asarray(scipy.special.erfcx(z)), np.zeros(z.shape)
            for n in range(int(190.0 / float(z.min()) ** 2) + order + 8, 0, -1):
                ratio = 0.5 / (z + (n + 1) * ratio)
                product = product * ratio if n <= order else product
            y[far] = product
    return y.astype(dtype)[()]


SCALED_ERFC = elementwise(
    "scaled_erfc",
    _scaled_erfc_value,
    lambda x, y, order: -2.0 * (order + 1) * apply(SCALED_ERFC, x, order=order + 1),
    analytic=False,
)


def erfcx(x: Any) -> Any:
    """exp(x^2) erfc(x)."""
    return apply(SCALED_ERFC, x, order=0)


UFUNCS["erfcx"] = erfcx


def hazard(x: Any) -> Any:
    """The normal density over the distribution function, which is the derivative of log_ndtr."""
    below = x < 0
    low, high = np.where(below, x, -1.0), np.where(below, 0.0, x)
    tail = math.sqrt(2.0 / math.pi) / erfcx(low * (-1.0 / SQRT_2))
    return np.where(below, tail, normal_density(high) / UFUNCS["ndtr"](high))


def _of_erf(distance: Any, y: Any) -> Any:
    """exp(y^2) where erfc(|y|) = ``distance``: in the tails by erfcx, whose operand's rounding is not magnified."""
    near = np.abs(y) < 0.5
    inner, outer = np.where(near, y, 0.0), np.where(near, 1.0, np.abs(y))
    return np.where(near, exp_square(inner), erfcx(outer) / np.where(near, 1.0, distance))


HALF_SQRT_PI = 0.5 * math.sqrt(math.pi)

ERFC = special("erfc", lambda x, y: -TWO_OVER_SQRT_PI * exp_minus_square(x))
ERFI = special("erfi", lambda x, y: TWO_OVER_SQRT_PI * exp_square(x))
ERFINV = special("erfinv", lambda x, y: HALF_SQRT_PI * _of_erf(1.0 - np.abs(x), y))
ERFCINV = special("erfcinv", lambda x, y: -HALF_SQRT_PI * _of_erf(np.where(x < 1, x, 2.0 - x), y))
LOG_NDTR = special("log_ndtr", lambda x, y: hazard(x))


def _ndtri_slope(p: Any, y: Any) -> Any:
    """One over the density, which is the smaller tail's probability times the hazard there."""
    below = p < 0.5
    return 1.0 / (np.where(below, p, 1.0 - p) * hazard(np.where(below, y, -y)))


NDTRI = special("ndtri", _ndtri_slope)


special("dawsn", lambda x, y: hyp1f1(1.0, 0.5, -x * x))
