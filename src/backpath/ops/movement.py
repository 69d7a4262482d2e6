"""Rearrangements: reshape, transpose, broadcast, index, scatter, concatenate, pad and type casts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from backpath.graph import ShapeError
from backpath.ops.dispatch import METHODS, implements
from backpath.ops.elementwise import common
from backpath.ops.local import (
    AddRows,
    Broadcast,
    Cast,
    Gather,
    LocalDerivative,
    Reshape,
    Scatter,
    TakeRows,
    Transpose,
)
from backpath.ops.primitive import Spec, define, mismatch
from backpath.ops.tracing.recording import apply
from backpath.ops.tracing.variable import Variable

Shape = tuple[int, ...]


def _size(shape: Sequence[int]) -> int:
    return int(np.prod(shape, dtype=int))


# Reshape and its special cases.
def _reshape_spec(x: Spec, shape: Shape) -> Spec:
    if _size(shape) != _size(x.shape):
        raise mismatch("reshape", x, Spec(shape, x.dtype), needs="both must hold the same number of entries")
    return Spec(shape, x.dtype)


RESHAPE = define(
    "reshape",
    np.reshape,
    _reshape_spec,
    (lambda y, x, shape: Reshape(np.shape(x), shape),),
)


@implements(np.reshape)
def reshape(x: Any, shape: Any, order: str = "C", *, copy: bool | None = None) -> Any:
    """``np.reshape``; one size may be -1, and ``order="F"`` counts the first axis fastest."""
    if order == "F":
        back = tuple(shape)[::-1] if isinstance(shape, (tuple, list)) else shape
        return transpose(reshape(transpose(x), back))
    sizes = [int(n) for n in (shape if isinstance(shape, (tuple, list)) else (shape,))]
    if -1 in sizes:
        known = -_size(sizes)
        sizes[sizes.index(-1)] = _size(np.shape(x)) // known if known > 0 else 0
    if any(n < 0 for n in sizes):
        raise ShapeError(f"reshape: {shape} is no shape; one size may be -1, the others must not be negative")
    return x if np.shape(x) == tuple(sizes) else apply(RESHAPE, x, shape=tuple(sizes))


@implements(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    """``np.ravel``."""
    return reshape(a, (-1,), order)


@implements(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    """``np.expand_dims``."""
    extra = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = normalize_axis_tuple(tuple(extra), np.ndim(a) + len(extra))
    sizes = iter(np.shape(a))
    return reshape(a, tuple(1 if k in axes else next(sizes) for k in range(np.ndim(a) + len(axes))))


@implements(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Any:
    """``np.squeeze``."""
    shape = np.shape(a)
    ones = [k for k, n in enumerate(shape) if n == 1]
    axes = ones if axis is None else normalize_axis_tuple(axis, len(shape))
    if any(shape[k] != 1 for k in axes):
        raise ShapeError(f"squeeze: axis {axis} of an array of shape {list(shape)} is not of size 1")
    return reshape(a, tuple(n for k, n in enumerate(shape) if k not in axes))


# Transposes.
TRANSPOSE = define(
    "transpose",
    np.transpose,
    lambda x, axes: Spec(tuple(x.shape[k] for k in axes), x.dtype),
    (lambda y, x, axes: Transpose(axes),),
)


@implements(np.transpose, np.permute_dims)
def transpose(a: Any, axes: Any = None) -> Any:
    """``np.transpose``."""
    order = range(np.ndim(a))[::-1] if axes is None else axes
    try:
        order = normalize_axis_tuple(tuple(order), np.ndim(a))
    except ValueError:
        order = ()
    if len(order) != np.ndim(a):
        raise ShapeError(f"transpose: axes {axes} do not permute those of an array of shape {list(np.shape(a))}")
    return apply(TRANSPOSE, a, axes=order)


@implements(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """``np.moveaxis``."""
    sources, targets = (normalize_axis_tuple(axes, np.ndim(a)) for axes in (source, destination))
    order = [k for k in range(np.ndim(a)) if k not in sources]
    for target, origin in sorted(zip(targets, sources, strict=True)):
        order.insert(target, origin)
    return transpose(a, tuple(order))


@implements(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """``np.swapaxes``."""
    order = list(range(np.ndim(a)))
    first, second = (normalize_axis_index(k, np.ndim(a)) for k in (axis1, axis2))
    order[first], order[second] = order[second], order[first]
    return transpose(a, tuple(order))


# Broadcasting and types.
def _broadcast_spec(x: Spec, shape: Shape) -> Spec:
    try:
        fits = np.broadcast_shapes(x.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise mismatch("broadcast_to", x, Spec(shape, x.dtype), needs="each size must be equal, or 1 in the first")
    return Spec(shape, x.dtype)


BROADCAST = define(
    "broadcast_to",
    np.broadcast_to,
    _broadcast_spec,
    (lambda y, x, shape: Broadcast(np.shape(x), shape),),
)


@implements(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    """``np.broadcast_to``."""
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (int(shape),)
    return array if np.shape(array) == shape else apply(BROADCAST, array, shape=shape)


def _cast(x: Any, dtype: np.dtype) -> Any:
    # A complex step must not lose its imaginary part on the way through a cast between real types.
    return x if np.iscomplexobj(x) and dtype.kind == "f" else np.asarray(x).astype(dtype)


ASTYPE = define(
    "astype",
    _cast,
    lambda x, dtype: Spec(x.shape, dtype),
    (lambda y, x, dtype: Cast(x.dtype, dtype),),
)
DISCRETIZE = define("discretize", _cast, lambda x, dtype: Spec(x.shape, dtype), (None,))


def astype(x: Any, dtype: np.dtype) -> Any:
    """The same entries in another type; between floating-point types the derivative is 1, to integers it is 0."""
    if x.dtype == dtype:
        return x
    return apply(ASTYPE if dtype.kind in "fc" else DISCRETIZE, x, dtype=dtype)


# Indexing, and its transpose.
def is_slice(index: Any) -> bool:
    """Whether ``index`` takes each entry at most once, as a view."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        p is None or p is Ellipsis or (isinstance(p, (slice, int, np.integer)) and not isinstance(p, bool))
        for p in parts
    )


def _index_spec(x: Spec, index: Any) -> Spec:
    try:
        return Spec(np.broadcast_to(np.empty((), bool), x.shape)[index].shape, x.dtype)
    except IndexError as error:
        raise ShapeError(f"index: {error} (the array has shape {list(x.shape)})") from None


def _scatter_value(x: Any, index: Any, shape: Shape) -> Any:
    # A number of paths by itself is a Python integer.
    y = np.zeros(shape, getattr(x, "dtype", object))
    if is_slice(index):
        y[index] = x
    else:
        np.add.at(y, index, x)
    return y


def _scatter_spec(x: Spec, index: Any, shape: Shape) -> Spec:
    taken = _index_spec(Spec(shape, x.dtype), index)
    if taken.shape != x.shape:
        raise mismatch("scatter", x, taken, needs="the entries must fill the indexed places")
    return Spec(shape, x.dtype)


INDEX = define("index", lambda x, index: x[index], _index_spec, (lambda y, x, index: Gather(index, np.shape(x)),))
SCATTER = define("scatter", _scatter_value, _scatter_spec, (lambda y, x, index, shape: Scatter(index, shape),))


def _take_spec(x: Spec, rows: Spec) -> Spec:
    if rows.dtype.kind not in "iu" or not x.shape:
        raise mismatch("take", x, rows, needs="the first must have rows, and the second hold whole numbers")
    return Spec((*rows.shape, *x.shape[1:]), x.dtype)


def _add_rows_value(x: Any, rows: Any, shape: Shape) -> Any:
    y = np.zeros(shape, x.dtype)
    if x.size:
        # Equal rows beside each other are summed at once; adding one row after another takes ten times as long.
        flat = np.ravel(rows) % shape[0]
        order = np.argsort(flat, kind="stable")
        different, starts = np.unique(flat[order], return_index=True)
        y[different] = np.add.reduceat(np.reshape(x, (flat.size, *shape[1:]))[order], starts, axis=0)
    return y


def _add_rows_spec(x: Spec, rows: Spec, shape: Shape) -> Spec:
    taken = _take_spec(Spec(shape, x.dtype), rows)
    if taken.shape != x.shape:
        raise mismatch("add_rows", x, taken, needs="there must be a row for each number")
    return Spec(shape, x.dtype)


def _take_value(x: Any, rows: Any) -> Any:
    whole = rows if rows.dtype.kind in "iu" else rows.astype(np.intp)
    try:
        return np.take(x, np.asarray(whole), axis=0)
    except IndexError as error:
        raise ShapeError(f"take: {error} (the array has shape {list(np.shape(x))})") from None


TAKE = define("take", _take_value, _take_spec, (lambda y, x, rows: TakeRows(rows, np.shape(x)), None))
ADD_ROWS = define("add_rows", _add_rows_value, _add_rows_spec, (lambda y, x, rows, shape: AddRows(rows, shape), None))


def take_rows(x: Any, rows: Any) -> Any:
    """``x[rows]`` for whole numbers, known or traced."""
    return apply(TAKE, x, rows)


def getitem(x: Any, index: Any) -> Any:
    """``x[index]`` for slices, integers, None, Ellipsis, arrays of integers, traced or not, and known masks."""
    parts = index if isinstance(index, tuple) else (index,)
    known = tuple(np.asarray(p) if isinstance(p, list) else p for p in parts)
    if any(isinstance(p, Variable) for p in known):
        # Rows by themselves are what embeddings take.
        of_rows = len(known) == 1 and known[0].dtype.kind in "iu" and np.ndim(x) > 1
        return take_rows(x, known[0]) if of_rows else METHODS["pick"](x, known)
    return apply(INDEX, x, index=known)


def scatter(x: Any, index: Any, shape: Shape) -> Any:
    """Zeros of ``shape`` with ``x`` summed in at ``index``: what carries a gradient back through ``x[index]``."""
    if isinstance(index, Variable):
        return apply(ADD_ROWS, x, index, shape=shape)
    if any(isinstance(p, Variable) for p in (index if isinstance(index, tuple) else ())):
        return METHODS["place"](x, index, shape)
    return apply(SCATTER, x, index=index, shape=shape)


@implements(np.take)
def take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    """``np.take``; with ``mode="wrap"`` or ``"clip"`` positions beyond an end come back into the array."""
    indices = indices if hasattr(indices, "dtype") else np.asarray(indices, np.intp if np.size(indices) == 0 else None)
    if axis is None:
        a, axis = ravel(a), 0
    axis = normalize_axis_index(axis, np.ndim(a))
    if mode == "wrap":
        indices = indices % np.shape(a)[axis]
    elif mode == "clip":
        indices = np.clip(indices, 0, np.shape(a)[axis] - 1)
    return getitem(a, (slice(None),) * axis + (indices,))


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """``np.take_along_axis``."""
    if axis is None:
        arr, axis = ravel(arr), 0
    axis = normalize_axis_index(axis, np.ndim(arr))
    others = np.ogrid[tuple(slice(n) for n in np.shape(arr))]
    return getitem(arr, (*others[:axis], indices, *others[axis + 1 :]))


@implements(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    """``np.flip``."""
    axes = range(np.ndim(m)) if axis is None else normalize_axis_tuple(axis, np.ndim(m))
    return getitem(m, tuple(slice(None, None, -1) if k in axes else slice(None) for k in range(np.ndim(m))))


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """``np.diagonal``."""
    a = moveaxis(a, (axis1, axis2), (-2, -1))
    rows, columns = np.shape(a)[-2:]
    k = np.arange(max(0, min(rows + min(offset, 0), columns - max(offset, 0))))
    return getitem(a, (..., k - min(offset, 0), k + max(offset, 0)))


# Joining and padding.
METHODS["getitem"] = getitem
METHODS["take_rows"] = take_rows
METHODS["astype"] = astype
METHODS["scatter"] = scatter


def _concatenate_spec(*specs: Spec, axis: int) -> Spec:
    first = specs[0].shape
    if len({s.shape[:axis] + s.shape[axis + 1 :] for s in specs}) > 1 or len({len(s.shape) for s in specs}) > 1:
        raise mismatch("concatenate", *specs, needs=f"all sizes but those along axis {axis} must be equal")
    total = sum(s.shape[axis] for s in specs)
    return Spec((*first[:axis], total, *first[axis + 1 :]), common(*[s.dtype for s in specs]))


def _concatenate_local(slot: int, y: Any, *xs: Any, axis: int) -> LocalDerivative:
    return _concatenate_each([slot], y, *xs, axis=axis)[0]


def _concatenate_each(slots: Sequence[int], y: Any, *xs: Any, axis: int) -> list[LocalDerivative]:
    ends = list(accumulate((np.shape(x)[axis] for x in xs), initial=0))
    return [Scatter((slice(None),) * axis + (slice(ends[k], ends[k + 1]),), np.shape(y)) for k in slots]


CONCATENATE = define(
    "concatenate",
    lambda *xs, axis: np.concatenate(xs, axis),
    _concatenate_spec,
    _concatenate_local,
    each=_concatenate_each,
)


@implements(np.concatenate)
def concatenate(
    arrays: Sequence[Any], axis: int | None = 0, out: None = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    """``np.concatenate``."""
    arrays = list(arrays)
    if axis is None:
        arrays, axis = [ravel(x) for x in arrays], 0
    if np.ndim(arrays[0]) == 0:
        raise ShapeError("concatenate: scalars have no axis to join along; use np.stack")
    joined = apply(CONCATENATE, *arrays, axis=normalize_axis_index(axis, np.ndim(arrays[0])))
    return joined if dtype is None else astype(joined, np.dtype(dtype))


@implements(np.stack)
def stack(arrays: Sequence[Any], axis: int = 0, out: None = None, *, dtype: Any = None, casting: str = "same_kind"):
    """``np.stack``."""
    return concatenate([expand_dims(x, axis) for x in arrays], axis, dtype=dtype)


@implements(np.hstack)
def hstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """``np.hstack``."""
    parts = [reshape(x, -1) if np.ndim(x) == 0 else x for x in tup]
    return concatenate(parts, 0 if np.ndim(parts[0]) == 1 else 1, dtype=dtype)


@implements(np.vstack)
def vstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """``np.vstack``."""
    return concatenate([reshape(x, (1, -1)) if np.ndim(x) < 2 else x for x in tup], 0, dtype=dtype)


def _pad_spec(x: Spec, width: tuple[tuple[int, int], ...], value: float) -> Spec:
    return Spec(tuple(n + before + after for n, (before, after) in zip(x.shape, width, strict=True)), x.dtype)


def _pad_local(y: Any, x: Any, width: tuple[tuple[int, int], ...], value: float) -> LocalDerivative:
    inside = tuple(slice(before, before + n) for n, (before, _) in zip(np.shape(x), width, strict=True))
    return Scatter(inside, np.shape(y))


PAD = define("pad", lambda x, width, value: np.pad(x, width, constant_values=value), _pad_spec, (_pad_local,))
