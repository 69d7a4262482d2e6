"""Products with logarithms that are 0 where their first factor is: entropies, divergences, and Huber's losses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpath.ops.special.ufuncs import special

ONE_OVER_E = 0.36787944117144233
ONE_OVER_E_REST = -1.2428753672788363e-17
"""1/e to twice the digits."""


def _log_plus_one(x: Any) -> Any:
    """log(x) + 1, which is zero at 1/e, to its last digits."""
    near = np.abs(x - ONE_OVER_E) < 0.1
    inner, outer = np.where(near, x, ONE_OVER_E), np.where(near, 1.0, x)
    return np.where(near, np.log1p(((inner - ONE_OVER_E) - ONE_OVER_E_REST) * math.e), np.log(outer) + 1.0)


def _ratio(x: Any, y: Any) -> Any:
    """x / y, and 0 where x is 0."""
    zero = x == 0
    return np.where(zero, 0.0, x / np.where(zero, 1.0, y))


def _log_ratio(x: Any, y: Any) -> Any:
    """log(x / y), to its last digits about x = y."""
    near = np.abs(x - y) < 0.5 * np.abs(y)
    inner, outer = np.where(near, x, 1.0), np.where(near, 1.0, x)
    below = np.where(near, y, 1.0)
    return np.where(near, np.log1p((inner - below) / below), np.log(outer / np.where(near, 1.0, y)))


def _inside(x: Any, value: Any) -> Any:
    """A slope where x is not negative, and 0 where it is: there the function is a constant infinity."""
    return np.where(x < 0, 0.0, value)


special(
    "xlogy",
    lambda x, y, z: np.log(y),
    lambda x, y, z: _ratio(x, y),
    kink="0 by the second operand where the first is 0",
)
special(
    "xlog1py",
    lambda x, y, z: np.log1p(y),
    lambda x, y, z: _ratio(x, 1.0 + y),
    kink="0 by the second operand where the first is 0",
)
special("entr", lambda x, y: _inside(x, -_log_plus_one(np.where(x < 0, 1.0, x))), kink="its limit at 0, inf")
special(
    "rel_entr",
    lambda x, y, z: _log_plus_one(x / y),
    lambda x, y, z: -_ratio(x, y),
    kink="its limit by the first operand at 0, -inf, and 0 by the second there",
)
special(
    "kl_div",
    lambda x, y, z: _log_ratio(x, y),
    lambda x, y, z: (y - x) / y,
    kink="its limit by the first operand at 0, -inf",
)
special(
    "huber",
    lambda delta, r, y: np.maximum(np.abs(r) - delta, 0.0),
    lambda delta, r, y: np.where(np.abs(r) <= delta, r, delta * np.sign(r)),
)


def _steepness(delta: Any, r: Any) -> tuple[Any, Any]:
    t = r / delta
    return t, np.hypot(1.0, t)


def _pseudo_huber_by_delta(delta: Any, r: Any, y: Any) -> Any:
    """delta t^4 / (s (1 + s)^2) with t = r / delta and s^2 = 1 + t^2, in which nothing cancels."""
    t, s = _steepness(delta, r)
    return delta * np.square(t * t / (1.0 + s)) / s


special("pseudo_huber", _pseudo_huber_by_delta, lambda delta, r, y: r / _steepness(delta, r)[1])
