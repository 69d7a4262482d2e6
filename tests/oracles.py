"""What JAX calls each primitive, and operands that stay away from kinks and poles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

Sample = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def anywhere(rng, shape):
    return rng.uniform(-2, 2, shape)


def positive(rng, shape):
    return rng.uniform(0.2, 2, shape)


def inside(rng, shape):
    return rng.uniform(-0.9, 0.9, shape)


def beyond_one(rng, shape):
    return rng.uniform(1.2, 3, shape)


def off_zero(rng, shape):
    return rng.uniform(0.1, 2, shape) * rng.choice([-1, 1], shape)


def distinct(rng, shape):
    """Entries that differ by at least 0.01, so that no two tie."""
    size = int(np.prod(shape))
    return ((rng.permutation(size) - size / 2 + 0.25) * 0.02 + 0.001).reshape(shape)


@dataclass(frozen=True)
class Unary:
    """A primitive of one operand: its traceable call, JAX's, and where to try it."""

    ours: Callable[[Any], Any]
    theirs: Callable[[Any], Any]
    sample: Sample = anywhere


UNARY: dict[str, Unary] = {
    "negative": Unary(np.negative, jnp.negative),
    "square": Unary(np.square, jnp.square),
    "reciprocal": Unary(np.reciprocal, jnp.reciprocal, off_zero),
    "sqrt": Unary(np.sqrt, jnp.sqrt, positive),
    "cbrt": Unary(np.cbrt, jnp.cbrt, positive),
    "exp": Unary(np.exp, jnp.exp),
    "exp2": Unary(np.exp2, jnp.exp2),
    "expm1": Unary(np.expm1, jnp.expm1),
    "log": Unary(np.log, jnp.log, positive),
    "log2": Unary(np.log2, jnp.log2, positive),
    "log10": Unary(np.log10, jnp.log10, positive),
    "log1p": Unary(np.log1p, jnp.log1p, positive),
    "sin": Unary(np.sin, jnp.sin),
    "cos": Unary(np.cos, jnp.cos),
    "tan": Unary(np.tan, jnp.tan, inside),
    "sinh": Unary(np.sinh, jnp.sinh),
    "cosh": Unary(np.cosh, jnp.cosh),
    "tanh": Unary(np.tanh, jnp.tanh),
    "arcsin": Unary(np.arcsin, jnp.arcsin, inside),
    "arccos": Unary(np.arccos, jnp.arccos, inside),
    "arctan": Unary(np.arctan, jnp.arctan),
    "arcsinh": Unary(np.arcsinh, jnp.arcsinh),
    "arccosh": Unary(np.arccosh, jnp.arccosh, beyond_one),
    "arctanh": Unary(np.arctanh, jnp.arctanh, inside),
    "abs": Unary(np.abs, jnp.abs, off_zero),
    "sign": Unary(np.sign, jnp.sign, off_zero),
    "floor": Unary(np.floor, jnp.floor, off_zero),
    "ceil": Unary(np.ceil, jnp.ceil, off_zero),
    "rint": Unary(np.rint, jnp.rint, off_zero),
    "trunc": Unary(np.trunc, jnp.trunc, off_zero),
}


def _functions() -> dict[str, Unary]:
    import backpath as bp

    return {
        "erf": Unary(bp.erf, jsp.erf),
        "ndtr": Unary(bp.ndtr, jsp.ndtr),
        "sigmoid": Unary(bp.sigmoid, jax.nn.sigmoid),
        "relu": Unary(bp.relu, jax.nn.relu, off_zero),
        "leaky_relu": Unary(lambda x: bp.leaky_relu(x, 0.2), lambda x: jax.nn.leaky_relu(x, 0.2), off_zero),
        "elu": Unary(lambda x: bp.elu(x, 1.3), lambda x: jax.nn.elu(x, 1.3), off_zero),
        "selu": Unary(bp.selu, jax.nn.selu, off_zero),
        "softplus": Unary(bp.softplus, jax.nn.softplus),
        "silu": Unary(bp.silu, jax.nn.silu),
        "mish": Unary(bp.mish, jax.nn.mish),
        "gelu": Unary(bp.gelu, lambda x: jax.nn.gelu(x, approximate=False)),
    }


def _slopes() -> dict[str, Unary]:
    from backpath.ops import slopes

    return {
        "sigmoid_slope": Unary(slopes.sigmoid_slope, lambda x: jax.nn.sigmoid(x) * jax.nn.sigmoid(-x)),
        "exp_minus_square": Unary(slopes.exp_minus_square, lambda x: jnp.exp(-x * x)),
        "exp_minus_half_square": Unary(slopes.exp_minus_half_square, lambda x: jnp.exp(-x * x / 2)),
        "arcsin_slope": Unary(slopes.arcsin_slope, lambda x: (1 - x * x) ** -0.5, inside),
        "arctan_slope": Unary(slopes.arctan_slope, lambda x: 1 / (1 + x * x)),
        "arcsinh_slope": Unary(slopes.arcsinh_slope, lambda x: (1 + x * x) ** -0.5),
        "arccosh_slope": Unary(slopes.arccosh_slope, lambda x: (x * x - 1) ** -0.5, beyond_one),
        "arctanh_slope": Unary(slopes.arctanh_slope, lambda x: 1 / (1 - x * x), inside),
    }


UNARY.update(_functions())
UNARY.update(_slopes())


@dataclass(frozen=True)
class Binary:
    """A primitive of two operands that broadcast."""

    ours: Callable[[Any, Any], Any]
    theirs: Callable[[Any, Any], Any]
    first: Sample = anywhere
    second: Sample = anywhere


BINARY: dict[str, Binary] = {
    "add": Binary(np.add, jnp.add),
    "subtract": Binary(np.subtract, jnp.subtract),
    "multiply": Binary(np.multiply, jnp.multiply),
    "divide": Binary(np.divide, jnp.divide, anywhere, off_zero),
    "power": Binary(np.power, jnp.power, positive),
    "logaddexp": Binary(np.logaddexp, jnp.logaddexp),
    "arctan2": Binary(np.arctan2, jnp.arctan2, off_zero, off_zero),
    "hypot": Binary(np.hypot, jnp.hypot, off_zero, off_zero),
    "maximum": Binary(np.maximum, jnp.maximum),
    "minimum": Binary(np.minimum, jnp.minimum),
}


def _binary_slopes() -> dict[str, Binary]:
    from backpath.ops import slopes

    return {
        "logaddexp_slope": Binary(slopes.logaddexp_slope, lambda a, b: jax.nn.sigmoid(a - b)),
        "arctan2_slope": Binary(slopes.arctan2_slope, lambda a, b: b / (a * a + b * b), off_zero, off_zero),
        "hypot_slope": Binary(slopes.hypot_slope, lambda a, b: a / jnp.hypot(a, b), off_zero, off_zero),
    }


BINARY.update(_binary_slopes())

WITHOUT_DERIVATIVE = set(
    "greater greater_equal less less_equal equal not_equal logical_and logical_or logical_not isnan isinf isfinite "
    "argmax argmin argpartition argsort bitwise_and bitwise_count bitwise_or bitwise_xor counted discretize exponent "
    "floor_divide gcd invert lcm left_shift logical_xor right_shift round searchsorted signbit spacing".split()
)
"""Primitives that are locally constant in every operand, and are tested by value alone."""
