"""First derivatives that keep their digits where the function's value has rounded away, or where squares overflow.

Each is a primitive with a rule of its own, so that its derivative keeps them too: differentiating the formula would
subtract numbers that are nearly equal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.ops.elementwise import FactorRule, elementwise
from backpath.ops.primitive import spec_of
from backpath.ops.tracing.recording import apply


def finite(x: Any) -> Any:
    """``x``, with the largest number of its type in the place of infinity: times 0 that is 0."""
    dtype = spec_of(x).dtype
    if dtype.kind != "f":
        return x
    most = float(np.finfo(dtype).max)
    return np.clip(x, -most, most)


def slope(name: str, value: Callable[..., Any], *z: FactorRule, **facts: Any) -> Callable[..., Any]:
    """Define the primitive of a first derivative, and give the function that applies it."""
    primitive = elementwise(name, value, *z, **facts)
    return lambda *operands: apply(primitive, *operands)


# The logistic function and the normal distribution.
def expit(x: Any) -> Any:
    """The logistic function, down to the smallest numbers of the type."""
    if np.iscomplexobj(x):
        return 0.5 + 0.5 * np.tanh(0.5 * x)
    if spec_of(x).dtype.kind == "O":
        from scipy.special import expit

        return expit(x)
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, np.ones((), e.dtype)) / (1.0 + e)


def _logistic_density(x: Any) -> Any:
    if spec_of(x).dtype.kind != "f":
        return expit(x) * expit(-x)
    e = np.exp(-np.abs(x))
    return e / np.square(1.0 + e)


def _near(x: Any) -> Any:
    """``x`` beside a factor that is 0 from 64 on."""
    return np.clip(x, -64.0, 64.0) if spec_of(x).dtype.kind == "f" else x


def exp_of_square(factor: float) -> Callable[[Any], Any]:
    """exp(factor * x**2), where rounding the square would cost as many digits as the exponent has.

    The square of x is that of the nearest multiple of 1/16, which is exact, and a small rest.
    """

    def value(x: Any) -> Any:
        if spec_of(x).dtype.kind != "f":
            return np.exp(factor * x * x)
        x = _near(x)
        near = np.rint(16.0 * x) * 0.0625
        return np.exp(factor * near * near) * np.exp(factor * (x - near) * (x + near))

    return value


SIGMOID = elementwise("sigmoid", expit, lambda x, y: sigmoid_slope(x))


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), without overflow."""
    return apply(SIGMOID, x)


sigmoid_slope = slope("sigmoid_slope", _logistic_density, lambda x, y: -y * np.tanh(0.5 * x))
exp_minus_square = slope("exp_minus_square", exp_of_square(-1.0), lambda x, y: -2.0 * (_near(x) * y))
exp_minus_half_square = slope("exp_minus_half_square", exp_of_square(-0.5), lambda x, y: -(_near(x) * y))


@np.errstate(invalid="ignore")
def gap(a: Any, b: Any) -> Any:
    """a - b, and 0 for two equal infinities."""
    return np.where(a == b, 0.0, a - b)


logaddexp_slope = slope(
    "logaddexp_slope",
    lambda a, b: sigmoid(gap(a, b)),
    lambda a, b, y: sigmoid_slope(gap(a, b)),
    lambda a, b, y: -sigmoid_slope(gap(a, b)),
    composite=True,
    analytic=False,
)

# Inverse functions: their squares overflow, or 1 less a square is near 0.
arcsin_slope = slope(
    "arcsin_slope",
    lambda x: 1.0 / np.sqrt((1.0 - x) * (1.0 + x)),
    lambda x, y: x * y * y * y,
    steep=True,
    composite=True,
)
arctan_slope = slope(
    "arctan_slope",
    lambda x: np.square(1.0 / np.hypot(1.0, x)),
    lambda x, y: -2.0 * (finite(x) * y) * y,
    composite=True,
    analytic=False,
)
arcsinh_slope = slope(
    "arcsinh_slope",
    lambda x: 1.0 / np.hypot(1.0, x),
    lambda x, y: -(finite(x) * y) * y * y,
    composite=True,
    analytic=False,
)
arccosh_slope = slope(
    "arccosh_slope",
    lambda x: 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0)),
    lambda x, y: -(finite(x) * y) * y * y,
    steep=True,
    composite=True,
)
arctanh_slope = slope(
    "arctanh_slope", lambda x: 1.0 / ((1.0 - x) * (1.0 + x)), lambda x, y: 2.0 * x * y * y, steep=True, composite=True
)


def _over(a: Any, b: Any) -> Any:
    """b / (a**2 + b**2)."""
    h = np.hypot(a, b)
    return finite(b) / h / h


arctan2_slope = slope(
    "arctan2_slope",
    _over,
    lambda a, b, y: -2.0 * y * _over(b, a),
    lambda a, b, y: _over(b, a) * _over(b, a) - y * y,
    steep=True,
    composite=True,
    analytic=False,
)
hypot_slope = slope(
    "hypot_slope",
    lambda a, b: a / np.hypot(a, b),
    lambda a, b, y: np.square(hypot_slope(b, a)) / np.hypot(a, b),
    lambda a, b, y: -y * hypot_slope(b, a) / np.hypot(a, b),
    steep=True,
    composite=True,
    analytic=False,
)
