"""The incomplete gamma and beta functions and their inverses, whose derivatives are densities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpath.ops.elementwise import elementwise
from backpath.ops.special.gamma import psi, psi_difference
from backpath.ops.special.ufuncs import Unknown, special
from backpath.ops.tracing.recording import apply

LARGE = 150.0
"""From here on gamma(a) comes near overflow, and Stirling's form takes its place."""


def _gamma_density_value(a: Any, x: Any) -> Any:
    import scipy.special

    with np.errstate(all="ignore"):
        value = gamma_density_by(np, scipy.special.gamma, np.asarray(a, float), np.asarray(x, float))
    return value.astype(np.result_type(a, x))[()]


def gamma_density_by(numpy: Any, gamma: Any, a: Any, x: Any) -> Any:
    """x^(a-1) exp(-x) / gamma(a), by halves that stay in range; from a = 150 on by Stirling's series (Loader, 2000).

    Args:
        numpy: a module of NumPy's functions, its own or JAX's.
        gamma: the gamma function there.
        a: of the density.
        x: where it is taken.
    """
    small, big = numpy.minimum(a, LARGE), numpy.maximum(a, LARGE)
    half = x ** (0.5 * (small - 1.0)) * numpy.exp(-0.5 * x)
    direct = half / gamma(small) * half
    less = _log_less_itself(numpy, (x - big) / big)
    correction = 1 / (12 * big) - 1 / (360 * big**3) + 1 / (1260 * big**5)
    stirling = numpy.sqrt(big / (2 * math.pi)) / x * numpy.exp(big * less - correction)
    result = numpy.where(a < LARGE, direct, numpy.where(x == 0, 0.0, stirling))
    return numpy.where(numpy.isposinf(x), 0.0, result)


def _log_less_itself(numpy: Any, t: Any) -> Any:
    """log(1 + t) - t, which about 0 is -t^2 / 2: by the series of 2 atanh(r), r = t / (2 + t)."""
    near = numpy.abs(t) < 0.4
    u = numpy.where(near, t, 0.0)
    r = u / (2.0 + u)
    series = sum(r ** (2 * k) / (2 * k + 3) for k in range(12))
    return numpy.where(near, -r * u + 2.0 * r**3 * series, numpy.log1p(t) - t)


def _beta_density_value(a: Any, b: Any, x: Any) -> Any:
    import scipy.special

    given = (np.asarray(part, float) for part in (a, b, x))
    with np.errstate(all="ignore"):
        value = beta_density_by(np, scipy.special, *given)
    return np.asarray(value).astype(np.result_type(a, b, x))[()]


def beta_density_by(numpy: Any, special: Any, a: Any, b: Any, x: Any) -> Any:
    """x^(a-1) (1-x)^(b-1) / beta(a, b): directly where that stays in range, else by logarithms.

    Args:
        numpy: a module of NumPy's functions, its own or JAX's.
        special: what has ``xlogy``, ``xlog1py``, ``beta`` and ``betaln`` there.
        a: of the density.
        b: likewise.
        x: where it is taken.
    """
    log = special.xlogy(a - 1.0, x) + special.xlog1py(b - 1.0, -x)
    rest = numpy.where(x < 0.5, numpy.exp(special.xlog1py(b - 1.0, -x)), (1.0 - x) ** (b - 1.0))
    direct = x ** (a - 1.0) * rest / special.beta(a, b)
    sure = (numpy.maximum(a, b) < 50) & numpy.isfinite(direct)
    return numpy.where(sure, direct, numpy.exp(log - special.betaln(a, b)))


GAMMA_DENSITY = elementwise(
    "gamma_density",
    _gamma_density_value,
    lambda a, x, y: y * (np.log(x) - psi(a)),
    lambda a, x, y: y * ((a - 1.0 - x) / x),
    analytic=False,
)
BETA_DENSITY = elementwise(
    "beta_density",
    _beta_density_value,
    lambda a, b, x, y: y * (np.log(x) + psi_difference(a, b)),
    lambda a, b, x, y: y * (np.log1p(-x) + psi_difference(b, a)),
    lambda a, b, x, y: y * ((a - 1.0) / x - (b - 1.0) / (1.0 - x)),
    analytic=False,
)


def _gamma(a: Any, x: Any) -> Any:
    return apply(GAMMA_DENSITY, a, x)


def _beta(a: Any, b: Any, x: Any) -> Any:
    return apply(BETA_DENSITY, a, b, x)


special("gammainc", Unknown("gammainc", "a"), lambda a, x, y: _gamma(a, x))
special("gammaincc", Unknown("gammaincc", "a"), lambda a, x, y: -_gamma(a, x))
special("gammaincinv", Unknown("gammaincinv", "a"), lambda a, p, y: 1.0 / _gamma(a, y))
special("gammainccinv", Unknown("gammainccinv", "a"), lambda a, p, y: -1.0 / _gamma(a, y))
_AB = [(Unknown(name, "a"), Unknown(name, "b")) for name in ("betainc", "betaincc", "betaincinv", "betainccinv")]
special("betainc", *_AB[0], lambda a, b, x, y: _beta(a, b, x))
special("betaincc", *_AB[1], lambda a, b, x, y: -_beta(a, b, x))
special("betaincinv", *_AB[2], lambda a, b, p, y: 1.0 / _beta(a, b, y))
special("betainccinv", *_AB[3], lambda a, b, p, y: -1.0 / _beta(a, b, y))
