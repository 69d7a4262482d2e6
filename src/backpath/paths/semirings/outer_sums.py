"""Sums over rows of |D - u v' - w x'|, a diagonal less outer products, without the matrix written out.

The size of one outer product is that of its factors. That of two, |u_i v_j + w_i x_j|, is |w_i| |x_j + r_i v_j| with
r_i = u_i / w_i; for each j it changes its sign once along the r in order, so that sums from either end give it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Pair = tuple[Any, Any]


def sums_over_rows(s: Any, d: Any, outers: Sequence[Pair], axis: int, image: Callable[[Any], Any]) -> Any:
    """sum over i of s_i image(d_i [i = j] - sum over the pairs of u_i v_j) along an axis, for each j.

    Args:
        s: path sums.
        d: the diagonal, which broadcasts to the shape of ``s``, as the factors do.
        outers: one pair, or two where ``image`` is the size.
        axis: along which the matrix is.
        image: of a product it is the product of the images.

    Returns:
        None where two pairs cannot be summed so, since a divisor is 0.
    """
    shape = np.shape(s)
    rows = [_rows(x, shape, axis) for x in (s, d, *(part for pair in outers for part in pair))]
    sums, diagonal, factors = rows[0], rows[1], rows[2:]
    pairs = list(zip(factors[::2], factors[1::2], strict=True))
    product = sum(u * v for u, v in pairs)
    if len(pairs) == 1:
        ((u, v),) = pairs
        whole = np.sum(sums * image(u), axis=1, keepdims=True) * image(v)
    else:
        (u, v), (w, x) = pairs
        if not np.all(w):
            return None
        whole = _of_two(sums * np.abs(w), u / w, v, x)
    # Where u v is all there is, the difference is 0 but for rounding.
    found = np.maximum(whole - sums * image(product), 0) + sums * image(diagonal - product)
    return _back(found.astype(sums.dtype), shape, axis)


def _rows(x: Any, shape: tuple[int, ...], axis: int) -> np.ndarray:
    full = np.moveaxis(np.broadcast_to(x, shape), axis, -1)
    return np.reshape(full, (-1, shape[axis]))


def _back(rows: np.ndarray, shape: tuple[int, ...], axis: int) -> np.ndarray:
    moved = (*shape[:axis], *shape[axis + 1 :], shape[axis])
    return np.moveaxis(np.reshape(rows, moved), -1, axis)


def _of_two(weights: np.ndarray, r: np.ndarray, v: np.ndarray, x: np.ndarray) -> np.ndarray:
    """sum over i of weights_i |x_j + r_i v_j| for each j, row by row."""
    order = np.argsort(r, axis=1)
    r, weights = (np.take_along_axis(a, order, 1).astype(float) for a in (r, weights))
    with np.errstate(divide="ignore", invalid="ignore"):
        turns = np.where(v == 0, np.inf, -x / v)
    below = np.array([np.searchsorted(one, at) for one, at in zip(r, turns, strict=True)])
    total = [_cumulated(weights), _cumulated(weights * r)]
    low = [np.take_along_axis(c, below, 1) for c in total]
    high = [c[:, -1:] - part for c, part in zip(total, low, strict=True)]
    return np.abs((high[0] - low[0]) * x + (high[1] - low[1]) * v)


def _cumulated(x: np.ndarray) -> np.ndarray:
    """Sums of the first 0, 1, ... entries of each row."""
    return np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, axis=1)], axis=1)
