"""Hypergeometric functions by their last operand, and what is made of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpath.ops.special.ufuncs import Unknown, special
from backpath.ops.tracing.recording import apply


def _unknown(function: str, arguments: str) -> list[Any]:
    return [Unknown(function, argument) for argument in arguments]


HYP0F1 = special("hyp0f1", *_unknown("hyp0f1", "v"), lambda v, x, y: apply(HYP0F1, v + 1.0, x) / v)
HYP1F1 = special("hyp1f1", *_unknown("hyp1f1", "ab"), lambda a, b, x, y: a / b * hyp1f1(a + 1.0, b + 1.0, x))
HYP2F1 = special(
    "hyp2f1", *_unknown("hyp2f1", "abc"), lambda a, b, c, x, y: a * b / c * hyp2f1(a + 1.0, b + 1.0, c + 1.0, x)
)


def hyp1f1(a: Any, b: Any, x: Any) -> Any:
    """Kummer's function M(a, b, x)."""
    return apply(HYP1F1, a, b, x)


def hyp2f1(a: Any, b: Any, c: Any, x: Any) -> Any:
    """Gauss's function."""
    return apply(HYP2F1, a, b, c, x)


# Complete elliptic integrals, whose usual derivatives cancel at 0.
special("ellipk", lambda m, y: math.pi / 8.0 * hyp2f1(1.5, 1.5, 2.0, m))
special("ellipe", lambda m, y: -math.pi / 8.0 * hyp2f1(0.5, 1.5, 2.0, m))


def _spence_slope(x: Any, y: Any) -> Any:
    """log(x) / (1 - x); about 1 by its series."""
    near = np.abs(x - 1.0) < 0.5
    inner, outer = np.where(near, 1.0 - x, 0.0), np.where(near, 2.0, x)
    return np.where(near, -hyp2f1(1.0, 1.0, 2.0, inner), np.log(outer) / (1.0 - outer))


special("spence", _spence_slope)
