"""The matrix product in which the product of largest size takes the place of the sum, compiled."""

from __future__ import annotations

import numba
import numpy as np

BLOCK = 512
"""Columns at a time: a row of so many products stays in the first cache while the inner index runs."""


@numba.njit(cache=True, nogil=True)
def max_product(left: np.ndarray, right: np.ndarray, out: np.ndarray) -> None:
    """out[b, i, j] = left[b, i, k] right[b, k, j] for the k at which its size is largest, with its sign.

    Args:
        left: shape (stack, rows, inner).
        right: shape (stack, inner, columns).
        out: shape (stack, rows, columns); the only memory that is written.
    """
    stack, rows, inner = left.shape
    columns = right.shape[2]
    out[...] = 0
    for b in range(stack):
        for start in range(0, columns, BLOCK):
            end = min(start + BLOCK, columns)
            for i in range(rows):
                best = out[b, i, start:end]
                for k in range(inner):
                    a = left[b, i, k]
                    row = right[b, k, start:end]
                    for j in range(end - start):
                        product = a * row[j]
                        best[j] = product if abs(product) > abs(best[j]) else best[j]
