"""Matrix products for compiled engines, whose operands are raw addresses."""

from __future__ import annotations

from typing import Any

from backpath.engines.compiled.jit import compiled
from backpath.engines.compiled.pointers import pointer_at
from backpath.engines.compiled.products.blas_product import blas_product
from backpath.engines.compiled.products.small_products import row_product, small_product
from backpath.engines.compiled.tables import LARGEST


@compiled
def product(
    like: Any, a: int, a_row: int, a_col: int, b: int, b_row: int, b_col: int, c: int, c_row: int,
    m: int, n: int, k: int, accumulate: bool, gemm: int, scratch: int, rows: int, packed: bool,
) -> None:  # fmt: skip
    """C = A B, or C += A B, for an m x k matrix A, a k x n matrix B, and C, which overlaps neither.

    Equal inputs at equal strides give equal bits. Strides count elements. Of a_row and a_col one is 1, and the other is
    at least the length of what lies in one piece, unless there is only one such piece; so for B.

    Args:
        like: an array of the dtype, float32 or float64, the dtype itself, or a pointer; only its type matters.
        a: address of A.
        a_row: from one row of A to the next; 1 if A is transposed in memory.
        a_col: from one column of A to the next.
        b: address of B.
        b_row: from one row of B to the next; 1 if B is transposed in memory.
        b_col: from one column of B to the next.
        c: address of C, whose rows each lie in one piece.
        c_row: from one row of C to the next.
        m: rows of A and C.
        n: columns of B and C.
        k: columns of A, rows of B; if it is 0, the product is zero.
        accumulate: whether the product is added to what stands in C.
        gemm: what :func:`backpath.engines.compiled.products.blas.gemm_address` gives for the dtype.
        scratch: address of ``tables.SCRATCH_BYTES`` bytes, which are overwritten.
        rows: m, or where these are some rows of a larger product, all of its rows: which way is taken follows from
            them, so that the parts give the bits of the whole.
        packed: whether A is packed, its columns if it is transposed and else its rows, for which there is room for
            ``tables.PACKED`` numbers behind the scratch.
    """
    # A pointer is one word to pass on, and an array seven.
    kind = pointer_at(like, 0)
    large = float(rows) * n * k * min(rows, n, k) > LARGEST
    if n == 1 and c_row == 1:
        # A column in one piece is a row: C' = B' A'.
        a, a_row, a_col, b, b_row, b_col, m, n = b, b_col, b_row, a, a_col, a_row, n, m
        rows, packed = 1, False
    if rows == 1 and a_col == 1 and b_row == 1:
        row_product(kind, a, b, b_col, c, n, k, accumulate)
    elif large:
        blas_product(kind, a, a_row, a_col, b, b_row, b_col, c, c_row, m, n, k, accumulate, gemm)
    else:
        small_product(kind, a, a_row, a_col, b, b_row, b_col, c, c_row, m, n, k, accumulate, scratch, packed, False)
