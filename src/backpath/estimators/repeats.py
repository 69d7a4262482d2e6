"""Examples as what they are however they are written: equal ones together, a weight as so many repetitions."""

from __future__ import annotations

import numpy as np

from backpath.estimators.parts import Part

FEW, MOST = 100_000, 10
"""Whole weights are laid out as repetitions up to so many rows, or so many for each different example."""

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def laid_out(part: Part) -> Part:
    """The same examples in an order that they alone determine, each as often as it weighs.

    An example of weight 2 becomes the same as two equal ones, to the last bit, and one of weight 0 the same as none;
    the order in which examples are given does not matter. Where weights are no whole numbers, or sum to more rows than
    it is worth, the heavier examples are repeated so often that all weigh about the same, and keep their weights.

    Args:
        part: dense.
    """
    some = np.arange(len(part.y)) if part.weights is None else np.flatnonzero(part.weights)
    weights = np.ones(len(some)) if part.weights is None else part.weights[some].astype(float)
    order, firsts = _grouped(part.X[some] if len(some) < len(part.y) else part.X, part.y[some])
    weights = np.add.reduceat(weights[order], firsts)
    total, different = weights.sum(), len(firsts)
    if np.array_equal(weights, np.rint(weights)):
        unit = max(1.0, total / max(FEW, MOST * different))
    else:
        unit = total / different
    times = np.maximum(np.rint(weights / unit), 1).astype(int)
    rows = part.rows(some[order[firsts]].repeat(times))
    each = (weights / times).repeat(times)
    return rows._replace(weights=None if np.all(each == each[0]) else each)


def _grouped(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An order with equal examples side by side, and where in it each different one begins.

    It is that of a hash of ranks, which no scale of a feature changes.
    """
    columns = [np.unique(column, return_inverse=True)[1] for column in (*X.T, *y.reshape(len(y), -1).T)]
    keys = np.zeros(len(y), np.uint64)
    for ranks in columns:
        keys = (keys ^ ranks.astype(np.uint64)) * MULTIPLIER
        keys ^= keys >> np.uint64(32)
    order = np.argsort(keys, kind="stable")
    # Different examples have the same key once in 2^64 pairs; equal ones would then perhaps be taken for different.
    before, after = order[:-1], order[1:]
    same = keys[before] == keys[after]
    for ranks in columns:
        same &= ranks[before] == ranks[after]
    return order, np.flatnonzero(np.concatenate([[True], ~same]))
