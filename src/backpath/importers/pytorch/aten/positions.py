"""Operations of ATen that take entries at positions that arrays tell, or put them there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.importers.pytorch.aten.shapes import stretch
from backpath.importers.pytorch.aten.table import ATEN, aten
from backpath.ops import scatter, spec_of


@aten("embedding.default")
def embedding(weight: Any, indices: Any, *rest: Any) -> Any:
    """``aten.embedding.default``."""
    return weight[indices]


@aten("index.Tensor", "_unsafe_index.Tensor")
def index(x: Any, indices: Sequence[Any]) -> Any:
    """``aten.index.Tensor``, ``aten._unsafe_index.Tensor``."""
    return x[_index(indices)]


def _index(indices: Sequence[Any]) -> tuple[Any, ...]:
    parts = [slice(None) if part is None else part for part in indices]
    while parts and isinstance(parts[-1], slice):
        parts.pop()
    return tuple(parts)


@aten("index_put.default", "_unsafe_index_put.default")
def index_put(x: Any, indices: Sequence[Any], values: Any, accumulate: bool = False) -> Any:
    """``aten.index_put.default``, ``aten._unsafe_index_put.default``."""
    where = _index(indices)
    taken = np.shape(np.empty(np.shape(x), bool)[tuple(_positions(part) for part in where)])
    placed = scatter(np.broadcast_to(values, taken), where, np.shape(x))
    if accumulate:
        return x + placed
    hit = scatter(np.ones(taken, np.int64), where, np.shape(x))
    return np.where(hit > 0, placed, x)


def _positions(part: Any) -> Any:
    return part if isinstance(part, (slice, np.ndarray)) else np.zeros(np.shape(part), np.int64)


@aten("index_select.default")
def index_select(x: Any, dim: int, index: Any) -> Any:
    """``aten.index_select.default``."""
    return np.take(x, index, axis=dim)


@aten("gather.default")
def gather(x: Any, dim: int, index: Any, sparse_grad: bool = False) -> Any:
    """``aten.gather.default``."""
    if np.ndim(x) == 0:
        return np.broadcast_to(x, np.shape(index))
    return x[_beside(x, dim, index)]


def _beside(x: Any, dim: int, index: Any) -> tuple[Any, ...]:
    """The index as one array for each axis: the others are those of ``index`` itself, which may be smaller."""
    grid = np.ogrid[tuple(slice(n) for n in np.shape(index))]
    axis = dim % np.ndim(x)
    return (*grid[:axis], index, *grid[axis + 1 :])


@aten("scatter_add.default")
def scatter_add(x: Any, dim: int, index: Any, src: Any) -> Any:
    """``aten.scatter_add.default``."""
    part = src[tuple(slice(n) for n in np.shape(index))]
    return x + scatter(part, _beside(x, dim, index), np.shape(x))


@aten("scatter.src", "scatter.value")
def scattered(x: Any, dim: int, index: Any, src: Any) -> Any:
    """``aten.scatter.src``, ``aten.scatter.value``."""
    where = _beside(x, dim, index)
    part = src[tuple(slice(n) for n in np.shape(index))] if np.ndim(src) else np.broadcast_to(src, np.shape(index))
    hit = scatter(np.ones(np.shape(index), np.int64), where, np.shape(x))
    placed = scatter(part.astype(spec_of(x).dtype), where, np.shape(x))
    return np.where(hit > 0, placed, x)


@aten("slice_scatter.default")
def slice_scatter(
    x: Any, src: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Any:
    """``aten.slice_scatter.default``."""
    axis = dim % np.ndim(x)
    where = (slice(None),) * axis + (stretch(np.shape(x)[axis], start, end, step),)
    return _replaced(x, src, where)


@aten("select_scatter.default")
def select_scatter(x: Any, src: Any, dim: int, index: int) -> Any:
    """``aten.select_scatter.default``."""
    return _replaced(x, src, (slice(None),) * (dim % np.ndim(x)) + (index,))


def _replaced(x: Any, part: Any, where: tuple[Any, ...]) -> Any:
    hit = np.zeros(np.shape(x), bool)
    hit[where] = True
    return np.where(hit, scatter(part, where, np.shape(x)), x) if not hit.all() else np.reshape(part, np.shape(x))


ATEN["copy.default"] = lambda x, src, non_blocking=False: np.broadcast_to(src, np.shape(x)).astype(spec_of(x).dtype)


@aten("_embedding_bag.default", "embedding_bag.padding_idx", "embedding_bag.default")
def embedding_bag(
    weight: Any, indices: Any, offsets: Any, scale_grad: bool = False, mode: int = 0, sparse: bool = False,
    per_sample_weights: Any = None, *rest: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """Sums, means or maxima of the rows of each bag, which begins at its offset in ``indices``."""
    if not isinstance(offsets, np.ndarray):
        raise ShapeError("embedding_bag: where bags begin must be known when the graph is made")
    count = np.shape(indices)[0]
    rows = weight[indices]
    if per_sample_weights is not None:
        rows = rows * np.expand_dims(per_sample_weights, 1)
    ends = [*offsets.tolist()[1:], count]
    bags = [rows[a:b] for a, b in zip(offsets.tolist(), ends, strict=True)]
    reduce = (np.sum, np.mean, np.max)[mode]
    none = np.zeros((0,), np.int64)
    return np.stack([reduce(bag, axis=0) for bag in bags]), none, none, none
