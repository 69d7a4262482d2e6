"""Semirings of a user's own, from two NumPy functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.ops import Semiring, contract


class UfuncSemiring(Semiring):
    """Path sums whose plus and times are functions of numbers.

    Args:
        name: what it is called.
        plus: a ufunc of two arguments, associative and commutative: ``np.minimum``, ``np.logaddexp``.
        times: of two arrays, elementwise: ``np.add``, ``np.multiply``, ``np.minimum``. It must distribute over plus.
        zero: what plus leaves alone, and what times makes of anything with it.
        one: what times leaves alone.
        lift: from z to what times takes; by default z itself.

    >>> from backpath.paths import Dag
    >>> cheapest = UfuncSemiring("cheapest", np.minimum, np.add, zero=np.inf, one=0.0)
    >>> roads = Dag.from_edges([("a", "b", 2.0), ("b", "d", 2.0), ("a", "c", 1.0), ("c", "d", 4.0)])
    >>> float(roads.path_sum(cheapest, "a", "d"))
    4.0
    """

    def __init__(
        self,
        name: str,
        plus: np.ufunc,
        times: Callable[[Any, Any], Any],
        zero: Any,
        one: Any,
        lift: Callable[[Any], Any] = np.asarray,
    ):
        self.name, self._plus, self._times, self._zero, self._one, self._lift = name, plus, times, zero, one, lift

    def zero(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.full(shape, self._zero)

    def one(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.full(shape, self._one)

    def plus(self, s: Any, t: Any) -> Any:
        return self._plus(s, t)

    def multiply(self, s: Any, z: Any) -> Any:
        return self._times(s, self._lift(z))

    def reduce(self, s: Any, axes: tuple[int, ...]) -> Any:
        return self._plus.reduce(s, axis=axes, initial=self._zero)

    def scatter(self, s: Any, index: Any, shape: tuple[int, ...]) -> Any:
        y = np.full(shape, self._zero, np.asarray(s).dtype)
        self._plus.at(y, index, s)
        return y

    def contract(self, s: Any, s_letters: str, z: Any, z_letters: str, out_letters: str) -> Any:
        lifted = self._lift(z)
        return contract(s, s_letters, lifted, z_letters, out_letters, product=self._product, times=self._times)

    def move(self, s: Any, rearrange: Callable[[Any], Any]) -> Any:
        return rearrange(s)

    def _product(self, left: Any, right: Any) -> Any:
        """The matrix product of this semiring, one inner index at a time."""
        rows, columns = np.atleast_2d(left), right if right.ndim > 1 else right[:, None]
        total = np.full((*rows.shape[:-1], columns.shape[-1]), self._zero)
        for k in range(rows.shape[-1]):
            total = self._plus(total, self._times(rows[..., :, k : k + 1], columns[..., k : k + 1, :]))
        return total.reshape(left.shape[:-1] + (right.shape[-1:] if right.ndim > 1 else ()))
