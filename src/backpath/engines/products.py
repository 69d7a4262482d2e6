"""Matrix products for compiled engines, whose operands are raw addresses."""

from __future__ import annotations

from typing import Any

from backpath.engines.blas import blas_product
from backpath.engines.pointers import size_of
from backpath.engines.small_products import compiled, small_product, vector_product

VOLUME = 64**3
"""Products of more steps than this, m n k, go to the BLAS."""

FEW_ROWS = 4
"""Rows of A for which it does not pay to pack a transposed B."""


@compiled
def product(
    like: Any, a: int, a_row: int, a_col: int, b: int, b_row: int, b_col: int, c: int, c_row: int,
    m: int, n: int, k: int, accumulate: bool, gemm: int, scratch: int,
) -> None:  # fmt: skip
    if n == 1 and a_col == 1 and b_row == 1:
        vector_product(like, b, a, a_row, c, c_row, m, k, accumulate, scratch)
    elif n == 1 and c_row == 1 and a_row == 1:
        small_product(like, b, 0, b_row, a, a_col, 1, c, 1, 1, m, k, accumulate, scratch)
    elif b_col != 1 and a_col == 1 and m <= FEW_ROWS:
        for i in range(m):
            size = size_of(like)
            vector_product(like, a + i * a_row * size, b, b_col, c + i * c_row * size, 1, n, k, accumulate, scratch)
    elif m * n * k > VOLUME:
        blas_product(like, a, a_row, a_col, b, b_row, b_col, c, c_row, m, n, k, accumulate, gemm)
    else:
        small_product(like, a, a_row, a_col, b, b_row, b_col, c, c_row, m, n, k, accumulate, scratch)
