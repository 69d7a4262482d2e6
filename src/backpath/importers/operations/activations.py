"""Functions of each entry that frameworks name and NumPy has not; conventions at kinks are those of their parts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpath import ops
from backpath.ops import spec_of


def typed(value: float, x: Any) -> np.ndarray:
    """A number in the type of an array, which it meets in ``np.where``."""
    return np.asarray(value, spec_of(x).dtype)


def tanh_gelu(x: Any) -> Any:
    """x times half of 1 + tanh(sqrt(2 / pi) (x + 0.044715 x**3)), near gelu."""
    return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * (x * x * x))))


def gelu(x: Any, approximate: str = "none") -> Any:
    """x Phi(x), or near it with ``approximate="tanh"``."""
    return tanh_gelu(x) if approximate == "tanh" else ops.gelu(x)


def prelu(x: Any, slope: Any) -> Any:
    """x where positive, else slope * x, with a slope that is learned."""
    return np.where(x > 0, x, slope * x)


def elu(x: Any, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Any:
    """scale * x where positive, else scale * alpha * (exp(input_scale * x) - 1)."""
    if (scale, input_scale) == (1.0, 1.0):
        return ops.elu(x, alpha)
    return scale * (np.maximum(x, 0) + alpha * np.expm1(input_scale * np.minimum(x, 0)))


def celu(x: Any, alpha: float = 1.0) -> Any:
    """max(x, 0) + min(alpha (exp(x / alpha) - 1), 0)."""
    return elu(x, alpha, input_scale=1.0 / alpha)


def selu(x: Any, alpha: float | None = None, gamma: float | None = None) -> Any:
    """The scaled elu with the constants of self-normalizing networks, or with others."""
    return ops.selu(x) if alpha is None or gamma is None else elu(x, alpha, gamma)


def hard_sigmoid(x: Any, alpha: float = 1.0 / 6.0, beta: float = 0.5) -> Any:
    """alpha x + beta, between 0 and 1."""
    return np.clip(alpha * x + beta, typed(0, x), typed(1, x))


def hard_swish(x: Any) -> Any:
    """x times a hard sigmoid."""
    return x * hard_sigmoid(x)


def swish(x: Any, alpha: float = 1.0) -> Any:
    """x sigmoid(alpha x)."""
    return ops.silu(x) if alpha == 1.0 else x * ops.sigmoid(alpha * x)


def softsign(x: Any) -> Any:
    """x / (1 + |x|)."""
    return x / (1.0 + np.abs(x))


def soft_shrink(x: Any, threshold: float = 0.5, offset: float | None = None) -> Any:
    """x without ``offset`` (by default the threshold) of its magnitude beyond the threshold, 0 within it."""
    less = threshold if offset is None else offset
    zero = typed(0, x)
    return np.where(x < -threshold, x + less, np.where(x > threshold, x - less, zero))


def above(x: Any, threshold: float, other: float = 0.0) -> Any:
    """x where it is above the threshold, another number elsewhere."""
    return np.where(x > threshold, x, typed(other, x))


def softplus(x: Any, beta: float = 1.0) -> Any:
    """log(1 + exp(beta x)) / beta, without overflow."""
    return ops.softplus(x) if beta == 1.0 else ops.softplus(beta * x) * (1.0 / beta)


def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x))."""
    return -ops.softplus(-x)


def gated(x: Any, axis: int = -1) -> Any:
    """One half along an axis times the sigmoid of the other."""
    left, right = np.split(x, 2, axis)
    return left * ops.sigmoid(right)


def hardmax(x: Any, axis: int = -1) -> Any:
    """1 at the first largest entry along an axis, 0 elsewhere; it has no derivative."""
    shape = [1] * np.ndim(x)
    shape[axis] = np.shape(x)[axis]
    at = np.expand_dims(np.argmax(x, axis=axis), axis)
    return (np.reshape(np.arange(shape[axis]), shape) == at).astype(spec_of(x).dtype)
