"""Order: sorting, and what is told from sorted entries. A sorted array is its entries moved, each derivative 1.

Entries that tie keep their order, so that the first one is the one that is found first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from backpath.graph import ShapeError
from backpath.ops.arrays.operands import as_array
from backpath.ops.dispatch import implements
from backpath.ops.movement import getitem, ravel, reshape, take_along_axis
from backpath.ops.primitive import Primitive, Spec, define
from backpath.ops.tracing.recording import apply
from backpath.ops.tracing.variable import Variable

POSITION = np.dtype(np.intp)
TIES = "entries that tie keep their order"


def _argsort(x: Any, axis: int) -> Any:
    return np.argsort(x, axis=axis, kind="stable")


ARGSORT = define("argsort", _argsort, lambda x, axis: Spec(x.shape, POSITION), (None,), kink=TIES)
ARGPARTITION = define(
    "argpartition",
    lambda x, kth, axis: np.argpartition(x, kth, axis),
    lambda x, kth, axis: Spec(x.shape, POSITION),
    (None,),
    kink="entries that tie are told apart as NumPy finds them",
)
SEARCHSORTED = define(
    "searchsorted",
    lambda a, v, side: np.searchsorted(a, v, side),
    lambda a, v, side: Spec(v.shape, POSITION),
    (None, None),
    kink="0 everywhere, also at the steps",
)


def _flat(x: Any, axis: int | None) -> tuple[Any, int]:
    """The array and the axis that is meant; all entries along one axis where there is none."""
    if axis is None:
        return ravel(x), 0
    return x, normalize_axis_index(axis, np.ndim(x))


@implements(np.argsort, constant=True)
def argsort(a: Any, axis: int | None = -1, kind: Any = None, order: None = None, *, stable: bool | None = None) -> Any:
    """``np.argsort``, stable whatever ``kind`` says."""
    a, axis = _flat(a, axis)
    return apply(ARGSORT, a, axis=axis)


@implements(np.sort)
def sort(a: Any, axis: int | None = -1, kind: Any = None, order: None = None, *, stable: bool | None = None) -> Any:
    """``np.sort``."""
    a, axis = _flat(a, axis)
    return take_along_axis(a, argsort(a, axis), axis)


@implements(np.argpartition, constant=True)
def argpartition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: None = None) -> Any:
    """``np.argpartition``."""
    a, axis = _flat(a, axis)
    return apply(ARGPARTITION, a, kth=kth, axis=axis)


@implements(np.partition)
def partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: None = None) -> Any:
    """``np.partition``."""
    a, axis = _flat(a, axis)
    return take_along_axis(a, argpartition(a, kth, axis), axis)


@implements(np.lexsort, constant=True)
def lexsort(keys: Any, axis: int = -1) -> Any:
    """``np.lexsort``: the last key counts most."""
    keys = list(keys)
    order = argsort(keys[0], axis)
    for key in keys[1:]:
        order = take_along_axis(order, argsort(take_along_axis(key, order, axis), axis), axis)
    return order


@implements(np.searchsorted, constant=True)
def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """``np.searchsorted``."""
    if sorter is not None:
        a = getitem(a, sorter)
    if np.ndim(a) != 1:
        raise ShapeError(f"searchsorted: the sorted array has shape {list(np.shape(a))}, and must have one axis")
    return apply(SEARCHSORTED, a, as_array(v), side=side)


@implements(np.digitize, constant=True)
def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """``np.digitize`` for bins that increase, or known ones that decrease."""
    side = "left" if right else "right"
    if isinstance(bins, Variable) or np.size(bins) < 2 or bins[0] <= bins[-1]:
        return searchsorted(bins, x, side)
    return len(bins) - searchsorted(np.asarray(bins)[::-1], x, "right" if right else "left")


# Where the extremes are.
def _extreme_spec(x: Spec, axis: int | None) -> Spec:
    shape = () if axis is None else x.shape[:axis] + x.shape[axis + 1 :]
    if (x.shape[axis] if axis is not None else int(np.prod(x.shape))) == 0:
        raise ShapeError(f"argmax: an array of shape {list(x.shape)} has no entries along axis {axis}")
    return Spec(shape, POSITION)


ARGMAX = define("argmax", lambda x, axis: np.argmax(x, axis=axis), _extreme_spec, (None,))
ARGMIN = define("argmin", lambda x, axis: np.argmin(x, axis=axis), _extreme_spec, (None,))


def _position(primitive: Primitive, a: Any, axis: int | None, keepdims: bool) -> Any:
    axis = None if axis is None else normalize_axis_index(axis, np.ndim(a))
    found = apply(primitive, a, axis=axis)
    if not keepdims:
        return found
    return reshape(found, tuple(1 if axis is None or k == axis else n for k, n in enumerate(np.shape(a))))


@implements(np.argmax, constant=True)
def argmax(a: Any, axis: int | None = None, out: None = None, *, keepdims: bool = False) -> Any:
    """``np.argmax``; of entries that tie the first."""
    return _position(ARGMAX, a, axis, keepdims)


@implements(np.argmin, constant=True)
def argmin(a: Any, axis: int | None = None, out: None = None, *, keepdims: bool = False) -> Any:
    """``np.argmin``; of entries that tie the first."""
    return _position(ARGMIN, a, axis, keepdims)


@implements(np.nanargmax, constant=True)
def nanargmax(a: Any, axis: int | None = None, out: None = None, *, keepdims: bool = False) -> Any:
    """``np.nanargmax``; of a row of nan alone 0, where NumPy raises."""
    return argmax(np.where(np.isnan(a), -np.inf, a), axis, keepdims=keepdims)


@implements(np.nanargmin, constant=True)
def nanargmin(a: Any, axis: int | None = None, out: None = None, *, keepdims: bool = False) -> Any:
    """``np.nanargmin``; of a row of nan alone 0, where NumPy raises."""
    return argmin(np.where(np.isnan(a), np.inf, a), axis, keepdims=keepdims)
