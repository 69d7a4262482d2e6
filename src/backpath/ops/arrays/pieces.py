"""Entries put elsewhere: split, repeated, turned, joined, inserted and left out. All are moves, each derivative 1.

Where a function of NumPy merely rearranges entries, it is asked to rearrange their numbers, and the entries follow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from backpath.graph import ShapeError, TraceError
from backpath.ops.arrays.operands import as_array
from backpath.ops.dispatch import implements, since
from backpath.ops.movement import (
    astype,
    broadcast_to,
    concatenate,
    expand_dims,
    flip,
    moveaxis,
    ravel,
    reshape,
    swapaxes,
    transpose,
)
from backpath.ops.tracing.variable import Variable


def _numbers(x: Any) -> np.ndarray:
    return np.arange(int(np.prod(np.shape(x), dtype=int))).reshape(np.shape(x))


def moved(x: Any, rearrange: Callable[[np.ndarray], np.ndarray]) -> Any:
    """The entries of ``x`` where ``rearrange`` puts their numbers."""
    return ravel(x)[rearrange(_numbers(x))]


def _known(name: str, **arguments: Any) -> None:
    for word, value in arguments.items():
        if isinstance(value, Variable):
            raise TraceError(
                f"{name} with a traced {word}: it decides where entries go, or how many there are, and must be known "
                f"when the graph is made. Write np.where(mask, a, b) in its place"
            )


# Apart.
@implements(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """``np.array_split``."""
    return _split(np.array_split, ary, indices_or_sections, axis)


@implements(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """``np.split``."""
    return _split(np.split, ary, indices_or_sections, axis)


def _split(rule: Callable[..., Any], x: Any, sections: Any, axis: int) -> list[Any]:
    _known("a split", indices=sections)
    axis = normalize_axis_index(axis, np.ndim(x))
    lead, starts = (slice(None),) * axis, []
    for part in rule(np.arange(np.shape(x)[axis]), sections):
        first = int(part[0]) if part.size else 0
        starts.append(slice(first, first + part.size))
    return [x[(*lead, part)] for part in starts]


@implements(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """``np.hsplit``."""
    return split(ary, indices_or_sections, 1 if np.ndim(ary) > 1 else 0)


@implements(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """``np.vsplit``."""
    return split(_of_rank(ary, 2, "vsplit"), indices_or_sections, 0)


@implements(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """``np.dsplit``."""
    return split(_of_rank(ary, 3, "dsplit"), indices_or_sections, 2)


def _of_rank(x: Any, least: int, name: str) -> Any:
    if np.ndim(x) < least:
        raise ShapeError(f"{name} works on {least} axes or more; the array has shape {list(np.shape(x))}")
    return x


@implements(*since("unstack"))
def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """``np.unstack``."""
    return tuple(moveaxis(x, axis, 0))


# Together.
@implements(np.column_stack)
def column_stack(tup: Sequence[Any]) -> Any:
    """``np.column_stack``."""
    return concatenate([reshape(x, (-1, 1)) if np.ndim(x) < 2 else x for x in tup], 1)


@implements(np.dstack)
def dstack(tup: Sequence[Any]) -> Any:
    """``np.dstack``."""
    return concatenate([atleast_3d(x) for x in tup], 2)


@implements(np.block)
def block(arrays: Any) -> Any:
    """``np.block``: lists within lists, the innermost along the last axis."""
    depth, ndim = _depth_of(arrays), _most_axes(arrays)
    return _blocked(arrays, depth, max(depth, ndim))


def _depth_of(arrays: Any) -> int:
    return 1 + _depth_of(arrays[0]) if isinstance(arrays, list) else 0


def _most_axes(arrays: Any) -> int:
    return max(map(_most_axes, arrays)) if isinstance(arrays, list) else np.ndim(arrays)


def _blocked(arrays: Any, depth: int, ndim: int) -> Any:
    if depth == 0:
        return reshape(arrays, (1,) * (ndim - np.ndim(arrays)) + np.shape(arrays))
    return concatenate([_blocked(part, depth - 1, ndim) for part in arrays], ndim - depth)


@implements(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """``np.append``."""
    arr, values = (as_array(x) for x in (arr, values))
    return concatenate([ravel(arr), ravel(values)]) if axis is None else concatenate([arr, values], axis)


@implements(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """``np.insert`` at known positions."""
    _known("np.insert", position=obj)
    arr, values = (as_array(x) for x in (arr, values))
    places = np.insert(_numbers(arr), obj, _numbers(values) + arr.size, axis)
    return concatenate([ravel(arr), astype(ravel(values), np.dtype(arr.dtype))])[places]


@implements(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """``np.delete`` of known positions."""
    _known("np.delete", position=obj)
    return moved(arr, lambda numbers: np.delete(numbers, obj, axis))


@implements(np.compress)
def compress(condition: Any, a: Any, axis: int | None = None, out: None = None) -> Any:
    """``np.compress`` by a known condition."""
    _known("np.compress", condition=condition)
    return moved(a, lambda numbers: np.compress(condition, numbers, axis))


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    """``np.extract`` by a known condition."""
    _known("np.extract", condition=condition)
    return moved(arr, lambda numbers: np.extract(condition, numbers))


@implements(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    """``np.resize``: the entries over and over."""
    return moved(a, lambda numbers: np.resize(numbers, new_shape))


# Again and again.
@implements(np.repeat)
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """``np.repeat`` of known numbers of times."""
    _known("np.repeat", count=repeats)
    if axis is None:
        a, axis = ravel(a), 0
    axis = normalize_axis_index(axis, np.ndim(a))
    if np.size(repeats) != 1:
        return a[(slice(None),) * axis + (np.repeat(np.arange(np.shape(a)[axis]), repeats),)]
    times, shape = int(np.reshape(repeats, ())), np.shape(a)
    if times < 0:
        raise ShapeError(f"np.repeat: {times} times; the number must not be negative")
    spread = broadcast_to(expand_dims(a, axis + 1), (*shape[: axis + 1], times, *shape[axis + 1 :]))
    return reshape(spread, (*shape[:axis], shape[axis] * times, *shape[axis + 1 :]))


@implements(np.tile)
def tile(A: Any, reps: Any) -> Any:
    """``np.tile``."""
    times = tuple(map(int, reps)) if np.ndim(reps) else (int(reps),)
    ndim = max(len(times), np.ndim(A))
    times = (1,) * (ndim - len(times)) + times
    shape = (1,) * (ndim - np.ndim(A)) + np.shape(A)
    apart = reshape(A, tuple(size for n in shape for size in (1, n)))
    spread = broadcast_to(apart, tuple(size for pair in zip(times, shape, strict=True) for size in pair))
    return reshape(spread, tuple(t * n for t, n in zip(times, shape, strict=True)))


# Turned.
@implements(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """``np.roll``."""
    _known("np.roll", shift=shift)
    if axis is None:
        return reshape(roll(ravel(a), int(np.sum(shift)), 0), np.shape(a))
    shifts, axes = np.broadcast_arrays(np.atleast_1d(shift), np.atleast_1d(axis))
    for by, axis in zip(shifts.tolist(), axes.tolist(), strict=True):
        k = normalize_axis_index(axis, np.ndim(a))
        size = np.shape(a)[k]
        by = by % size if size else 0
        if by:
            lead = (slice(None),) * k
            a = concatenate([a[(*lead, slice(size - by, None))], a[(*lead, slice(None, size - by))]], k)
    return a


@implements(np.fft.fftshift)
def fftshift(x: Any, axes: Any = None) -> Any:
    """``np.fft.fftshift``."""
    return _turned(x, axes, lambda size: size // 2)


@implements(np.fft.ifftshift)
def ifftshift(x: Any, axes: Any = None) -> Any:
    """``np.fft.ifftshift``."""
    return _turned(x, axes, lambda size: -(size // 2))


def _turned(x: Any, axes: Any, by: Callable[[int], int]) -> Any:
    axes = tuple(range(np.ndim(x))) if axes is None else normalize_axis_tuple(axes, np.ndim(x))
    return roll(x, tuple(by(np.shape(x)[k]) for k in axes), axes)


@implements(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """``np.rollaxis``."""
    return transpose(a, np.rollaxis(np.empty(tuple(range(np.ndim(a)))), axis, start).shape)


@implements(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """``np.rot90``."""
    first, second = (normalize_axis_index(axis, np.ndim(m)) for axis in axes)
    if first == second:
        raise ShapeError(f"np.rot90: axes {axes} are the same; they must span a plane")
    turned = {0: lambda: m, 2: lambda: flip(m, (first, second)), 1: lambda: swapaxes(flip(m, second), first, second)}
    turned[3] = lambda: flip(swapaxes(m, first, second), second)
    return turned[k % 4]()


@implements(np.flipud)
def flipud(m: Any) -> Any:
    """``np.flipud``."""
    return flip(_of_rank(m, 1, "flipud"), 0)


@implements(np.fliplr)
def fliplr(m: Any) -> Any:
    """``np.fliplr``."""
    return flip(_of_rank(m, 2, "fliplr"), 1)


@implements(np.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    """``np.matrix_transpose``."""
    return swapaxes(_of_rank(x, 2, "matrix_transpose"), -1, -2)


# Axes of size 1, and equal shapes.
def _each(rule: Callable[[Any], Any]) -> Callable[..., Any]:
    def of_arrays(*arys: Any) -> Any:
        return rule(arys[0]) if len(arys) == 1 else tuple(map(rule, arys))

    return of_arrays


def atleast_3d(x: Any) -> Any:
    """An array of three axes or more: a matrix is one layer, a vector one row of one layer."""
    shape = np.shape(x)
    return reshape(x, {0: (1, 1, 1), 1: (1, *shape, 1), 2: (*shape, 1)}.get(len(shape), shape))


implements(np.atleast_1d)(_each(lambda x: reshape(x, np.shape(x) or (1,))))
implements(np.atleast_2d)(_each(lambda x: reshape(x, (1,) * (2 - np.ndim(x)) + np.shape(x))))
implements(np.atleast_3d)(_each(atleast_3d))


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """``np.broadcast_arrays``."""
    shape = np.broadcast_shapes(*map(np.shape, args))
    return tuple(broadcast_to(x, shape) for x in args)


@implements(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    """``np.meshgrid``."""
    ndim = len(xi)
    axes = list(range(ndim))
    if indexing == "xy" and ndim > 1:
        axes[:2] = [1, 0]
    spread = [reshape(x, tuple(-1 if axes[k] == j else 1 for j in range(ndim))) for k, x in enumerate(xi)]
    return tuple(spread) if sparse else broadcast_arrays(*spread)
