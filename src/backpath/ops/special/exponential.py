"""Exponentials, logarithms and powers, and the exponential integrals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpath.ops.elementwise import elementwise
from backpath.ops.special.ufuncs import Unknown, special
from backpath.ops.tracing.recording import apply


def _moment_value(x: Any, order: int) -> Any:
    """The integral of t^n exp(x t) over t from 0 to 1: the n-th derivative of exprel."""
    import scipy.special

    dtype = np.asarray(x).dtype
    x = np.asarray(x, float)
    near = (x > -2) & (x < 1)
    with np.errstate(over="ignore", invalid="ignore"):
        inner, outer = np.where(near, x, 0.0), np.where(near, 1.0, x)
        by_parts = np.expm1(outer) / outer
        for n in range(1, order + 1):
            by_parts = (np.exp(outer) - n * by_parts) / outer
    by_parts = np.where(np.isposinf(outer), np.inf, np.where(np.isneginf(outer), 0.0, by_parts))
    series = scipy.special.hyp1f1(order + 1.0, order + 2.0, inner) / (order + 1.0)
    return np.where(near, series, by_parts).astype(dtype)[()]


MOMENT = elementwise(
    "exponential_moment", _moment_value, lambda x, y, order: apply(MOMENT, x, order=order + 1), analytic=False
)
EXPREL = special("exprel", lambda x, y: apply(MOMENT, x, order=1))

special("exp10", lambda x, y: math.log(10.0) * y)
special("cosm1", lambda x, y: -np.sin(x))
special("logit", lambda x, y: 1.0 / (x * (1.0 - x)))
special("expi", lambda x, y: np.exp(x) / x)
special("exp1", lambda x, y: -np.exp(-x) / x)
EXPN = special(
    "expn",
    Unknown("expn", "n"),
    lambda n, x, y: -np.where(n == 0, y * (1.0 + x) / x, apply(EXPN, np.maximum(n - 1, 0), x)),
)
special("powm1", lambda x, p, y: p * x ** (p - 1.0), lambda x, p, y: x**p * np.log(x))


def _by_exponent(log: Any, power: Any) -> Any:
    """(exp(power log) - 1) / power by the power, which at 0 is log^2 / 2."""
    return log * log * apply(MOMENT, power * log, order=1)


special("boxcox", lambda x, p, y: x ** (p - 1.0), lambda x, p, y: _by_exponent(np.log(x), p))
special("boxcox1p", lambda x, p, y: (1.0 + x) ** (p - 1.0), lambda x, p, y: _by_exponent(np.log1p(x), p))

DEGREE = math.pi / 180.0
SINDG = special("sindg", lambda x, y: DEGREE * apply(COSDG, x))
COSDG = special("cosdg", lambda x, y: -DEGREE * apply(SINDG, x))
