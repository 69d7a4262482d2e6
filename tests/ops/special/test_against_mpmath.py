"""SciPy's special functions: first derivatives to the last digits, second ones right, by mpmath, tails included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special as sp

import backpath as bp
import backpath.scipy as bs

mp = mpmath.mp.clone()
mp.dps = 80
RNG = np.random.default_rng(0)
COUNT = 6


def among(low, high):
    return RNG.uniform(low, high, COUNT)


def orders(low, high):
    """Numbers of all sizes between two powers of ten."""
    return 10.0 ** RNG.uniform(low, high, COUNT)


@dataclass(frozen=True)
class Case:
    """A function with mpmath's, where to try it, and how far its slopes may be off.

    Attributes:
        ours: on arrays and traced values.
        theirs: of one number.
        at: the points.
        ulp: of the first derivative.
        why: a reason where it is more than 8.
        second: the relative error of the second derivative.
        inverse: whether ``theirs`` is the inverse function.
    """

    ours: Callable[[Any], Any]
    theirs: Callable[[Any], Any]
    at: tuple[np.ndarray, ...]
    ulp: float = 8.0
    why: str = ""
    second: float = 1e-12
    inverse: bool = False


SCIPY = "SciPy's own value, which is a factor of it"
ROOTS = "SciPy's own values near their roots"


def first(function, *known):
    """The function by its last operand, at known others."""
    return lambda x: function(*known, x)


def last(function, *known):
    """The function by its first operand, at known others."""
    return lambda x: function(x, *known)


def log_ndtr(x):
    return mp.log1p(-mp.ncdf(-x)) if x > 0 else mp.log(mp.ncdf(x))


def gammainc(a):
    return lambda x: mp.gammainc(a, 0, x, regularized=True)


def betainc(a, b):
    return lambda x: mp.betainc(a, b, 0, x, regularized=True)


def bessel(function, v, scale=0):
    return lambda x: function(v, x) * mp.exp(scale * x)


POSITIVE = (among(0.01, 3), among(3, 60))
FEW = (among(0.1, 60)[:3],)
"""Where mpmath takes long."""
E = 1 / np.e

CASES = {
    # gamma
    "gamma": Case(sp.gamma, mp.gamma, (among(0.1, 5), among(5, 170), orders(-8, 0))),
    "gamma, negative": Case(sp.gamma, mp.gamma, (among(-0.9, -0.6), among(-3.45, -3.05)), 100, ROOTS),
    "rgamma": Case(sp.rgamma, mp.rgamma, (among(0.1, 5), among(5, 50)), second=1e-11),
    "gammaln": Case(sp.gammaln, mp.loggamma, (among(0.1, 5), orders(-8, 8))),
    "loggamma": Case(sp.loggamma, mp.loggamma, (among(0.1, 5), orders(-8, 8))),
    "psi": Case(sp.psi, lambda x: mp.psi(0, x), (among(0.1, 5), orders(-8, 8), among(-8, -7))),
    "polygamma 2": Case(lambda x: bs.special.polygamma(2, x), lambda x: mp.psi(2, x), (among(0.1, 5), orders(-3, 3))),
    "multigammaln": Case(
        lambda x: bs.special.multigammaln(x, 3),
        lambda x: sum(mp.loggamma(x - mp.mpf(j) / 2) for j in range(3)) + 1.5 * mp.log(mp.pi),
        (among(1.1, 5), orders(0.5, 5)),
    ),
    "factorial": Case(bs.special.factorial, mp.factorial, (among(0, 5), among(5, 160))),
    "beta": Case(last(sp.beta, 2.5), lambda x: mp.beta(x, 2.5), (among(0.1, 5), orders(-5, 0)), 20, SCIPY),
    "beta, large": Case(last(sp.beta, 0.5), lambda x: mp.beta(x, 0.5), (among(100, 900),), 1e4, SCIPY, 1e-11),
    "betaln": Case(
        last(sp.betaln, 0.5), lambda x: mp.log(mp.beta(x, 0.5)), (among(0.1, 5), orders(-5, 3)), second=1e-10
    ),
    "betaln by b": Case(first(sp.betaln, 3.0), lambda x: mp.log(mp.beta(x, 3)), (orders(-3, 2),), second=1e-10),
    "poch": Case(last(sp.poch, 0.5), lambda x: mp.rf(x, 0.5), (among(0.1, 5),), 40, SCIPY),
    "poch by m": Case(first(sp.poch, 3.0), lambda x: mp.rf(3, x), (among(0.1, 5),), 40, SCIPY),
    "binom": Case(last(sp.binom, 2.5), lambda x: mp.binomial(x, 2.5), (among(3, 30),), 60, SCIPY),
    "binom by k": Case(first(sp.binom, 30.0), lambda x: mp.binomial(30, x), (among(1, 12),), 60, SCIPY),
    "zeta": Case(first(sp.zeta, 3.0), lambda q: mp.zeta(3, q), (orders(-2, 3),)),
    # incomplete
    **{
        f"gammainc {a}": Case(first(sp.gammainc, a), gammainc(a), (a * among(0.5, 1.5),))
        for a in (0.5, 3.0, 30.0, 140.0)
    },
    "gammainc 1e4": Case(
        first(sp.gammainc, 1e4), gammainc(1e4), (1e4 + 100 * among(-3, 3),), 40, "exp magnifies its operand's rounding"
    ),
    "gammaincc": Case(first(sp.gammaincc, 3.0), lambda x: mp.gammainc(3, x, regularized=True), (among(0.1, 9),)),
    "gammaincinv": Case(first(sp.gammaincinv, 3.0), gammainc(3), (among(0.05, 0.9),), inverse=True),
    "gammainccinv": Case(
        first(sp.gammainccinv, 3.0), lambda x: mp.gammainc(3, x, regularized=True), (among(0.1, 0.9),), inverse=True
    ),
    "betainc": Case(first(sp.betainc, 2.0, 3.5), betainc(2, 3.5), (among(0.05, 0.95),), second=1e-11),
    "betainc, narrow": Case(first(sp.betainc, 20.0, 30.0), betainc(20, 30), (among(0.2, 0.9),), 40, SCIPY, 1e-11),
    "betaincc": Case(first(sp.betaincc, 2.0, 3.5), lambda x: -betainc(2, 3.5)(x), (among(0.05, 0.95),), second=1e-11),
    "betaincinv": Case(
        first(sp.betaincinv, 2.0, 3.5), betainc(2, 3.5), (among(0.05, 0.9),), second=1e-11, inverse=True
    ),
    "betainccinv": Case(
        first(sp.betainccinv, 2.0, 3.5),
        lambda x: 1 - betainc(2, 3.5)(x),
        (among(0.1, 0.9),),
        second=1e-11,
        inverse=True,
    ),
    # error functions
    "erfc": Case(sp.erfc, mp.erfc, (among(-6, 1), among(1, 26))),
    "erfcx": Case(
        sp.erfcx, lambda x: mp.exp(x * x) * mp.erfc(x), (among(-3, 0.5), among(0.5, 2), among(2, 26), orders(1, 8)), 9
    ),
    "erfi": Case(sp.erfi, mp.erfi, (among(-3, 3), among(3, 26))),
    "dawsn": Case(
        sp.dawsn,
        lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
        (among(-3, 3), among(3, 30)),
        80,
        "SciPy's hyp1f1 near 6",
    ),
    "log_ndtr": Case(sp.log_ndtr, log_ndtr, (among(-40, -1), among(-1, 1), among(1, 30)), second=1e-11),
    "ndtri": Case(sp.ndtri, mp.ncdf, (among(0.01, 0.99), orders(-140, -1)), second=1e-11, inverse=True),
    "erfinv": Case(
        sp.erfinv, mp.erf, (among(-0.9, 0.9), 1 - orders(-15, -1), orders(-8, -1)), second=1e-11, inverse=True
    ),
    "erfcinv": Case(
        sp.erfcinv, mp.erfc, (among(0.05, 1.9), orders(-140, -1), 2 - orders(-14, -1)), second=1e-11, inverse=True
    ),
    # exponentials and logarithms
    "exprel": Case(
        sp.exprel, lambda x: mp.expm1(x) / x, (among(-3, 3), among(-700, -3), among(3, 700), orders(-8, -1)), 9
    ),
    "exp10": Case(sp.exp10, lambda x: mp.power(10, x), (among(-300, 300),)),
    "cosm1": Case(sp.cosm1, lambda x: mp.cos(x) - 1, (among(-3, 3), orders(-8, 0))),
    "logit": Case(sp.logit, lambda p: mp.log(p / (1 - p)), (among(0.05, 0.95), orders(-100, -1), 1 - orders(-9, -1))),
    "expi": Case(sp.expi, mp.ei, POSITIVE),
    "exp1": Case(sp.exp1, mp.e1, POSITIVE),
    "expn": Case(lambda x: sp.expn(3, x), lambda x: mp.expint(3, x), POSITIVE),
    "expn of order 0": Case(lambda x: sp.expn(0, x), lambda x: mp.exp(-x) / x, POSITIVE),
    "boxcox": Case(last(sp.boxcox, 0.3), lambda x: (x ** mp.mpf(0.3) - 1) / mp.mpf(0.3), (orders(-5, 5),)),
    "boxcox by lambda": Case(
        first(sp.boxcox, 2.0), lambda p: mp.expm1(p * mp.log(2)) / p, (among(-5, 5), orders(-9, -1))
    ),
    "boxcox1p": Case(last(sp.boxcox1p, 0.3), lambda x: ((1 + x) ** mp.mpf(0.3) - 1) / mp.mpf(0.3), (among(-0.5, 5),)),
    "boxcox1p by lambda": Case(
        first(sp.boxcox1p, 2.0), lambda p: mp.expm1(p * mp.log(3)) / p, (among(-5, 5), orders(-9, -1))
    ),
    "powm1": Case(last(sp.powm1, 0.3), lambda x: x ** mp.mpf(0.3) - 1, (orders(-5, 5),)),
    "powm1 by the exponent": Case(first(sp.powm1, 3.0), lambda x: mp.power(3, x) - 1, (among(-5, 5),)),
    "sindg": Case(sp.sindg, lambda x: mp.sin(mp.radians(x)), (among(1, 179),)),
    "cosdg": Case(sp.cosdg, lambda x: mp.cos(mp.radians(x)), (among(1, 179),)),
    "spence": Case(sp.spence, lambda x: mp.re(mp.polylog(2, 1 - x)), (among(0.05, 1.9), 1 + orders(-8, -1))),
    # entropies
    "xlogy": Case(last(sp.xlogy, 2.0), lambda x: x * mp.log(2), (among(0, 5),)),
    "xlogy by y": Case(first(sp.xlogy, 2.0), lambda y: 2 * mp.log(y), (orders(-5, 5),)),
    "xlog1py": Case(last(sp.xlog1py, 2.0), lambda x: x * mp.log(3), (among(0, 5),)),
    "xlog1py by y": Case(first(sp.xlog1py, 2.0), lambda y: 2 * mp.log1p(y), (orders(-5, 5), -among(0.1, 0.9))),
    "entr": Case(sp.entr, lambda x: -x * mp.log(x), (among(0.01, 5), orders(-100, -1), E * (1 + orders(-14, -1)))),
    "rel_entr": Case(last(sp.rel_entr, 2.0), lambda x: x * mp.log(x / 2), (among(0.01, 5), 2 * E + orders(-14, -1))),
    "rel_entr by y": Case(first(sp.rel_entr, 2.0), lambda y: -2 * mp.log(y / 2), (orders(-5, 5),)),
    "kl_div": Case(last(sp.kl_div, 2.0), lambda x: x * mp.log(x / 2) - x + 2, (among(0.01, 5), 2 + orders(-14, -1))),
    "kl_div by y": Case(first(sp.kl_div, 2.0), lambda y: y - 2 * mp.log(y), (among(0.01, 5), 2 + orders(-14, -1))),
    "huber": Case(first(sp.huber, 2.0), lambda r: r * r / 2 if abs(r) < 2 else 2 * abs(r), (among(-5, 5),)),
    "huber by delta": Case(last(sp.huber, 2.0), lambda d: mp.mpf(2) if d > 2 else d * (2 - d / 2), (among(0.1, 5),)),
    "pseudo_huber": Case(
        first(sp.pseudo_huber, 2.0), lambda r: 4 * mp.sqrt(1 + (r / 2) ** 2), (orders(-3, 2),), second=1e-9
    ),
    "pseudo_huber by delta": Case(
        last(sp.pseudo_huber, 2.0), lambda d: d * d * (mp.sqrt(1 + (2 / d) ** 2) - 1), (orders(-2, 2),), second=1e-9
    ),
    # Bessel functions
    "j0": Case(sp.j0, bessel(mp.besselj, 0), POSITIVE, 3000, ROOTS, 1e-11),
    "j1": Case(sp.j1, bessel(mp.besselj, 1), POSITIVE, 3000, ROOTS, 1e-11),
    "jv": Case(first(sp.jv, 2.5), bessel(mp.besselj, 2.5), POSITIVE, 3000, ROOTS, 1e-11),
    "y0": Case(sp.y0, bessel(mp.bessely, 0), POSITIVE, 3000, ROOTS, 1e-11),
    "y1": Case(sp.y1, bessel(mp.bessely, 1), POSITIVE, 3000, ROOTS, 1e-11),
    "yn": Case(lambda x: sp.yn(2, x), bessel(mp.bessely, 2), POSITIVE, 3000, ROOTS, 1e-11),
    "yv": Case(first(sp.yv, 2.5), bessel(mp.bessely, 2.5), POSITIVE, 3000, ROOTS, 1e-11),
    "i0": Case(sp.i0, bessel(mp.besseli, 0), POSITIVE),
    "i1": Case(sp.i1, bessel(mp.besseli, 1), POSITIVE),
    "iv": Case(first(sp.iv, 2.5), bessel(mp.besseli, 2.5), POSITIVE, 12, SCIPY),
    "k0": Case(sp.k0, bessel(mp.besselk, 0), FEW),
    "k1": Case(sp.k1, bessel(mp.besselk, 1), FEW),
    "kn": Case(lambda x: sp.kn(2, x), bessel(mp.besselk, 2), FEW),
    "kv": Case(first(sp.kv, 2.5), bessel(mp.besselk, 2.5), POSITIVE),
    "i0e": Case(sp.i0e, bessel(mp.besseli, 0, -1), POSITIVE, 20, "SciPy's hyp1f1"),
    "i1e": Case(sp.i1e, bessel(mp.besseli, 1, -1), POSITIVE, 200, "SciPy's hyp1f1, near the root of the slope"),
    "ive": Case(
        first(sp.ive, 2.5), bessel(mp.besseli, 2.5, -1), POSITIVE, 3000, "a difference, of which x digits cancel", 1e-10
    ),
    "k0e": Case(sp.k0e, bessel(mp.besselk, 0, 1), FEW, 1000, "a difference that loses a factor of x", 1e-9),
    "k1e": Case(sp.k1e, bessel(mp.besselk, 1, 1), FEW, 1000, "a difference that loses a factor of x", 1e-9),
    "kve": Case(first(sp.kve, 2.5), bessel(mp.besselk, 2.5, 1), POSITIVE, 1000, "as k0e", 1e-9),
    # hypergeometric
    "hyp0f1": Case(first(sp.hyp0f1, 2.5), lambda x: mp.hyp0f1(2.5, x), (among(-5, 20),), 20, SCIPY),
    "hyp1f1": Case(first(sp.hyp1f1, 1.5, 2.5), lambda x: mp.hyp1f1(1.5, 2.5, x), (among(-9, 9),), 40, SCIPY),
    "hyp2f1": Case(
        first(sp.hyp2f1, 0.5, 1.5, 2.5), lambda x: mp.hyp2f1(0.5, 1.5, 2.5, x), (among(-3, 0.9),), 40, SCIPY
    ),
    "ellipk": Case(sp.ellipk, mp.ellipk, (among(-0.9, 0.9), orders(-8, -1)), 20, "SciPy's hyp2f1"),
    "ellipe": Case(sp.ellipe, mp.ellipe, (among(-0.9, 0.9), orders(-8, -1)), 20, "SciPy's hyp2f1"),
}


STEP = mp.mpf(10) ** -18


def differences(f, x):
    """The first and second derivative by central differences in 80 digits, with the step a part of x."""
    h = STEP * x
    above, here, below = f(x + h), f(x), f(x - h)
    return (above - below) / (2 * h), (above - 2 * here + below) / h**2


def slopes(case, x):
    """The first and second derivative of the function at x."""
    if not case.inverse:
        return differences(case.theirs, mp.mpf(x))
    y = mp.mpf(float(case.ours(x)))
    for _ in range(4):
        y -= (case.theirs(y) - x) / differences(case.theirs, y)[0]
    one, two = differences(case.theirs, y)
    return 1 / one, -two / one**3


@pytest.mark.parametrize("name", CASES)
def test_slopes(name):
    case = CASES[name]
    x = np.concatenate(case.at)
    ours = bp.grad(lambda x: np.sum(case.ours(x)))
    found = ours(x), bp.grad(lambda x: np.sum(ours(x)))(x)
    for k, point in enumerate(x):
        one, two = slopes(case, float(point))
        size = float(one)
        assert abs(mp.mpf(float(found[0][k])) - one) <= case.ulp * mp.mpf(float(np.spacing(abs(size)))), (point, size)
        scale = max(abs(two), abs(one) * mp.mpf(10) ** -3)
        assert abs(mp.mpf(float(found[1][k])) - two) <= case.second * scale, (point, float(two))


def test_limits_above_eight_ulp_have_a_reason():
    assert all(case.why for case in CASES.values() if case.ulp > 9)
