"""The 35 problems of Moré, Garbow and Hillstrom, "Testing unconstrained optimization software", 1981, by number.

Each is a sum of squares of residuals, with the standard starting point and the minima that the paper gives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, pi, sqrt
from typing import Any

import numpy as np

import backpath as bp


@dataclass(frozen=True)
class Problem:
    """Residuals, where to start, and the least sums of squares: at the global minimum, and at other ones if any."""

    residuals: Callable[[Any], Any]
    start: Any
    minima: tuple[float, ...]


def numbers(text):
    return np.array([float(word) for word in text.split()])


def counted(n):
    return np.arange(1.0, n + 1)


def joined(*parts):
    return np.concatenate([np.reshape(part, (-1,)) for part in parts])


def powell_singular(x):
    a, b, c, d = x[0::4], x[1::4], x[2::4], x[3::4]
    return joined(a + 10 * b, sqrt(5) * (c - d), (b - 2 * c) ** 2, sqrt(10) * (a - d) ** 2)


def rosenbrock(x):
    return joined(10 * (x[1::2] - x[0::2] ** 2), 1 - x[0::2])


def helical_valley(x):
    turned = np.arctan(x[1] / x[0]) / (2 * pi)
    angle = bp.cond(x[0] > 0, lambda: turned, lambda: turned + 0.5)
    return joined(10 * (x[2] - 10 * angle), 10 * (np.sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2])


BARD = numbers("0.14 0.18 0.22 0.25 0.29 0.32 0.35 0.39 0.37 0.58 0.73 0.96 1.34 2.10 4.39")


def bard(x):
    u = counted(15)
    v = 16 - u
    return BARD - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


HALF = numbers("0.0009 0.0044 0.0175 0.0540 0.1295 0.2420 0.3521")
GAUSSIAN = np.concatenate([HALF, [0.3989], HALF[::-1]])


def gaussian(x):
    t = (8 - counted(15)) / 2
    return x[0] * np.exp(-x[1] * (t - x[2]) ** 2 / 2) - GAUSSIAN


MEYER = numbers("34780 28610 23650 19630 16370 13720 11540 9744 8261 7030 6005 5147 4427 3820 3307 2872")


def gulf(x):
    t = counted(99) / 100
    y = 25 + (-50 * np.log(t)) ** (2 / 3)
    return np.exp(-(np.abs(y - x[1]) ** x[2]) / x[0]) - t


def box(x):
    t = counted(10) / 10
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def wood(x):
    a, b, c, d = x
    parts = 10 * (b - a**2), 1 - a, sqrt(90) * (d - c**2), 1 - c, sqrt(10) * (b + d - 2), (b - d) / sqrt(10)
    return joined(*parts)


KOWALIK = numbers("0.1957 0.1947 0.1735 0.1600 0.0844 0.0627 0.0456 0.0342 0.0323 0.0235 0.0246")
OSBORNE_U = numbers("4 2 1 0.5 0.25 0.167 0.125 0.1 0.0833 0.0714 0.0625")


def kowalik(x):
    u = OSBORNE_U
    return KOWALIK - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def brown_dennis(x):
    t = counted(20) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


OSBORNE_1 = numbers(
    """0.844 0.908 0.932 0.936 0.925 0.908 0.881 0.850 0.818 0.784 0.751 0.718 0.685 0.658 0.628 0.603 0.580 0.558
    0.538 0.522 0.506 0.490 0.478 0.467 0.457 0.448 0.438 0.431 0.424 0.420 0.414 0.411 0.406"""
)
OSBORNE_2 = numbers(
    """1.366 1.191 1.112 1.013 0.991 0.885 0.831 0.847 0.786 0.725 0.746 0.679 0.608 0.655 0.616 0.606 0.602 0.626 0.651
    0.724 0.649 0.649 0.694 0.644 0.624 0.661 0.612 0.558 0.533 0.495 0.500 0.423 0.395 0.375 0.372 0.391 0.396 0.405
    0.428 0.429 0.523 0.562 0.607 0.653 0.672 0.708 0.633 0.668 0.645 0.632 0.591 0.559 0.597 0.625 0.739 0.710 0.729
    0.720 0.636 0.581 0.428 0.292 0.162 0.098 0.054"""
)


def osborne_1(x):
    t = 10 * np.arange(33.0)
    return OSBORNE_1 - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def osborne_2(x):
    t = np.arange(65.0) / 10
    bells = sum(x[k] * np.exp(-((t - x[k + 7]) ** 2) * x[k + 4]) for k in (1, 2, 3))
    return OSBORNE_2 - (x[0] * np.exp(-t * x[4]) + bells)


def biggs(x):
    t = counted(13) / 10
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    return x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y


def watson(x):
    n, t = x.shape[0], counted(29) / 29
    powers = t[:, None] ** np.arange(n)
    slope = powers[:, :-1] @ (np.arange(1.0, n) * x[1:])
    return joined(slope - (powers @ x) ** 2 - 1, x[0], x[1] - x[0] ** 2 - 1)


def penalty_1(x):
    return joined(sqrt(1e-5) * (x - 1), (x**2).sum() - 0.25)


def penalty_2(x):
    n = x.shape[0]
    i = np.arange(2.0, n + 1)
    y = np.exp(i / 10) + np.exp((i - 1) / 10)
    near = np.exp(x[1:] / 10) + np.exp(x[:-1] / 10) - y
    small = sqrt(1e-5)
    last = (np.arange(n, 0.0, -1) * x**2).sum() - 1
    return joined(x[0] - 0.2, small * near, small * (np.exp(x[1:] / 10) - exp(-0.1)), last)


def variably_dimensioned(x):
    weighted = (counted(x.shape[0]) * (x - 1)).sum()
    return joined(x - 1, weighted, weighted**2)


def trigonometric(x):
    n = x.shape[0]
    return n - np.cos(x).sum() + counted(n) * (1 - np.cos(x)) - np.sin(x)


def brown_almost_linear(x):
    n = x.shape[0]
    product = bp.scan(lambda p, entry: (p * entry, None), 1.0, x)[0]
    return joined(x[:-1] + x.sum() - (n + 1), product - 1)


def boundary_value(x):
    n = x.shape[0]
    h = 1 / (n + 1)
    wide = np.pad(x, 1)
    return 2 * x - wide[:-2] - wide[2:] + h**2 * (x + h * counted(n) + 1) ** 3 / 2


def integral_equation(x):
    n = x.shape[0]
    t = counted(n) / (n + 1)
    cubes = (x + t + 1) ** 3
    kernel = np.where(t <= t[:, None], (1 - t[:, None]) * t, t[:, None] * (1 - t))
    return x + kernel @ cubes / (2 * (n + 1))


def broyden_tridiagonal(x):
    wide = np.pad(x, 1)
    return (3 - 2 * x) * x - wide[:-2] - 2 * wide[2:] + 1


def broyden_banded(x):
    i = np.arange(x.shape[0])
    near = (i >= i[:, None] - 5) & (i <= i[:, None] + 1) & (i != i[:, None])
    return x * (2 + 5 * x**2) + 1 - near.astype(float) @ (x * (1 + x))


def linear(x):
    """Full rank; m = 20."""
    total = 2 / 20 * x.sum()
    return joined(x - total - 1, np.ones(20 - x.shape[0]) * (-total - 1))


def linear_rank_1(x):
    return counted(20) * (counted(x.shape[0]) * x).sum() - 1


def linear_rank_1_with_zeros(x):
    inner = (np.arange(2.0, x.shape[0]) * x[1:-1]).sum()
    return joined(-1.0, np.arange(1.0, 19) * inner - 1, -1.0)


def chebyquad(x):
    n = x.shape[0]
    i = counted(n)
    integrals = np.where(i % 2 == 0, -1 / np.where(i == 1, 2, i**2 - 1), 0.0)
    y = 2 * x - 1

    def next_polynomial(carry, _):
        before, now = carry
        return (now, 2 * y * now - before), now.mean()

    means = bp.scan(next_polynomial, (np.ones(n) + 0 * y, y), length=n)[1]
    return means - integrals


TRIANGLE = np.arange(1.0, 11) / 11

PROBLEMS = {
    "1 Rosenbrock": Problem(rosenbrock, (-1.2, 1), (0,)),
    "2 Freudenstein and Roth": Problem(
        lambda x: joined(-13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1], -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1]),
        (0.5, -2),
        (0, 48.9842),
    ),
    "3 Powell badly scaled": Problem(
        lambda x: joined(1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001), (0, 1), (0,)
    ),
    "4 Brown badly scaled": Problem(lambda x: joined(x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2), (1, 1), (0,)),
    "5 Beale": Problem(
        lambda x: np.array([1.5, 2.25, 2.625]) - x[0] * (1 - np.stack([x[1], x[1] ** 2, x[1] ** 3])), (1, 1), (0,)
    ),
    "6 Jennrich and Sampson": Problem(
        lambda x: 2 + 2 * counted(10) - (np.exp(counted(10) * x[0]) + np.exp(counted(10) * x[1])),
        (0.3, 0.4),
        (124.362,),
    ),
    "7 helical valley": Problem(helical_valley, (-1, 0, 0), (0,)),
    "8 Bard": Problem(bard, (1, 1, 1), (8.21487e-3,)),
    "9 Gaussian": Problem(gaussian, (0.4, 1, 0), (1.12793e-8,)),
    "10 Meyer": Problem(
        lambda x: x[0] * np.exp(x[1] / (45 + 5 * counted(16) + x[2])) - MEYER, (0.02, 4000, 250), (87.9458,)
    ),
    "11 Gulf research": Problem(gulf, (5, 2.5, 0.15), (0,)),
    "12 Box": Problem(box, (0, 10, 20), (0,)),
    "13 Powell singular": Problem(powell_singular, (3, -1, 0, 1), (0,)),
    "14 Wood": Problem(wood, (-3, -1, -3, -1), (0,)),
    "15 Kowalik and Osborne": Problem(kowalik, (0.25, 0.39, 0.415, 0.39), (3.07505e-4,)),
    "16 Brown and Dennis": Problem(brown_dennis, (25, 5, -5, -1), (85822.2,)),
    "17 Osborne 1": Problem(osborne_1, (0.5, 1.5, -1, 0.01, 0.02), (5.46489e-5,)),
    "18 Biggs": Problem(biggs, (1, 2, 1, 1, 1, 1), (0, 5.65565e-3)),
    "19 Osborne 2": Problem(osborne_2, (1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5), (4.01377e-2,)),
    "20 Watson, 6": Problem(watson, np.zeros(6), (2.28767e-3,)),
    "20 Watson, 9": Problem(watson, np.zeros(9), (1.39976e-6,)),
    "20 Watson, 12": Problem(watson, np.zeros(12), (4.72238e-10,)),
    "21 extended Rosenbrock": Problem(rosenbrock, [-1.2, 1] * 5, (0,)),
    "22 extended Powell singular": Problem(powell_singular, [3, -1, 0, 1] * 3, (0,)),
    "23 penalty I, 4": Problem(penalty_1, counted(4), (2.24997e-5,)),
    "23 penalty I, 10": Problem(penalty_1, counted(10), (7.08765e-5,)),
    "24 penalty II, 4": Problem(penalty_2, np.full(4, 0.5), (9.37629e-6,)),
    "24 penalty II, 10": Problem(penalty_2, np.full(10, 0.5), (2.93660e-4,)),
    "25 variably dimensioned": Problem(variably_dimensioned, 1 - counted(10) / 10, (0,)),
    "26 trigonometric": Problem(trigonometric, np.full(10, 0.1), (0, 2.79506e-5)),
    "27 Brown almost linear": Problem(brown_almost_linear, np.full(10, 0.5), (0, 1)),
    "28 discrete boundary value": Problem(boundary_value, TRIANGLE * (TRIANGLE - 1), (0,)),
    "29 discrete integral equation": Problem(integral_equation, TRIANGLE * (TRIANGLE - 1), (0,)),
    "30 Broyden tridiagonal": Problem(broyden_tridiagonal, -np.ones(10), (0,)),
    "31 Broyden banded": Problem(broyden_banded, -np.ones(10), (0,)),
    "32 linear, full rank": Problem(linear, np.ones(10), (10,)),
    "33 linear, rank 1": Problem(linear_rank_1, np.ones(10), (20 * 19 / (2 * 41),)),
    "34 linear, rank 1, zero columns and rows": Problem(
        linear_rank_1_with_zeros, np.ones(10), ((20**2 + 3 * 20 - 6) / (2 * 37),)
    ),
    "35 Chebyquad, 7": Problem(chebyquad, counted(7) / 8, (0,)),
    "35 Chebyquad, 8": Problem(chebyquad, counted(8) / 9, (3.51687e-3,)),
    # The paper gives the first one; Newton's method finds a lower one from the same start.
    "35 Chebyquad, 10": Problem(chebyquad, counted(10) / 11, (6.50395e-3, 4.77271e-3)),
}
