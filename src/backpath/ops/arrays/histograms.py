"""Counts: of whole numbers, and of entries between edges. Counts are steps; sums of weights are differentiable."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from backpath.graph import ShapeError, TraceError
from backpath.ops.arrays.operands import as_array
from backpath.ops.dispatch import implements
from backpath.ops.movement import ravel, reshape, scatter
from backpath.ops.tracing.variable import Variable


@implements(np.bincount)
def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """``np.bincount``; of traced numbers ``minlength`` says how many counts there are."""
    if isinstance(x, Variable):
        if not minlength:
            raise TraceError(
                "np.bincount of traced numbers: how many counts there are depends on values; say minlength=, which "
                "must be more than the largest number"
            )
        size = int(minlength)
    else:
        x = np.asarray(x)
        size = max(int(minlength), int(x.max(initial=-1)) + 1)
    each = np.ones(np.shape(x), np.intp) if weights is None else weights
    each = as_array(each)
    if np.shape(each) != np.shape(x):
        raise ShapeError(
            f"np.bincount: weights of shape {list(np.shape(each))} for numbers of shape {list(np.shape(x))}"
        )
    return scatter(each if weights is None else each.astype(np.dtype(float)), (x,), (size,))


@implements(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """``np.histogram_bin_edges`` for a number of bins, or edges."""
    if isinstance(bins, str):
        raise TraceError(f"bins={bins!r} of traced entries: how many bins there are depends on values; say the number")
    if np.ndim(bins):
        return as_array(bins)
    low, high = (np.min(a), np.max(a)) if range is None else range
    return np.linspace(low, high, int(bins) + 1) if isinstance(low, Variable) else _edges(low, high, int(bins), a)


def _edges(low: Any, high: Any, bins: int, a: Any) -> np.ndarray:
    return np.linspace(low, high, bins + 1, dtype=np.result_type(float, getattr(a, "dtype", float)))


@implements(np.histogram)
def histogram(a: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None) -> Any:
    """``np.histogram``; the edges have derivatives where they are made of traced entries."""
    a = ravel(as_array(a))
    edges = histogram_bin_edges(a, bins, range)
    counts = _counted([a], [edges], None if weights is None else ravel(as_array(weights)))
    if density:
        counts = (counts / np.diff(edges) / np.sum(counts)).astype(np.dtype(float))
    return counts, edges


@implements(np.histogramdd)
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[Any, tuple[Any, ...]]:
    """``np.histogramdd``."""
    columns = list(sample) if isinstance(sample, (list, tuple)) else list(np.transpose(np.atleast_2d(as_array(sample))))
    each = [bins] * len(columns) if np.ndim(bins) == 0 else list(bins)
    ranges = [None] * len(columns) if range is None else list(range)
    edges = [histogram_bin_edges(c, b, r) for c, b, r in zip(columns, each, ranges, strict=True)]
    counts = _counted(columns, edges, weights)
    counts = counts.astype(np.dtype(float))
    if density:
        for k, edge in enumerate(edges):
            counts = counts / np.reshape(np.diff(edge), tuple(-1 if j == k else 1 for j, _ in enumerate(edges)))
        counts = counts / np.sum(_counted(columns, edges, weights))
    return counts, tuple(edges)


@implements(np.histogram2d)
def histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[Any, Any, Any]:
    """``np.histogram2d``."""
    if np.ndim(bins) == 1 and len(bins) != 2:
        bins = [bins, bins]
    counts, edges = histogramdd([as_array(x), as_array(y)], bins, range, density, weights)
    return counts, *edges


def _counted(columns: Sequence[Any], edges: Sequence[Any], weights: Any) -> Any:
    """How many entries lie in each bin, or the sum of their weights; the last bin has both its ends."""
    sizes = tuple(np.shape(edge)[0] - 1 for edge in edges)
    cell, inside = 0, True
    for column, edge, size in zip(columns, edges, sizes, strict=True):
        place = np.searchsorted(edge, column, "right") - 1
        inside = np.logical_and(inside, np.logical_and(column >= edge[0], column <= edge[size]))
        cell = cell * size + np.clip(place, 0, size - 1)
    each = np.asarray(1) if weights is None else as_array(weights)
    counted = np.where(inside, each, np.zeros((), each.dtype))
    return reshape(scatter(counted, (cell,), (prod(sizes),)), sizes)
