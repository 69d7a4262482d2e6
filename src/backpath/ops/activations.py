"""Activation functions as primitives: value, derivative, and the convention at each kink.

SciPy's special functions are imported when first evaluated, so that importing backpath stays light.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpath.ops.dispatch import UFUNCS
from backpath.ops.elementwise import common, elementwise
from backpath.ops.primitive import spec_of
from backpath.ops.slopes import exp_minus_half_square, exp_minus_square, sigmoid, sigmoid_slope
from backpath.ops.tracing.recording import apply

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


FAR = 1000.0
"""Beyond it exp(-x) is 0 in every type: in products with it, a larger x is replaced, so that infinity times 0 is 0."""


def _erf(x: Any) -> Any:
    from scipy.special import erf

    return erf(x)


def _ndtr(x: Any) -> Any:
    from scipy.special import erfcx, ndtr

    if spec_of(x).dtype.kind != "f":
        return ndtr(x)
    # SciPy's own loses digits in the lower tail to the rounding of the square.
    tail = 0.5 * erfcx(np.abs(x) * math.sqrt(0.5)) * exp_minus_half_square(x)
    return np.where(x < -1, tail, ndtr(x))


def _damped(x: Any) -> Any:
    """``x`` where it stands beside a factor that is 0 far below 0."""
    return np.maximum(x, -FAR)


def _within(x: Any) -> Any:
    """``x`` beside what is 0 on both sides; shares nothing with ``_damped``, which would be kept for it in memory."""
    return np.maximum(np.minimum(x, FAR), -FAR)


def _normal_density(x: Any) -> Any:
    return exp_minus_half_square(x) * (1.0 / math.sqrt(2.0 * math.pi))


ERF = elementwise("erf", _erf, lambda x, y: exp_minus_square(x) * (2.0 / math.sqrt(math.pi)))
NDTR = elementwise("ndtr", _ndtr, lambda x, y: _normal_density(x))
RELU = elementwise(
    "relu", lambda x: np.maximum(x, 0), lambda x, y: (y > 0).astype(y.dtype), dtype=common, kink="0 at 0", cuts=True
)
LEAKY_RELU = elementwise(
    "leaky_relu",
    lambda x, slope: np.where(x > 0, x, slope * x),
    lambda x, y, slope: slope + (1.0 - slope) * (x > 0).astype(x.dtype),
    composite=True,
    kink="the negative side's slope at 0",
)
ELU = elementwise(
    "elu",
    lambda x, alpha: np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0)),
    lambda x, y, alpha: np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0))),
    composite=True,
    kink="the negative side's slope, alpha, at 0",
)
SELU = elementwise(
    "selu",
    lambda x: SELU_SCALE * elu(x, SELU_ALPHA),
    lambda x, y: np.where(x > 0, SELU_SCALE, SELU_SCALE * SELU_ALPHA * np.exp(np.minimum(x, 0))),
    composite=True,
    kink="the negative side's slope at 0",
)
SOFTPLUS = elementwise(
    "softplus",
    lambda x: np.maximum(x, 0) + np.log1p(np.exp(np.minimum(x, -x))),
    lambda x, y: sigmoid(x),
    composite=True,
)
SILU = elementwise(
    "silu",
    lambda x: _damped(x) * sigmoid(x),
    lambda x, y: sigmoid(x) + _within(x) * sigmoid_slope(x),
    composite=True,
)
MISH = elementwise(
    "mish",
    lambda x: _damped(x) * np.tanh(softplus(x)),
    lambda x, y: np.tanh(softplus(x)) + _within(x) * _mish_gate_slope(x),
    composite=True,
)
GELU = elementwise(
    "gelu",
    lambda x: _damped(x) * ndtr(x),
    lambda x, y: ndtr(x) + _within(x) * _normal_density(x),
    composite=True,
)


def _mish_gate_slope(x: Any) -> Any:
    """The derivative of tanh(softplus(x)), whose exp(-2 softplus(x)) is sigmoid(-x)**2."""
    q = np.square(sigmoid(-x))
    return 4.0 * sigmoid(x) * q / np.square(1.0 + q)


def erf(x: Any) -> Any:
    """The error function."""
    return apply(ERF, x)


def ndtr(x: Any) -> Any:
    """The standard normal distribution function."""
    return apply(NDTR, x)


def relu(x: Any) -> Any:
    """max(x, 0); its derivative at 0 is 0."""
    return apply(RELU, x)


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """x where positive, else ``slope`` x; its derivative at 0 is ``slope``."""
    return apply(LEAKY_RELU, x, slope=slope)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where positive, else alpha (exp(x) - 1); its derivative at 0 is alpha (Clevert and others, 2016)."""
    return apply(ELU, x, alpha=alpha)


def selu(x: Any) -> Any:
    """The scaled elu of self-normalizing networks (Klambauer and others, 2017)."""
    return apply(SELU, x)


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), without overflow."""
    return apply(SOFTPLUS, x)


def silu(x: Any) -> Any:
    """x sigmoid(x), also called swish."""
    return apply(SILU, x)


def mish(x: Any) -> Any:
    """x tanh(softplus(x)) (Misra, 2020)."""
    return apply(MISH, x)


def gelu(x: Any) -> Any:
    """x Phi(x) with the exact normal distribution function (Hendrycks and Gimpel, 2016)."""
    return apply(GELU, x)


UFUNCS.update({"erf": erf, "ndtr": ndtr, "expit": sigmoid, "log_expit": lambda x: -softplus(-x)})
