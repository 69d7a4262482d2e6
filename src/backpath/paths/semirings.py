"""Semirings: what plus and times mean in a sum over paths of the products along them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.ops import Semiring, contract, scatter


class SumProduct(Semiring):
    """Ordinary plus and times: the path sums are derivatives (Aggarwal, eq. 3.8).

    Values are arrays, known or traced.
    """

    name = "sum-product"
    subtracts = True

    def zero(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.zeros(shape, dtype)

    def one(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.ones(shape, dtype)

    def plus(self, s: Any, t: Any) -> Any:
        return s + t

    def multiply(self, s: Any, z: Any) -> Any:
        return s * z

    def reduce(self, s: Any, axes: tuple[int, ...]) -> Any:
        return np.sum(s, axis=axes)

    def scatter(self, s: Any, index: Any, shape: tuple[int, ...]) -> Any:
        return scatter(s, index, shape)

    def contract(self, s: Any, s_letters: str, z: Any, z_letters: str, out_letters: str) -> Any:
        return contract(s, s_letters, z, z_letters, out_letters)

    def move(self, s: Any, rearrange: Callable[[Any], Any]) -> Any:
        return rearrange(s)


SUM_PRODUCT = SumProduct()
