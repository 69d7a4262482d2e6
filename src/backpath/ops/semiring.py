"""What a local derivative asks of a semiring: the few operations from which every pull and push is made.

A semiring value stands for a whole array of path sums; local derivatives never look inside it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from backpath.graph import Graph

Value = Any
Array = Any
Whole = Callable[[Sequence[Array], Array], Sequence[Array]]
"""From arrays and one of local derivatives to as many arrays, linear in each."""


class Semiring(ABC):
    """Zero, one, plus, times, and the array forms of plus and times that structured edges need.

    Shapes below are those of the array of path sums; ``z`` is an array of local derivatives.
    """

    name: str
    subtracts: bool = False
    """Whether plus has an inverse, so that a local derivative may be factored with a minus sign in it."""
    linear: bool = False
    """Whether values are arrays with the ordinary plus and times, so that a linear map may be applied to them whole."""
    traceable: bool = False
    """Whether its values are arrays and its operations can be traced, so that a recursion in it can be a graph."""

    @abstractmethod
    def zero(self, shape: tuple[int, ...], dtype: Any) -> Value:
        """The empty sum in every entry: no path."""

    @abstractmethod
    def one(self, shape: tuple[int, ...], dtype: Any) -> Value:
        """The empty path's product in every entry."""

    @abstractmethod
    def plus(self, s: Value, t: Value) -> Value:
        """Entrywise sum over alternative paths."""

    @abstractmethod
    def multiply(self, s: Value, z: Array) -> Value:
        """Extend every path by the edge with derivative ``z`` (broadcast against ``s``)."""

    def mask(self, s: Value, z: Array) -> Value:
        """As ``multiply``, where zeros of ``z`` stand for edges that are not there."""
        return self.multiply(s, z)

    @abstractmethod
    def reduce(self, s: Value, axes: tuple[int, ...]) -> Value:
        """Sum over ``axes``, which disappear."""

    @abstractmethod
    def scatter(self, s: Value, index: Any, shape: tuple[int, ...]) -> Value:
        """Zeros of ``shape`` with ``s`` summed in at ``index``."""

    @abstractmethod
    def contract(self, s: Value, s_letters: str, z: Array, z_letters: str, out_letters: str) -> Value:
        """Extend and sum: the einsum ``s_letters,z_letters->out_letters`` with this plus and times."""

    @abstractmethod
    def move(self, s: Value, rearrange: Callable[[Array], Array]) -> Value:
        """Apply a rearrangement of entries (reshape, transpose, slice, broadcast) to the array of path sums."""

    def accumulate(self, s: Value, axis: int, reverse: bool, shape: tuple[int, ...]) -> Value:
        """Sums of ``s``, of ``shape``, along ``axis`` from its beginning (or its end) up to each place.

        By doubling: a sum of 2k entries is one of k entries plus that k places before. Each path is in it once.
        """
        k = 1
        while k < shape[axis]:
            here, there = slice(k, None), slice(None, -k)
            source, target = (here, there) if reverse else (there, here)
            moved = self.move(s, lambda c, part=source: c[(slice(None),) * axis + (part,)])
            s = self.plus(s, self.scatter(moved, (slice(None),) * axis + (target,), shape))
            k *= 2
        return s

    def less_outer(self, s: Value, d: Array, outers: Sequence[tuple[Array, Array]], axis: int) -> Value | None:
        """Extend and sum over the rows of a diagonal less outer products, for each column along ``axis``.

        None where this semiring asks for the matrix written out.
        """
        return None

    def apply(self, s: Value, linear: Callable[[Array], Array]) -> Value:
        """A linear function of arrays of the path sums: only where a plus with an inverse makes them numbers."""
        return self.move(s, linear)

    def at_once(self, s: Value, f: Whole, z: Array | None = None) -> Value | None:
        """A sum of products of path sums and ``z``, made by ``f`` from several arrays of path sums at once.

        None where path sums are no known arrays of floating-point numbers with the ordinary plus and times.
        """
        return None

    def cross(self, s: Value, target: int, slot: int) -> Value:
        """``s`` after it went over the edge into ``slot`` of the node at ``target``: lengths of paths count it."""
        return s

    def through(self, sums: dict[int, Value], f: Callable[[dict[int, Value], Semiring], Value]) -> Value:
        """What a node with a graph inside makes of path sums, in this semiring or the one whose sums it carries."""
        return f(sums, self)

    def inside(self, graph: Graph) -> Semiring:
        """The semiring for the edges of a graph inside a node, such as the steps of a loop."""
        return self

    def cast(self, s: Value, dtype: Any) -> Value:
        """Carry ``s`` over a change of floating-point type; only path sums that have that type need to change."""
        return s
