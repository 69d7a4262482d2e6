"""Attention of queries to keys, with what frameworks put on it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpath.ops import softmax, spec_of

NEVER = -1e30
"""A score whose softmax is 0, and that is finite."""


def attention(
    queries: Any,
    keys: Any,
    values: Any,
    mask: Any = None,
    *,
    causal: bool = False,
    scale: float | None = None,
    softcap: float = 0.0,
) -> Any:
    """softmax(Q K^T * scale + mask) V (Vaswani and others, 2017).

    Args:
        queries: shape (..., heads, places, d).
        keys: shape (..., heads or a divisor of it, other places, d).
        values: shape (..., the same, other places, outputs).
        mask: added to scores; of truth values, those that may be attended to.
        causal: whether a place sees none of those after it.
        scale: of scores; by default 1 / sqrt(d).
        softcap: if above 0, scores s become softcap * tanh(s / softcap).

    Returns:
        Shape (..., heads, places, outputs).
    """
    factor = 1.0 / math.sqrt(np.shape(queries)[-1]) if scale is None else scale
    keys, values = (_for_heads(part, np.shape(queries)[-3]) if np.ndim(part) > 2 else part for part in (keys, values))
    scores = (queries * factor) @ np.swapaxes(keys, -1, -2)
    if softcap > 0:
        scores = softcap * np.tanh(scores * (1.0 / softcap))
    never = np.asarray(NEVER, spec_of(scores).dtype)
    if causal:
        rows, columns = np.shape(scores)[-2:]
        scores = np.where(np.arange(rows)[:, None] >= np.arange(columns), scores, never)
    if mask is not None:
        known = spec_of(mask).dtype.kind == "b"
        scores = np.where(mask, scores, never) if known else scores + np.maximum(mask, never)
    return softmax(scores, axis=-1) @ values


def _for_heads(x: Any, heads: int) -> Any:
    """Keys or values of groups of heads, each repeated for its heads."""
    own = np.shape(x)[-3]
    return x if own == heads else np.repeat(x, heads // own, axis=np.ndim(x) - 3)
