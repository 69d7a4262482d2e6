"""A gradient in 50-digit arithmetic, from value rules alone: no derivative rule of ours is used.

Central differences lose half of the digits that they are computed in; of 50, more than float64 has are left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from backpath.ops.expressions.exact import in_library
from backpath.paths import Linearization, evaluate

DIGITS = 50
STEP = "1e-16"
DIRECTIONS = 3


def largest_error(lin: Linearization, gradient: Mapping[tuple[int, int], np.ndarray], seed: int) -> float:
    """How far float64 derivatives are from those in 50 digits, along random directions of all inputs at once.

    Args:
        lin: the graph at a point, in float64.
        gradient: by (input position, output position) the derivative, of the output's shape followed by the input's.
        seed: of the directions.

    Returns:
        The largest difference, relative to the largest sum of sizes |derivative| |direction|.

    Raises:
        ImportError: if mpmath is not installed.
        TypeError: if a value rule knows no such numbers, or a step leads out of its domain.
    """
    rng = np.random.default_rng(seed)
    graph, step = in_library(lin.graph, "mpmath", DIGITS), in_library(STEP, "mpmath", DIGITS)
    point = [in_library(lin.values[i], "mpmath", DIGITS) for i in lin.inputs]
    sources = {s for s, _ in gradient}
    worst = 0.0
    for _ in range(DIRECTIONS):
        along = [rng.standard_normal(lin.shape(i)) if i in sources else None for i in lin.inputs]
        ends = [_moved(graph, point, along, sign * step) for sign in (1, -1)]
        for o in dict.fromkeys(lin.outputs):
            theirs = _real((ends[0][o] - ends[1][o]) / (2 * step))
            terms = [(gradient[i, o], d) for i, d in zip(lin.inputs, along, strict=True) if d is not None]
            ours = sum(np.tensordot(block, d, d.ndim) for block, d in terms)
            scale = max(float(np.max(np.tensordot(abs(b), abs(d), d.ndim), initial=0.0)) for b, d in terms)
            error = float(np.max(abs(ours - theirs), initial=0.0)) / (scale or 1.0)
            worst = max(worst, error if np.isfinite(error) else np.inf)
    return worst


def _real(values: Any) -> np.ndarray:
    try:
        return np.asarray(values).astype(float)
    except (TypeError, ValueError):
        raise TypeError("a step from the point leads out of the domain of real numbers") from None


def _moved(graph: Any, point: Sequence[Any], along: Sequence[np.ndarray | None], step: Any) -> list[Any]:
    """Every node's value a step away from the point."""
    inputs = [x if d is None else x + step * in_library(d, "mpmath", DIGITS) for x, d in zip(point, along, strict=True)]
    return evaluate(graph, inputs)
