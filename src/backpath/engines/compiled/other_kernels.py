"""The compiled engine's other kernels: products, reductions, and entries that move or are set.

Arguments are those of ``kernels``. The fields of a row from ``GIVEN`` on are named where they are
read; the part to do is of the first axis that the result has, or of what ``EXTENT`` counts.
"""

from __future__ import annotations

from typing import Any

from backpath.engines.compiled.pointers import pointer_at, size_of
from backpath.engines.compiled.products import product as products
from backpath.engines.compiled.products.registers import VECTOR_BYTES
from backpath.engines.compiled.products.small_products import block_product, lay, small_product
from backpath.engines.compiled.products.small_products import lay_rows as lay_parts
from backpath.engines.compiled.reduction_kernels import copy_strided, reduce_columns, reduce_rows
from backpath.engines.compiled.tables import BLOCKS, EXTENT, GEMM, GIVEN, HEIGHT, ROW, SCRATCH, WIDEST


def product(like: Any, i: Any, work: Any) -> None:
    """Given: A's address and strides, B's, C's address and its rows'; columns, inner extent, whether A is packed.

    For pairs of matrices, which threads share in place of rows, then: rows, and of a pair's number, which is a number
    of some and one within them: how many the latter are, and the strides of A, B and C by both. Else rows are 0.
    Last, how the factors lie: ``LAID`` or ``BLOCKS``. For blocks the room of a part of A, which is 0 if A is not in
    parts, stands in place of whether A is packed, and then rows, blocks above each other, and blocks beside each other.
    """
    a_row, a_col, c_row, n, k = i[GIVEN + 1], i[GIVEN + 2], i[GIVEN + 7], i[GIVEN + 8], i[GIVEN + 9]
    rows, within, size = i[GIVEN + 11], i[GIVEN + 12], size_of(like)
    first, count = work[ROW], work[HEIGHT]
    if i[GIVEN + 19] == BLOCKS:
        for block in range(first, first + count):
            block_product(
                like, i[GIVEN], a_row, a_col, i[GIVEN + 10], i[GIVEN + 3], i[GIVEN + 6], c_row, i[GIVEN + 11], n, k,
                i[GIVEN + 12], i[GIVEN + 13], block,
            )  # fmt: skip
        return
    for pair in range(first, first + count if rows else first + 1):
        a, b, c, m, whole = i[GIVEN], i[GIVEN + 3], i[GIVEN + 6], rows, rows
        if rows:
            high, low = pair // within, pair % within
            a += (high * i[GIVEN + 13] + low * i[GIVEN + 14]) * size
            b += (high * i[GIVEN + 15] + low * i[GIVEN + 16]) * size
            c += (high * i[GIVEN + 17] + low * i[GIVEN + 18]) * size
        else:
            a += first * a_row * size
            c += first * c_row * size
            m, whole = count, i[EXTENT]
        if i[GIVEN + 19]:
            small_product(
                like, a, a_row, a_col, b, 0, 0, c, c_row, m, n, k, False, work[SCRATCH], i[GIVEN + 10] != 0, True
            )
            continue
        products.product(
            like, a, a_row, a_col, b, i[GIVEN + 4], i[GIVEN + 5], c, c_row, m, n, k, False, work[GEMM], work[SCRATCH],
            whole, i[GIVEN + 10] != 0,
        )  # fmt: skip


def lay_strips(like: Any, i: Any, work: Any) -> None:
    """Given: a matrix's address and strides, the result's address, columns and rows.

    Threads share strips of the widest vectors, which may be several of this processor's.
    """
    strip, each, n = 2 * VECTOR_BYTES // size_of(like), WIDEST // VECTOR_BYTES, i[GIVEN + 4]
    first, last = work[ROW] * each, min((work[ROW] + work[HEIGHT]) * each, (n + strip - 1) // strip)
    lay(like, i[GIVEN], i[GIVEN + 1], i[GIVEN + 2], i[GIVEN + 3], n, i[GIVEN + 5], first, last)


def lay_rows(like: Any, i: Any, work: Any) -> None:
    """Given: a matrix's address and strides, the result's address, rows, columns, blocks of rows, a part's room."""
    lay_parts(
        like, i[GIVEN], i[GIVEN + 1], i[GIVEN + 2], i[GIVEN + 3], i[GIVEN + 4], i[GIVEN + 5], i[GIVEN + 6],
        i[GIVEN + 7], work[ROW], work[ROW] + work[HEIGHT],
    )  # fmt: skip


def reduce(like: Any, i: Any, work: Any) -> None:
    """Given: whether it is the maximum, the result's address, the operand's, its outer, inner and last extents, and
    whether threads share the outer one.
    """
    maximum, out, x = i[GIVEN] != 0, pointer_at(like, i[GIVEN + 1]), pointer_at(like, i[GIVEN + 2])
    outer, n, inner = i[GIVEN + 3], i[GIVEN + 4], i[GIVEN + 5]
    first, last = work[ROW], work[ROW] + work[HEIGHT]
    if inner == 1:
        reduce_rows(maximum, out, x, first, last, n)
    elif i[GIVEN + 6]:
        reduce_columns(maximum, out, x, first, last, n, inner, 0, inner)
    else:
        reduce_columns(maximum, out, x, 0, outer, n, inner, first, last)


def copy(like: Any, i: Any, work: Any) -> None:
    """Given: the result's address, the operand's, three sizes after that of the first axis, and the strides of both."""
    out, x, first = pointer_at(like, i[GIVEN]), pointer_at(like, i[GIVEN + 1]), work[ROW]
    copy_strided(
        out, x, first, first + work[HEIGHT], i[GIVEN + 2], i[GIVEN + 3], i[GIVEN + 4], i[GIVEN + 5], i[GIVEN + 6],
        i[GIVEN + 7], i[GIVEN + 8], i[GIVEN + 9], i[GIVEN + 10], i[GIVEN + 11], i[GIVEN + 12],
    )  # fmt: skip


def fill(like: Any, i: Any, work: Any) -> None:
    """Given: the result's address, and that of a number."""
    out, value = pointer_at(like, i[GIVEN]), pointer_at(like, i[GIVEN + 1])[0]
    for k in range(work[ROW], work[ROW] + work[HEIGHT]):
        out[k] = value
