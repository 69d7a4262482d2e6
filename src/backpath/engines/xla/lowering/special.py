"""SciPy's special functions: JAX's own where they keep their digits, else the forms of ``ops/special`` in JAX."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import jax.numpy as jnp
import jax.scipy.special as js
from jax import lax

from backpath.engines.xla.lowering.elementwise import exp_of_square
from backpath.engines.xla.lowering.series import hyp1f1, iv, ive, riemann_zeta
from backpath.engines.xla.lowering.table import LOWERINGS, lowers
from backpath.ops.special.error_functions import NEAR, TWO_OVER_SQRT_PI
from backpath.ops.special.gamma import psi_difference_by
from backpath.ops.special.incomplete import LARGE, beta_density_by, gamma_density_by

_SAME = (
    "erf erfc erfinv ndtr ndtri dawsn exp1 expi expn gamma gammaln loggamma polygamma poch gammainc gammaincc betainc "
    "hyp2f1 i0 i1 i0e i1e spence entr rel_entr kl_div logit xlogy xlog1py boxcox boxcox1p gammasgn"
).split()
"""Within a few units of the last digit of SciPy's, under the same name."""

_RENAMED = {"psi": "digamma", "hurwitz_zeta": "zeta", "loggamma": "gammaln"}

for _name in (*_SAME, *_RENAMED):
    if _function := getattr(js, _RENAMED.get(_name, _name), None):
        LOWERINGS[_name] = _function

LOWERINGS.update(hyp1f1=hyp1f1, iv=iv, ive=ive, riemann_zeta=riemann_zeta)


@lowers("polygamma")
def _polygamma(x: Any, n: int) -> Any:
    return js.polygamma(n, x)


# Exponentials and powers.
@lowers("exprel")
def _exprel(x: Any) -> Any:
    safe = jnp.where(x == 0, 1, x)
    return jnp.where(x == 0, 1, jnp.expm1(safe) / safe)


@lowers("exponential_moment")
def _exponential_moment(x: Any, order: int) -> Any:
    near = (x > -2) & (x < 1)
    inner, outer = jnp.where(near, x, 0), jnp.where(near, 1, x)
    by_parts = jnp.expm1(outer) / outer
    for n in range(1, order + 1):
        by_parts = (jnp.exp(outer) - n * by_parts) / outer
    by_parts = jnp.where(outer == jnp.inf, jnp.inf, jnp.where(outer == -jnp.inf, 0, by_parts))
    return jnp.where(near, hyp1f1(order + 1.0, order + 2.0, inner) / (order + 1), by_parts)


@lowers("exp10")
def _exp10(x: Any) -> Any:
    return jnp.power(jnp.asarray(10, x.dtype), x)


@lowers("cosm1")
def _cosm1(x: Any) -> Any:
    return -2 * jnp.square(jnp.sin(0.5 * x))


@lowers("sindg")
def _sindg(x: Any) -> Any:
    return _by_degrees(x, 0)


@lowers("cosdg")
def _cosdg(x: Any) -> Any:
    return _by_degrees(x, 1)


def _by_degrees(x: Any, turn: int) -> Any:
    """The sine of degrees, or with a quarter turn more: exact at the quarters."""
    x = jnp.fmod(x, 360)
    quarters = jnp.rint(x / 90)
    part = (x - 90 * quarters) * (math.pi / 180)
    which = jnp.remainder(quarters + turn, 4)
    sign = jnp.where(which < 2, 1, -1)
    return sign * jnp.where(jnp.remainder(which, 2) == 0, jnp.sin(part), jnp.cos(part))


@lowers("powm1")
def _powm1(x: Any, p: Any) -> Any:
    positive = x > 0
    return jnp.where(positive, jnp.expm1(p * jnp.log(jnp.where(positive, x, 1))), jnp.power(x, p) - 1)


# Error functions.
@lowers("log_ndtr")
def _log_ndtr(x: Any) -> Any:
    low, high = jnp.minimum(x, -1), jnp.maximum(x, -1)
    tail = jnp.log(0.5 * js.erfcx(low * -math.sqrt(0.5))) - 0.5 * low * low
    return jnp.where(x < -1, tail, jnp.log1p(-0.5 * js.erfc(high * math.sqrt(0.5))))


@lowers("erfi")
def _erfi(x: Any) -> Any:
    return TWO_OVER_SQRT_PI * exp_of_square(x, 1.0) * js.dawsn(x)


@lowers("erfcinv")
def _erfcinv(x: Any) -> Any:
    return -math.sqrt(0.5) * js.ndtri(0.5 * x)


@lowers("scaled_erfc")
def _scaled_erfc(x: Any, order: int) -> Any:
    """By the recurrence, and from 1/2 on by the continued fraction, as ``ops/special/error_functions.py``."""
    before, y = jnp.full(x.shape, TWO_OVER_SQRT_PI, x.dtype), js.erfcx(x)
    first = y
    for n in range(1, order + 1):
        before, y = y, (before - 2 * x * y) / (2 * n)
    if order == 0:
        return y
    z, deepest = jnp.maximum(x, NEAR), int(190 / NEAR**2) + order + 8

    def deeper(k: Any, state: tuple[Any, Any]) -> tuple[Any, Any]:
        product, ratio = state
        n = deepest - k
        ratio = 0.5 / (z + (n + 1) * ratio)
        return jnp.where(n <= order, product * ratio, product), ratio

    product, _ = lax.fori_loop(0, deepest, deeper, (jnp.where(x >= NEAR, first, 0), jnp.zeros_like(z)))
    return jnp.where(x >= NEAR, product, y)


# Losses.
@lowers("huber")
def _huber(delta: Any, r: Any) -> Any:
    size = jnp.abs(r)
    value = jnp.where(size <= delta, 0.5 * r * r, delta * (size - 0.5 * delta))
    return jnp.where(delta < 0, jnp.inf, value)


@lowers("pseudo_huber")
def _pseudo_huber(delta: Any, r: Any) -> Any:
    safe = jnp.where(delta == 0, 1, delta)
    value = delta * delta * jnp.expm1(0.5 * jnp.log1p(jnp.square(r / safe)))
    return jnp.where(delta < 0, jnp.inf, jnp.where((delta == 0) | (r == 0), 0, value))


# The gamma and beta functions.
@lowers("rgamma")
def _rgamma(x: Any) -> Any:
    pole = (x <= 0) & (x == jnp.floor(x))
    return jnp.where(pole, 0, 1 / js.gamma(jnp.where(pole, 1, x)))


@lowers("beta")
def beta(a: Any, b: Any) -> Any:
    """By gamma functions; where they come near overflow, by their logarithms."""
    near = jnp.abs(a) + jnp.abs(b) < LARGE
    p, q = jnp.where(near, a, 1), jnp.where(near, b, 1)
    direct = js.gamma(p) * _rgamma(p + q) * js.gamma(q)
    sign = js.gammasgn(a) * js.gammasgn(b) * js.gammasgn(a + b)
    return jnp.where(near, direct, sign * jnp.exp(_betaln_far(a, b)))


def _betaln_far(a: Any, b: Any) -> Any:
    return js.gammaln(a) + (js.gammaln(b) - js.gammaln(a + b))


@lowers("betaln")
def _betaln(a: Any, b: Any) -> Any:
    near = jnp.abs(a) + jnp.abs(b) < LARGE
    return jnp.where(near, jnp.log(jnp.abs(beta(jnp.where(near, a, 1), jnp.where(near, b, 1)))), _betaln_far(a, b))


@lowers("binom")
def _binom(n: Any, k: Any) -> Any:
    return 1 / ((n + 1) * beta(n - k + 1, k + 1))


@lowers("psi_difference")
def _psi_difference(a: Any, b: Any) -> Any:
    return psi_difference_by(jnp, js.digamma, a, b)


@lowers("gamma_density")
def _gamma_density(a: Any, x: Any) -> Any:
    return gamma_density_by(jnp, js.gamma, a, x)


@lowers("beta_density")
def _beta_density(a: Any, b: Any, x: Any) -> Any:
    own = SimpleNamespace(xlogy=js.xlogy, xlog1py=js.xlog1py, beta=beta, betaln=_betaln)
    return beta_density_by(jnp, own, a, b, x)


@lowers("betaincc")
def _betaincc(a: Any, b: Any, x: Any) -> Any:
    return js.betainc(b, a, 1 - x)


# Complete elliptic integrals, by the arithmetic-geometric mean.
def _means(m: Any) -> tuple[Any, Any]:
    """The mean of 1 and sqrt(1 - m), and the sum of 2^(n-1) c_n^2 over its steps."""
    a, b = jnp.ones_like(m), jnp.sqrt(1 - m)
    total = 0.5 * m
    for n in range(1, 9):
        a, b, c = 0.5 * (a + b), jnp.sqrt(a * b), 0.5 * (a - b)
        total = total + 2.0 ** (n - 1) * c * c
    return a, total


@lowers("ellipk")
def _ellipk(m: Any) -> Any:
    mean, _ = _means(jnp.where(m == 1, 0, m))
    return jnp.where(m == 1, jnp.inf, 0.5 * math.pi / mean)


@lowers("ellipe")
def _ellipe(m: Any) -> Any:
    mean, total = _means(jnp.where(m == 1, 0, m))
    return jnp.where(m == 1, 1, 0.5 * math.pi / mean * (1 - total))
