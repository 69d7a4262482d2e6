"""Path sums by the length of the path: a polynomial in one variable, whose power is the length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backpath.graph import Graph, GraphError
from backpath.ops import Semiring
from backpath.ops.semiring import Whole
from backpath.ops.sum_product import known
from backpath.paths.semirings.standard import SUM_PRODUCT

Polynomial = dict[int, Any]
"""By length the ordinary path sums over the paths of that length; lengths that no path has are absent."""

Step = Callable[[int, int], int]
"""How much an edge adds to a path's length, from the position of its target and its slot there."""


class Lengths(Semiring):
    """Ordinary sums and products, kept apart by length.

    Args:
        step: how much an edge adds to a path's length, from the position of its target and its slot there; always 1
            counts edges.
        inside: the steps of a graph inside a node, such as a loop's, from that graph.

    Raises:
        GraphError: at a node with a graph inside, if ``inside`` is not given.
    """

    name = "path length"
    subtracts = True

    def __init__(self, step: Step, inside: Callable[[Graph], Step] | None = None):
        self.step, self._inside = step, inside

    def inside(self, graph: Graph) -> Semiring:
        if self._inside is None:
            raise GraphError(
                "paths go through a loop or a branch, and these lengths are of the outer graph alone: give "
                "Lengths(step, inside), where inside(graph) is the step of the graph of one turn"
            )
        return Lengths(self._inside(graph), self._inside)

    def zero(self, shape: tuple[int, ...], dtype: Any) -> Polynomial:
        return {}

    def one(self, shape: tuple[int, ...], dtype: Any) -> Polynomial:
        return {0: SUM_PRODUCT.one(shape, dtype)}

    def plus(self, s: Polynomial, t: Polynomial) -> Polynomial:
        return {n: s[n] + t[n] if n in s and n in t else s.get(n, t.get(n)) for n in sorted({*s, *t})}

    def multiply(self, s: Polynomial, z: Any) -> Polynomial:
        return {n: SUM_PRODUCT.multiply(a, z) for n, a in s.items()}

    def reduce(self, s: Polynomial, axes: tuple[int, ...]) -> Polynomial:
        return {n: SUM_PRODUCT.reduce(a, axes) for n, a in s.items()}

    def scatter(self, s: Polynomial, index: Any, shape: tuple[int, ...]) -> Polynomial:
        return {n: SUM_PRODUCT.scatter(a, index, shape) for n, a in s.items()}

    def contract(self, s: Polynomial, s_letters: str, z: Any, z_letters: str, out_letters: str) -> Polynomial:
        return {n: SUM_PRODUCT.contract(a, s_letters, z, z_letters, out_letters) for n, a in s.items()}

    def at_once(self, s: Polynomial, f: Whole, z: Any = None) -> Polynomial | None:
        return dict(zip(s, f(list(s.values()), z), strict=True)) if all(known(a) for a in s.values()) else None

    def move(self, s: Polynomial, rearrange: Callable[[Any], Any]) -> Polynomial:
        return {n: rearrange(a) for n, a in s.items()}

    def cross(self, s: Polynomial, target: int, slot: int) -> Polynomial:
        step = self.step(target, slot)
        return {n + step: a for n, a in s.items()} if step else s

    def cast(self, s: Polynomial, dtype: Any) -> Polynomial:
        return {n: a.astype(dtype) for n, a in s.items()}
