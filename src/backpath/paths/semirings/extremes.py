"""Semirings that choose in place of adding: the strongest path, and whether there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.ops import Semiring, contract

BLOCK = 2**18
"""Products that may be held at once; larger matrix products are compiled, and hold none."""


class MaxProduct(Semiring):
    """The product, with its sign, of the path on which its size is largest.

    A matrix product takes memory for its result, for a copy of an operand that is not stored row by row, and for no
    more than ``BLOCK`` products.
    """

    name = "max-product"

    def zero(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.zeros(shape, dtype)

    def one(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.ones(shape, dtype)

    def plus(self, s: Any, t: Any) -> Any:
        return np.where(abs(t) > abs(s), t, s)

    def multiply(self, s: Any, z: Any) -> Any:
        return s * z

    def reduce(self, s: Any, axes: tuple[int, ...]) -> Any:
        kept = tuple(k for k in range(np.ndim(s)) if k not in axes)
        rows = np.transpose(s, (*kept, *axes)).reshape(*(np.shape(s)[k] for k in kept), -1)
        if rows.shape[-1] == 0:
            return self.zero(rows.shape[:-1], rows.dtype)
        strongest = np.argmax(abs(rows), axis=-1, keepdims=True)
        return np.take_along_axis(rows, strongest, axis=-1)[..., 0]

    def scatter(self, s: Any, index: Any, shape: tuple[int, ...]) -> Any:
        entries = np.arange(int(np.prod(shape, dtype=int))).reshape(shape)[index].ravel()
        values = np.ravel(s)
        by_size = np.argsort(abs(values), kind="stable")
        y = self.zero((int(np.prod(shape, dtype=int)),), values.dtype)
        # Of entries that fall on one place the last assigned stays: the strongest.
        y[entries[by_size]] = values[by_size]
        return y.reshape(shape)

    def contract(self, s: Any, s_letters: str, z: Any, z_letters: str, out_letters: str) -> Any:
        return contract(s, s_letters, z, z_letters, out_letters, product=self._product)

    def move(self, s: Any, rearrange: Callable[[Any], Any]) -> Any:
        return rearrange(s)

    def cast(self, s: Any, dtype: Any) -> Any:
        return s.astype(dtype)

    def _product(self, left: Any, right: Any) -> Any:
        """The matrix product of this semiring."""
        inner = left.shape[-1]
        rows = left.reshape(-1 if left.ndim > 2 else 1, left.shape[-2] if left.ndim > 1 else 1, inner)
        columns = right.reshape(len(rows), inner, right.shape[-1] if right.ndim > 1 else 1)
        if rows.size * columns.shape[2] > BLOCK and {left.dtype.kind, right.dtype.kind} == {"f"}:
            best = _compiled_product(rows, columns)
        else:
            best = self.reduce(rows[..., None] * columns[:, None], (2,))
        return best.reshape(left.shape[:-1] + (right.shape[-1:] if right.ndim > 1 else ()))


def _compiled_product(rows: Any, columns: Any) -> Any:
    # Numba takes half a second to import, which only large products repay.
    from backpath.paths.semirings.max_product_kernel import max_product

    dtype = np.result_type(rows, columns)
    best = np.empty((*rows.shape[:2], columns.shape[2]), dtype)
    max_product(np.ascontiguousarray(rows, dtype), np.ascontiguousarray(columns, dtype), best)
    return best


class Reachability(Semiring):
    """Whether any path without a z that is zero leads there; arrays of truth values."""

    name = "reachability"

    def zero(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.zeros(shape, bool)

    def one(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.ones(shape, bool)

    def plus(self, s: Any, t: Any) -> Any:
        return s | t

    def multiply(self, s: Any, z: Any) -> Any:
        return s & (np.asarray(z) != 0)

    def reduce(self, s: Any, axes: tuple[int, ...]) -> Any:
        return np.any(s, axis=axes)

    def scatter(self, s: Any, index: Any, shape: tuple[int, ...]) -> Any:
        y = np.zeros(shape, bool)
        np.logical_or.at(y, index, s)
        return y

    def contract(self, s: Any, s_letters: str, z: Any, z_letters: str, out_letters: str) -> Any:
        """A product of zeros and ones in float32, which the BLAS is fast at: it is positive where a path leads."""
        paths = contract(s.astype(np.float32), s_letters, (z != 0).astype(np.float32), z_letters, out_letters)
        return paths > 0

    def move(self, s: Any, rearrange: Callable[[Any], Any]) -> Any:
        return rearrange(s)


MAX_PRODUCT = MaxProduct()
REACHABILITY = Reachability()
