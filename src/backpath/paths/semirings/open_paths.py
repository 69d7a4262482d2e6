"""Derivatives where a path is cut before a slope that is infinite or undefined: such a path has no share in the sum.

``maximum(hypot(a, b), 1e-6)`` is constant at 0, though the slope of hypot is 0 / 0 there: the edge that maximum leaves
out has no derivative, and what stands on the other edges of such a path does not matter. A product of numbers cannot
tell that zero from a slope that happens to be 0, as in ``sqrt(x)**2``, whose derivative at 0 is no product of slopes.
So path sums carry along where they are open. It costs a second sweep, made only where the first one ends in nan; or,
where sums are traced, only where one path may meet both a steep primitive and one that cuts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from backpath.graph import CONSTANT, Graph, Node
from backpath.ops import PRIMITIVES, Semiring, Variable
from backpath.paths.semirings.standard import SUM_PRODUCT


class Opened(NamedTuple):
    """Path sums, and in which entries some path leads on: None for all of them."""

    sums: Any
    open: Any = None


class OpenPaths(Semiring):
    """Sum-product over the paths that nothing cuts; values are :class:`Opened`."""

    name = "sum-product over open paths"
    subtracts = True

    def zero(self, shape: tuple[int, ...], dtype: Any) -> Opened:
        return Opened(SUM_PRODUCT.zero(shape, dtype))

    def one(self, shape: tuple[int, ...], dtype: Any) -> Opened:
        return Opened(SUM_PRODUCT.one(shape, dtype))

    def plus(self, s: Opened, t: Opened) -> Opened:
        if s.open is None or t.open is None:
            return Opened(s.sums + t.sums)
        return Opened(s.sums + t.sums, np.logical_or(s.open, t.open))

    @np.errstate(invalid="ignore")
    def multiply(self, s: Opened, z: Any) -> Opened:
        product = s.sums * z
        if s.open is None:
            return Opened(product)
        is_open = np.broadcast_to(s.open, np.shape(product))
        return Opened(np.where(is_open, product, 0.0), is_open)

    @np.errstate(invalid="ignore")
    def mask(self, s: Opened, z: Any) -> Opened:
        product = s.sums * z
        is_open = np.broadcast_to(z != 0, np.shape(product))
        if s.open is not None:
            is_open = np.logical_and(is_open, s.open)
        return Opened(np.where(is_open, product, 0.0), is_open)

    def reduce(self, s: Opened, axes: tuple[int, ...]) -> Opened:
        return Opened(np.sum(s.sums, axis=axes), None if s.open is None else np.max(s.open, axis=axes))

    def scatter(self, s: Opened, index: Any, shape: tuple[int, ...]) -> Opened:
        return Opened(SUM_PRODUCT.scatter(s.sums, index, shape))

    def contract(self, s: Opened, s_letters: str, z: Any, z_letters: str, out_letters: str) -> Opened:
        return Opened(SUM_PRODUCT.contract(s.sums, s_letters, z, z_letters, out_letters))

    def through(self, sums: dict[int, Opened], f: Callable[[dict[int, Any], Semiring], Any]) -> Opened:
        return Opened(f({k: s.sums for k, s in sums.items()}, SUM_PRODUCT))

    def move(self, s: Opened, rearrange: Callable[[Any], Any]) -> Opened:
        return Opened(rearrange(s.sums), None if s.open is None else rearrange(s.open))

    def cast(self, s: Opened, dtype: Any) -> Opened:
        return Opened(s.sums.astype(dtype), s.open)


OPEN_PATHS = OpenPaths()

OVERFLOWING = frozenset("exp exp2 expm1 sinh cosh".split())


def undefined(sums: Iterable[Any]) -> bool:
    """Whether there is a nan among known path sums."""
    known = (s for s in sums if isinstance(s, (np.ndarray, np.floating)) and s.dtype.kind == "f")
    return any(bool(np.isnan(s).any()) for s in known)


def cut_and_steep(weighted: Any, reached: bytearray) -> bool:
    """Whether, in a traced graph, one path may meet both a cut and a slope that is infinite."""
    graph: Graph | None = getattr(weighted, "graph", None)
    if graph is None or not any(isinstance(value, Variable) for value in weighted.values):
        return False
    after_steep, after_cut = bytearray(len(graph)), bytearray(len(graph))
    for position, node in enumerate(graph.nodes):
        if not reached[position] or node.primitive not in PRIMITIVES:
            continue
        steep, cuts = _steep(graph, node), PRIMITIVES[node.primitive].cuts
        was_steep, was_cut = (any(flags[p] for p in node.parents) for flags in (after_steep, after_cut))
        # What merely grows beyond the range of its type makes the value infinite too.
        if (was_steep and cuts) or (was_cut and steep and node.primitive not in OVERFLOWING):
            return True
        after_steep[position], after_cut[position] = was_steep or steep, was_cut or cuts
    return False


def _steep(graph: Graph, node: Node) -> bool:
    if node.primitive == "divide":
        return graph.nodes[node.parents[1]].primitive != CONSTANT
    if node.primitive == "integer_power":
        return node.params["n"] < 0
    return PRIMITIVES[node.primitive].steep
