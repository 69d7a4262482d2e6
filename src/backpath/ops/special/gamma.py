"""The gamma and beta functions, their logarithms and the polygamma functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpath.graph import TraceError
from backpath.ops.dispatch import UFUNCS
from backpath.ops.elementwise import elementwise, floating
from backpath.ops.primitive import spec_of
from backpath.ops.special.ufuncs import Unknown, special
from backpath.ops.tracing.recording import apply

SHIFT = 15
"""From here on the asymptotic series of digamma is exact to the last digit with eight terms."""

BERNOULLI = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12, -3617 / 8160)
"""B_2k / 2k."""


def _polygamma_value(x: Any, n: int) -> Any:
    import scipy.special

    return np.asarray(scipy.special.polygamma(n, x)).astype(floating(spec_of(x).dtype), copy=False)[()]


def _psi_difference_value(a: Any, b: Any) -> Any:
    import scipy.special

    return np.asarray(psi_difference_by(np, scipy.special.psi, a, b)).astype(np.result_type(a, b), copy=False)[()]


def psi_difference_by(numpy: Any, psi: Any, a: Any, b: Any) -> Any:
    """psi(a + b) - psi(a) without a difference where both are positive: by the recurrence, then by the series.

    Args:
        numpy: a module of NumPy's functions, its own or JAX's.
        psi: the digamma function there.
        a: where psi is taken.
        b: how far from there.
    """
    ok = (a > 0) & (b >= 0)
    low, step = numpy.where(ok, a, 1.0), numpy.where(ok, b, 0.0)
    total = sum(step / ((low + j) * (low + step + j)) for j in range(SHIFT))
    low = low + SHIFT
    high = low + step
    u2, v2 = 1 / (low * low), 1 / (high * high)
    first = step * (low + high) * u2 * v2
    total = total + numpy.log1p(step / low) + 0.5 * step / (low * high)
    power, v_power = first, v2
    for coefficient in BERNOULLI:
        total = total + coefficient * power
        power, v_power = u2 * power + v_power * first, v_power * v2
    return numpy.where(ok, total, psi(numpy.where(ok, 1.0, a + b)) - psi(numpy.where(ok, 1.0, a)))


POLYGAMMA = elementwise("polygamma", _polygamma_value, lambda x, y, n: apply(POLYGAMMA, x, n=n + 1), analytic=False)
PSI = special("psi", lambda x, y: apply(POLYGAMMA, x, n=1))
PSI_DIFFERENCE = elementwise(
    "psi_difference",
    _psi_difference_value,
    lambda a, b, y: polygamma(1, a + b) - polygamma(1, a),
    lambda a, b, y: polygamma(1, a + b),
    analytic=False,
)


def psi(x: Any) -> Any:
    """The digamma function."""
    return apply(PSI, x)


def psi_difference(a: Any, b: Any) -> Any:
    """psi(a + b) - psi(a), to the last digits where a and b are positive."""
    return apply(PSI_DIFFERENCE, a, b)


def _at_pole(x: Any) -> Any:
    return np.logical_and(x <= 0, x == np.floor(x))


def _rgamma_slope(x: Any, y: Any) -> Any:
    """-psi / gamma; at the poles of gamma its limit, (-1)^n n! at -n."""
    pole = _at_pole(x)
    n = np.where(pole, -x, 1.0)
    limit = np.cos(math.pi * n) * apply(GAMMA, n + 1.0)
    return np.where(pole, limit, -y * psi(np.where(pole, 1.0, x)))


GAMMA = special("gamma", lambda x, y: y * psi(x))
RGAMMA = special("rgamma", _rgamma_slope)
GAMMALN = special("gammaln", lambda x, y: psi(x))
LOGGAMMA = special("loggamma", lambda x, y: psi(x))
GAMMASGN = special("gammasgn", None)
BETA = special("beta", lambda a, b, y: -y * psi_difference(a, b), lambda a, b, y: -y * psi_difference(b, a))
BETALN = special("betaln", lambda a, b, y: -psi_difference(a, b), lambda a, b, y: -psi_difference(b, a))
POCH = special("poch", lambda a, m, y: y * psi_difference(a, m), lambda a, m, y: y * psi(a + m))
BINOM = special(
    "binom",
    lambda n, k, y: y * psi_difference(n - k + 1.0, k),
    lambda n, k, y: y * (psi(n - k + 1.0) - psi(k + 1.0)),
)
HURWITZ = special(
    "hurwitz_zeta",
    Unknown("zeta", "x"),
    lambda x, q, y: -x * apply(HURWITZ, x + 1.0, q),
    value=lambda x, q: _zeta(x, q),
    ufunc="_zeta",
)
special("riemann_zeta", Unknown("zeta", "x"), value=lambda x: _zeta(x), ufunc="_riemann_zeta")
UFUNCS["digamma"] = UFUNCS["psi"]


def _zeta(*operands: Any) -> Any:
    import scipy.special

    return scipy.special.zeta(*operands)


def polygamma(n: int, x: Any) -> Any:
    """``scipy.special.polygamma``: the n-th derivative of the digamma function, on arrays and traced values.

    Args:
        n: a known integer, 0 or more.
        x: any shape.

    Raises:
        TraceError: if n is traced or no such integer.

    >>> import math
    >>> math.isclose(polygamma(1, 1.0), math.pi**2 / 6)
    True
    """
    if not isinstance(n, (int, np.integer)) or n < 0:
        raise TraceError(f"polygamma: n={n!r} must be a known integer that is not negative")
    return psi(x) if n == 0 else apply(POLYGAMMA, x, n=int(n))


def multigammaln(a: Any, d: int) -> Any:
    """``scipy.special.multigammaln``: the logarithm of the multivariate gamma function, on arrays and traced values.

    Args:
        a: any shape; each entry more than (d - 1) / 2.
        d: the dimension, a known integer.
    """
    total = d * (d - 1) * 0.25 * math.log(math.pi)
    for j in range(int(d)):
        total = total + apply(GAMMALN, a - 0.5 * j)
    return total


def factorial(n: Any, exact: bool = False) -> Any:
    """``scipy.special.factorial`` of real numbers, gamma(n + 1), on arrays and traced values; 0 where n is negative."""
    if exact:
        raise TraceError("factorial(exact=True) is of integers and has no derivative; leave exact out")
    negative = n < 0
    return np.where(negative, 0.0, apply(GAMMA, np.where(negative, 0.0, n) + 1.0))
