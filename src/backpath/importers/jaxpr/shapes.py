"""Primitives of JAX that move entries, take them out, put them in, or make new arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from backpath.importers import operations
from backpath.importers.jaxpr.table import lax
from backpath.ops import Variable, scatter, spec_of


@lax("reshape")
def reshape(x: Any, new_sizes: Sequence[int], dimensions: Any = None, **settings: Any) -> Any:
    """``reshape``."""
    x = x if dimensions is None else np.transpose(x, dimensions)
    return np.reshape(x, tuple(new_sizes))


@lax("broadcast_in_dim")
def broadcast(x: Any, *sizes: Any, shape: Sequence[int], broadcast_dimensions: Sequence[int], **settings: Any) -> Any:
    """``broadcast_in_dim``."""
    kept = [1] * len(shape)
    for axis, n in zip(broadcast_dimensions, np.shape(x), strict=True):
        kept[axis] = n
    return np.broadcast_to(np.reshape(x, tuple(kept)), tuple(shape))


@lax("transpose")
def transpose(x: Any, permutation: Sequence[int], **settings: Any) -> Any:
    """``transpose``."""
    return np.transpose(x, tuple(permutation))


@lax("squeeze")
def squeeze(x: Any, dimensions: Sequence[int], **settings: Any) -> Any:
    """``squeeze``."""
    return np.squeeze(x, tuple(dimensions))


@lax("expand_dims")
def expand_dims(x: Any, dimensions: Sequence[int], **settings: Any) -> Any:
    """``expand_dims``."""
    return np.expand_dims(x, tuple(dimensions))


@lax("rev")
def reverse(x: Any, dimensions: Sequence[int], **settings: Any) -> Any:
    """``rev``."""
    return np.flip(x, tuple(dimensions))


@lax("concatenate")
def concatenate(*operands: Any, dimension: int, **settings: Any) -> Any:
    """``concatenate``."""
    return np.concatenate(operands, axis=dimension)


@lax("split")
def split(x: Any, sizes: Sequence[int], axis: int, **settings: Any) -> Any:
    """``split``."""
    return np.split(x, np.cumsum(sizes)[:-1].tolist(), axis=axis)


@lax("tile")
def tile(x: Any, reps: Sequence[int], **settings: Any) -> Any:
    """``tile``."""
    return np.tile(x, tuple(reps))


@lax("iota")
def iota(*sizes: Any, dtype: Any, shape: Sequence[int], dimension: int, **settings: Any) -> Any:
    """``iota``."""
    along = [n if k == dimension else 1 for k, n in enumerate(shape)]
    return np.broadcast_to(np.reshape(np.arange(shape[dimension]).astype(dtype), along), tuple(shape))


@lax("pad")
def pad(x: Any, value: Any, padding_config: Sequence[tuple[int, int, int]], **settings: Any) -> Any:
    """With ``value`` around, and between entries where the third number says so."""
    if any(between for _, _, between in padding_config):
        x = spread(x, value, [between + 1 for _, _, between in padding_config])
    pads = [(before, after) for before, after, _ in padding_config]
    if not isinstance(value, Variable):
        return operations.pad(x, pads, value=value)
    hit = operations.pad(np.ones(np.shape(x), bool), pads, value=False)
    return np.where(hit, operations.pad(x, pads), value)


def spread(x: Any, value: Any, steps: Sequence[int]) -> Any:
    """Entries so far from each other along each axis, and ``value`` between them."""
    shape = tuple((n - 1) * step + 1 if n else 0 for n, step in zip(np.shape(x), steps, strict=True))
    places = tuple(slice(None, None, step) for step in steps)
    spaced = scatter(x, places, shape)
    if not isinstance(value, Variable) and np.all(np.asarray(value) == 0):
        return spaced
    hit = np.zeros(shape, bool)
    hit[places] = True
    return np.where(hit, spaced, value)


# Slices.
@lax("slice")
def sliced(x: Any, start_indices: Any, limit_indices: Any, strides: Any = None, **settings: Any) -> Any:
    """``slice``."""
    steps = strides or (1,) * len(start_indices)
    return x[tuple(slice(a, b, s) for a, b, s in zip(start_indices, limit_indices, steps, strict=True))]


def _starts(x: Any, starts: Sequence[Any], sizes: Sequence[int]) -> tuple[Any, ...]:
    """Where a slice lies: it is moved inside where it reaches beyond an end."""
    found = []
    for start, n, size in zip(starts, np.shape(x), sizes, strict=True):
        if not isinstance(start, Variable):
            first = min(max(int(start), 0), n - size)
            found.append(slice(first, first + size))
        else:
            found.append(np.clip(start, 0, n - size) + np.arange(size))
    if all(isinstance(part, slice) for part in found):
        return tuple(found)
    axes = len(sizes)
    grid = [np.arange(part.start, part.stop) if isinstance(part, slice) else part for part in found]
    return tuple(np.reshape(part, [-1 if k == axis else 1 for k in range(axes)]) for axis, part in enumerate(grid))


@lax("dynamic_slice")
def dynamic_slice(x: Any, *starts: Any, slice_sizes: Sequence[int], **settings: Any) -> Any:
    """``dynamic_slice``."""
    return x[_starts(x, starts, slice_sizes)]


@lax("dynamic_update_slice")
def dynamic_update(x: Any, update: Any, *starts: Any, **settings: Any) -> Any:
    """``dynamic_update_slice``."""
    places = _starts(x, starts, np.shape(update))
    return _written(x, update, places)


def _written(x: Any, update: Any, places: Any) -> Any:
    hit = scatter(np.ones(np.shape(update), np.int32), places, np.shape(x))
    return np.where(hit > 0, scatter(update, places, np.shape(x)), x)


# Positions.
def _clipped(mode: Any) -> bool:
    return getattr(mode, "name", str(mode)) == "CLIP"


@lax("gather")
def gather(x: Any, indices: Any, dimension_numbers: Any, slice_sizes: Sequence[int], mode: Any, **settings: Any) -> Any:
    """Slices of ``x`` at positions; a position outside is refused, unless it is to be moved inside."""
    d = dimension_numbers
    batching = tuple(getattr(d, "operand_batching_dims", ()))
    taken = (*d.collapsed_slice_dims, *batching)
    if _of_rows(d, slice_sizes, np.shape(x)) and not _clipped(mode):
        return x[indices[..., 0]]
    batch = np.shape(indices)[:-1]
    rank = len(batch) + len(d.offset_dims)
    beside = [k for k in range(rank) if k not in d.offset_dims]
    offsets = [k for k in range(np.ndim(x)) if k not in taken]
    places: list[Any] = []
    for axis, n in enumerate(np.shape(x)):
        part: Any = 0
        if axis in d.start_index_map:
            start = indices[..., d.start_index_map.index(axis)]
            start = np.clip(start, 0, n - slice_sizes[axis]) if _clipped(mode) else start
            part = np.reshape(start, _among(batch, beside, rank))
        if axis in batching:
            along = d.start_indices_batching_dims[batching.index(axis)]
            part = np.reshape(np.arange(n), _axis(n, beside[along], rank))
        if axis in offsets:
            at = d.offset_dims[offsets.index(axis)]
            part = part + np.reshape(np.arange(slice_sizes[axis]), _axis(slice_sizes[axis], at, rank))
        places.append(part if not isinstance(part, int) else np.zeros((1,) * rank, np.int64))
    return x[tuple(places)]


def _of_rows(d: Any, sizes: Sequence[int], shape: Sequence[int]) -> bool:
    """Whether whole rows are taken, as of an embedding."""
    first = tuple(d.collapsed_slice_dims) == tuple(d.start_index_map) == (0,)
    whole = tuple(sizes[1:]) == tuple(shape[1:]) and sizes[0] == 1
    ends = (
        list(d.offset_dims) == list(range(d.offset_dims[0], d.offset_dims[0] + len(shape) - 1))
        if d.offset_dims
        else True
    )
    return first and whole and ends and not getattr(d, "operand_batching_dims", ()) and _last(d, shape)


def _last(d: Any, shape: Sequence[int]) -> bool:
    """Whether what is taken stands behind the positions."""
    return not d.offset_dims or d.offset_dims[0] > 0 or len(shape) == 1


def _among(batch: Sequence[int], beside: Sequence[int], rank: int) -> list[int]:
    shape = [1] * rank
    for n, k in zip(batch, beside, strict=True):
        shape[k] = n
    return shape


def _axis(n: int, k: int, rank: int) -> list[int]:
    return [n if axis == k else 1 for axis in range(rank)]


def _places_of(x: Any, indices: Any, updates: Any, d: Any, mode: Any) -> tuple[Any, ...]:
    """Where the entries of updates go, one array for each axis of ``x``."""
    batching = tuple(getattr(d, "operand_batching_dims", ()))
    rank, taken = np.ndim(updates), (*d.inserted_window_dims, *batching)
    beside = [k for k in range(rank) if k not in d.update_window_dims]
    windows = [k for k in range(np.ndim(x)) if k not in taken]
    batch = np.shape(indices)[:-1]
    places: list[Any] = []
    for axis, n in enumerate(np.shape(x)):
        part: Any = np.zeros((1,) * rank, np.int64)
        size = np.shape(updates)[d.update_window_dims[windows.index(axis)]] if axis in windows else 1
        if axis in d.scatter_dims_to_operand_dims:
            start = indices[..., d.scatter_dims_to_operand_dims.index(axis)]
            start = np.clip(start, 0, n - size) if _clipped(mode) else start
            part = np.reshape(start, _among(batch, beside, rank))
        if axis in batching:
            along = d.scatter_indices_batching_dims[batching.index(axis)]
            part = np.reshape(np.arange(n), _axis(n, beside[along], rank))
        if axis in windows:
            part = part + np.reshape(np.arange(size), _axis(size, d.update_window_dims[windows.index(axis)], rank))
        places.append(np.broadcast_to(part, np.shape(updates)))
    return tuple(places)


@lax("scatter-add", "scatter_add")
def scatter_add(x: Any, indices: Any, updates: Any, dimension_numbers: Any, mode: Any = None, **settings: Any) -> Any:
    """``scatter-add``, ``scatter_add``."""
    places = _places_of(x, indices, updates, dimension_numbers, mode)
    return x + scatter(updates, places, np.shape(x)).astype(spec_of(x).dtype)


@lax("scatter")
def scatter_set(x: Any, indices: Any, updates: Any, dimension_numbers: Any, mode: Any = None, **settings: Any) -> Any:
    """``scatter``."""
    if math.prod(np.shape(updates)) == 0:
        return x
    return _written(x, updates, _places_of(x, indices, updates, dimension_numbers, mode))
