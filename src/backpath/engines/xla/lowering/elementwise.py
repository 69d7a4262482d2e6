"""Functions of entries: arithmetic, comparisons, bits, and NumPy's functions of real numbers."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

from backpath.engines.xla.lowering.table import LOWERINGS, lowers
from backpath.ops.arrays.real_functions import sinc_by

_SAME = (
    "add subtract multiply divide negative square reciprocal sqrt cbrt abs sign floor ceil rint trunc "
    "greater greater_equal less less_equal equal not_equal logical_and logical_or logical_not logical_xor isnan isinf "
    "isfinite power where exp exp2 expm1 log log2 log10 log1p logaddexp logaddexp2 sin cos tan sinh cosh tanh arcsin "
    "arccos arctan arcsinh arccosh arctanh arctan2 hypot remainder fmod floor_divide signbit spacing bitwise_count gcd "
    "lcm left_shift right_shift bitwise_xor bitwise_and bitwise_or invert ldexp"
).split()
"""JAX calls them as NumPy does."""

for _name in _SAME:
    LOWERINGS[_name] = getattr(jnp, _name)


@lowers("astype")
@lowers("discretize")
def _cast(x: Any, dtype: Any) -> Any:
    return x.astype(dtype)


@lowers("integer_power")
def _integer_power(x: Any, n: int) -> Any:
    return lax.integer_pow(x, n)


@lowers("round")
def _round(x: Any, decimals: int) -> Any:
    return jnp.round(x, decimals)


@lowers("exponent")
def _exponent(x: Any) -> Any:
    return jnp.frexp(x)[1]


@lowers("sigmoid")
def _sigmoid(x: Any) -> Any:
    e = jnp.exp(-jnp.abs(x))
    return jnp.where(x < 0, e, 1) / (1 + e)


@lowers("sigmoid_slope")
def _sigmoid_slope(x: Any) -> Any:
    e = jnp.exp(-jnp.abs(x))
    return e / jnp.square(1 + e)


@lowers("exp2_share")
def _exp2_share(a: Any, b: Any) -> Any:
    smaller = jnp.exp2(-jnp.abs(jnp.where(a == b, 0, a - b)))
    return jnp.where(a >= b, 1, smaller) / (1 + smaller)


def exp_of_square(x: Any, factor: float) -> Any:
    """exp(factor * x**2) without loss of digits to the rounding of the square; see ``ops/slopes.py``."""
    x = jnp.clip(x, -64, 64)
    near = jnp.rint(16 * x) * 0.0625
    return jnp.exp(factor * near * near) * jnp.exp(factor * (x - near) * (x + near))


for _name, _factor in (("exp_minus_square", -1.0), ("exp_minus_half_square", -0.5), ("exp_square", 1.0)):
    LOWERINGS[_name] = lambda x, factor=_factor: exp_of_square(x, factor)


@lowers("sinc")
def _sinc(x: Any, n: int) -> Any:
    return sinc_by(jnp, x.astype(float), n)
