"""Functions that are sums of series in XLA, since JAX has none, or one that keeps few digits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import jax.scipy.special as js
from jax import lax

MOST = 400
FAR = 50.0
"""From here on asymptotic series are exact to the last digit before they begin to diverge."""
TERMS = 40


def _summed(ratio: Callable[[Any], Any], like: Any) -> Any:
    """1 + r(0) + r(0) r(1) + ..., until no entry changes."""

    def going(state: tuple[Any, Any, Any]) -> Any:
        k, term, total = state
        return (k < MOST) & jnp.any(jnp.abs(term) > jnp.finfo(like.dtype).eps * 0.01 * jnp.abs(total))

    def add(state: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        k, term, total = state
        term = term * ratio(k.astype(like.dtype))
        return k + 1, term, total + term

    one = jnp.ones_like(like)
    return lax.while_loop(going, add, (jnp.zeros((), jnp.int32), one, one))[2]


def hyp1f1(a: Any, b: Any, x: Any) -> Any:
    """Kummer's function M(a, b, x): by its series at |x|, and beyond 50 by the asymptotic one.

    M(a, b, x) = exp(x) M(b - a, b, -x) leaves no series in which terms of one size cancel.
    """
    a, b, x = jnp.broadcast_arrays(*(jnp.asarray(part, jnp.result_type(x)) for part in (a, b, x)))
    top, size = jnp.where(x < 0, b - a, a), jnp.abs(x)
    far = size > FAR
    near = jnp.where(far, 1, size)
    by_series = _summed(lambda k: (top + k) / (b + k) * near / (k + 1), near)
    large = jnp.where(far, size, FAR)
    term = total = jnp.ones_like(large)
    for k in range(TERMS):
        term = term * (b - top + k) * (1 - top + k) / ((k + 1) * large)
        total = total + term
    # exp(|x|) is left out, which M has where x is positive.
    rest = js.gamma(b) * _over_gamma(top) * large ** (top - b) * total
    return jnp.where(far, jnp.where(x < 0, rest, jnp.exp(large) * rest), by_series * jnp.exp(jnp.minimum(x, 0)))


def _over_gamma(x: Any) -> Any:
    pole = (x <= 0) & (x == jnp.floor(x))
    return jnp.where(pole, 0, 1 / js.gamma(jnp.where(pole, 1, x)))


def ive(v: Any, x: Any) -> Any:
    """Bessel's modified function of the first kind of order v, times exp(-|x|): no term of its series is negative."""
    v, x = jnp.broadcast_arrays(*(jnp.asarray(part, jnp.result_type(v, x)) for part in (v, x)))
    whole = v == jnp.rint(v)
    order, size = jnp.where(whole, jnp.abs(v), v), jnp.abs(x)
    far = size > FAR
    near = jnp.where(far, 1, size)
    quarter = 0.25 * near * near
    lead = (0.5 * near) ** order * _over_gamma(order + 1) * jnp.exp(-near)
    by_series = lead * _summed(lambda k: quarter / ((k + 1) * (order + k + 1)), near)
    large, mu = jnp.where(far, size, FAR), 4 * order * order
    term = total = jnp.ones_like(large)
    for k in range(1, TERMS):
        term = -term * (mu - (2 * k - 1) ** 2) / (8 * k * large)
        total = total + term
    value = jnp.where(far, total / jnp.sqrt(2 * math.pi * large), by_series)
    odd = whole & (jnp.remainder(order, 2) == 1)
    return jnp.where(x < 0, jnp.where(whole, jnp.where(odd, -value, value), jnp.nan), value)


def iv(v: Any, x: Any) -> Any:
    """The same without the factor."""
    return ive(v, x) * jnp.exp(jnp.abs(x))


def _chebyshev(n: int) -> list[float]:
    """The numbers d_k of Borwein's algorithm, over d_n."""
    terms = [math.factorial(n + i - 1) * 4**i / (math.factorial(n - i) * math.factorial(2 * i)) for i in range(n + 1)]
    sums = [n * sum(terms[: k + 1]) for k in range(n + 1)]
    return [s / sums[n] for s in sums]


_PARTS = _chebyshev(28)


def _zeta_of_positive(x: Any) -> Any:
    """Borwein, "An efficient algorithm for the Riemann zeta function" (2000), algorithm 2."""
    total = sum((-1.0) ** k * (1 - d) * (k + 1.0) ** -x for k, d in enumerate(_PARTS[:-1]))
    return total / -jnp.expm1((1 - x) * math.log(2))


def riemann_zeta(x: Any) -> Any:
    """The zeta function of real numbers, below 0 by its reflection."""
    negative = x < 0
    s = jnp.where(negative, 1 - x, jnp.where(x == 1, 2, x))
    up = _zeta_of_positive(s)
    angle = 0.5 * math.pi * jnp.fmod(x, 4)
    down = 2 * (2 * math.pi) ** (-s) * jnp.sin(angle) * js.gamma(s) * up
    return jnp.where(x == 1, jnp.inf, jnp.where(negative, down, up))
