"""Counted: another semiring, with every multiplication and addition of numbers counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.graph import Graph
from backpath.ops import Semiring


class Counted(Semiring):
    """What ``inner`` computes, with the operations on array entries counted as they are done.

    Args:
        inner: what it computes.
        whole: who counts, where this one is for a graph inside a node.

    Attributes:
        multiplications: of path sums by local derivatives.
        additions: of path sums.

    >>> from backpath.paths import SUM_PRODUCT
    >>> counted = Counted(SUM_PRODUCT)
    >>> counted.plus(np.ones(3), np.ones(3))
    array([2., 2., 2.])
    >>> counted.additions
    3
    """

    def __init__(self, inner: Semiring, whole: Counted | None = None):
        self.inner = inner
        self.name = f"counted {inner.name}"
        self.subtracts = inner.subtracts
        self.whole = whole or self
        self.multiplications = self.additions = 0

    def zero(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return self.inner.zero(shape, dtype)

    def one(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return self.inner.one(shape, dtype)

    def plus(self, s: Any, t: Any) -> Any:
        self.whole.additions += np.size(s)
        return self.inner.plus(s, t)

    def multiply(self, s: Any, z: Any) -> Any:
        self.whole.multiplications += np.size(s)
        return self.inner.multiply(s, z)

    def reduce(self, s: Any, axes: tuple[int, ...]) -> Any:
        reduced = self.inner.reduce(s, axes)
        self.whole.additions += np.size(s) - np.size(reduced)
        return reduced

    def scatter(self, s: Any, index: Any, shape: tuple[int, ...]) -> Any:
        return self.inner.scatter(s, index, shape)

    def contract(self, s: Any, s_letters: str, z: Any, z_letters: str, out_letters: str) -> Any:
        size = {**dict(zip(s_letters, np.shape(s), strict=True)), **dict(zip(z_letters, np.shape(z), strict=True))}
        products = int(np.prod(list(size.values()), dtype=int))
        self.whole.multiplications += products
        self.whole.additions += products - int(np.prod([size[c] for c in out_letters], dtype=int))
        return self.inner.contract(s, s_letters, z, z_letters, out_letters)

    def move(self, s: Any, rearrange: Callable[[Any], Any]) -> Any:
        return self.inner.move(s, rearrange)

    def cross(self, s: Any, target: int, slot: int) -> Any:
        return self.inner.cross(s, target, slot)

    def inside(self, graph: Graph) -> Semiring:
        return Counted(self.inner.inside(graph), self.whole)

    def cast(self, s: Any, dtype: Any) -> Any:
        return self.inner.cast(s, dtype)
