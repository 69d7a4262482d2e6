"""Entries taken at positions that are themselves computed: what sorting, searching and interpolating need.

``pick`` and ``place`` are each other's transposes, so that derivatives of any order stay between the two.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.graph import ShapeError, TraceError
from backpath.ops.dispatch import METHODS
from backpath.ops.local import Composition, Gather, LocalDerivative, Reshape, Scatter
from backpath.ops.primitive import Spec, define
from backpath.ops.tracing.recording import apply
from backpath.ops.tracing.variable import Variable

Shape = tuple[int, ...]


def _size(shape: Shape) -> int:
    return int(np.prod(shape, dtype=int))


def _whole(positions: Any) -> Any:
    """Positions as NumPy takes them, from exact numbers too."""
    return np.asarray(positions if positions.dtype.kind in "iu" else positions.astype(np.intp))


def _place_value(x: Any, positions: Any, shape: Shape) -> Any:
    y = np.zeros(_size(shape), x.dtype)
    np.add.at(y, _whole(positions), x)
    return y.reshape(shape)


def _pick_local(y: Any, x: Any, positions: Any) -> LocalDerivative:
    flat = (_size(np.shape(x)),)
    return Composition((Reshape(np.shape(x), flat), Gather((positions,), flat)))


def _place_local(y: Any, x: Any, positions: Any, shape: Shape) -> LocalDerivative:
    flat = (_size(shape),)
    return Composition((Scatter((positions,), flat), Reshape(flat, shape)))


PICK = define(
    "pick",
    lambda x, positions: np.reshape(x, -1)[_whole(positions)],
    lambda x, positions: Spec(positions.shape, x.dtype),
    (_pick_local, None),
)
PLACE = define(
    "place",
    _place_value,
    lambda x, positions, shape: Spec(shape, x.dtype),
    (_place_local, None),
)


def _counted(positions: Any, size: int) -> Any:
    """Positions along an axis of ``size``, counted from the front."""
    positions = _whole(positions)
    if positions.size and not -size <= positions.min() <= positions.max() < size:
        wrong = positions[(positions < -size) | (positions >= size)].flat[0]
        raise ShapeError(f"index {wrong} is out of bounds for an axis of size {size}")
    return np.where(positions < 0, positions + size, positions)


COUNTED = define("counted", _counted, lambda x, size: Spec(x.shape, np.dtype(np.intp)), (None,))


def pick(x: Any, index: tuple[Any, ...]) -> Any:
    """``x[index]`` where some of the positions are traced integers; a mask must be known, since it makes a shape."""
    if any(isinstance(p, Variable) and p.dtype.kind not in "iu" for p in index):
        raise TraceError(
            "indexing by traced numbers that are not integers: a mask gives an array whose shape depends on values, "
            "and shapes must be known when the graph is made. Write np.where(mask, a, b), or index by integers"
        )
    return apply(PICK, x, _flat_positions(np.shape(x), _one_part_an_axis(index, np.ndim(x))))


def place(x: Any, index: tuple[Any, ...], shape: Shape) -> Any:
    """Zeros of ``shape`` with ``x`` summed in at ``index``, of which some positions are traced."""
    return apply(PLACE, x, _flat_positions(shape, _one_part_an_axis(index, len(shape))), shape=shape)


def _one_part_an_axis(index: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    """The index with an ellipsis spelled out, so that each part but None stands for one axis or more."""
    used = sum(_axes_of(part) for part in index)
    fill = (slice(None),) * (ndim - used)
    for k, part in enumerate(index):
        if part is Ellipsis:
            return index[:k] + fill + index[k + 1 :]
    return index + fill


def _axes_of(part: Any) -> int:
    if part is None or part is Ellipsis:
        return 0
    return np.ndim(part) if getattr(part, "dtype", np.dtype(int)).kind == "b" else 1


def _flat_positions(shape: Shape, index: tuple[Any, ...]) -> Any:
    """Where in a flat array of ``shape`` the entries of ``[index]`` stand.

    NumPy itself says where the entries of each part of the index come to stand, by indexing numbers with it.
    """
    known = tuple(np.zeros(p.shape, np.intp) if isinstance(p, Variable) else p for p in index)
    positions: Any = np.arange(_size(shape)).reshape(shape)[known]
    axis = 0
    for k, part in enumerate(index):
        if isinstance(part, Variable):
            each = np.arange(part.size).reshape(part.shape)
            stretched = (*shape[:axis], max(part.size, 1), *shape[axis + 1 :])
            along = np.arange(stretched[axis]).reshape((-1,) + (1,) * (len(shape) - axis - 1))
            which = np.broadcast_to(along, stretched)[(*known[:k], each, *known[k + 1 :])]
            counted = np.reshape(apply(COUNTED, part, size=shape[axis]), (-1,))
            positions = positions + counted[which] * _size(shape[axis + 1 :])
        axis += _axes_of(part)
    return positions


METHODS["pick"] = pick
METHODS["place"] = place
