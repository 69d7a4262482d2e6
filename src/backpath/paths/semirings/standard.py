"""Semirings: what plus and times mean in a sum over paths of the products along them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.ops import Semiring
from backpath.ops.sum_product import SUM_PRODUCT, SumProduct, repeated, sizes

__all__ = ["PATH_COUNT", "SUM_PRODUCT", "PathCount", "SumProduct"]


class PathCount(Semiring):
    """Every edge counts one, whatever its derivative: the path sums are numbers of paths, as exact Python integers.

    Values are arrays of objects.
    """

    name = "path count"

    def zero(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.zeros(shape, object)

    def one(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.ones(shape, object)

    def plus(self, s: Any, t: Any) -> Any:
        return s + t

    def multiply(self, s: Any, z: Any) -> Any:
        return s

    def reduce(self, s: Any, axes: tuple[int, ...]) -> Any:
        return np.asarray(np.sum(s, axis=axes), object)

    def scatter(self, s: Any, index: Any, shape: tuple[int, ...]) -> Any:
        y = np.zeros(shape, object)
        np.add.at(y, index, s)
        return y

    def contract(self, s: Any, s_letters: str, z: Any, z_letters: str, out_letters: str) -> Any:
        """Every entry of z is an edge, so the sum runs over s alone and is repeated along z's own letters."""
        summed = self.reduce(s, tuple(k for k, c in enumerate(s_letters) if c not in out_letters))
        return repeated(summed, s_letters, {**sizes(s, s_letters), **sizes(z, z_letters)}, out_letters)

    def move(self, s: Any, rearrange: Callable[[Any], Any]) -> Any:
        return rearrange(s)


PATH_COUNT = PathCount()
