"""Several arrays as one vector: what a node with a graph inside computes, since a node has one value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from backpath.graph import Node
from backpath.ops.semiring import Semiring, Value

Shape = tuple[int, ...]


class Segment(NamedTuple):
    """Where an array lies in the vector."""

    start: int
    stop: int
    shape: Shape

    def of(self, packed: Any) -> Any:
        """The array."""
        return np.reshape(packed[self.start : self.stop], self.shape)

    def of_sums(self, packed: Value, semiring: Semiring) -> Value:
        """The same of an array of path sums."""
        return semiring.move(packed, self.of)


def segments(shapes: Iterable[Shape]) -> list[Segment]:
    """Arrays of these shapes, one after another."""
    found, start = [], 0
    for shape in shapes:
        found.append(Segment(start, start + prod(shape), shape))
        start = found[-1].stop
    return found


def packed_dtype(dtypes: Iterable[np.dtype]) -> np.dtype:
    """The type of a vector that holds arrays of these types."""
    return np.result_type(*dtypes)


def packed(arrays: Sequence[Any], dtype: np.dtype) -> Any:
    """The arrays in one vector; numbers of a kind that the type cannot hold, such as complex ones, stay as they are."""
    whole = np.concatenate([np.reshape(x, (-1,)) for x in arrays])
    return whole.astype(dtype) if whole.dtype.kind in "biuf" and whole.dtype != dtype else whole


def unpacked(vector: Any, segment: Segment, dtype: np.dtype) -> Any:
    """An array out of a vector, in its own type."""
    part = segment.of(vector)
    return part.astype(dtype) if part.dtype.kind in "biuf" and part.dtype != dtype else part


def packed_sums(parts: Sequence[tuple[Segment, Value]], size: int, dtype: Any, semiring: Semiring) -> Value:
    """Path sums of the vector from those of some of its arrays."""
    total = semiring.zero((size,), dtype)
    for segment, sums in parts:
        flat = semiring.move(sums, lambda c: np.reshape(c, (-1,)))
        total = semiring.plus(total, semiring.scatter(flat, (slice(segment.start, segment.stop),), (size,)))
    return total


def kinds(nodes: Sequence[Node]) -> list[list[int]]:
    """The numbers of the nodes that share a vector: all floating-point ones, and the others by their type."""
    groups: dict[Any, list[int]] = {}
    for number, node in enumerate(nodes):
        groups.setdefault("f" if node.dtype.kind == "f" else node.dtype, []).append(number)
    return list(groups.values())


def stand_in(shape: Shape, dtype: np.dtype) -> np.ndarray:
    """An array of that shape and type which takes no memory, to trace with."""
    return np.broadcast_to(np.zeros((), dtype), shape)
