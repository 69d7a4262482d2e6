"""The compiled engine's other kernels: products, reductions, and entries that move or are set.

Arguments are those of ``kernels``. The fields of a row from ``GIVEN`` on are named where they are
read; the part to do is of the first axis that the result has, or of what ``EXTENT`` counts.
"""

from __future__ import annotations

from typing import Any

from backpath.engines.compiled.pointers import pointer_at, size_of
from backpath.engines.compiled.products import product as products
from backpath.engines.compiled.reduction_kernels import copy_strided, reduce_columns, reduce_rows
from backpath.engines.compiled.tables import EXTENT, GEMM, GIVEN, HEIGHT, ROW, SCRATCH


def product(like: Any, i: Any, work: Any) -> None:
    """Given: A's address and strides, B's, C's address and its rows'; columns, inner extent, whether A is packed."""
    a, a_row, a_col, b = i[GIVEN], i[GIVEN + 1], i[GIVEN + 2], i[GIVEN + 3]
    c, c_row, n, k = i[GIVEN + 6], i[GIVEN + 7], i[GIVEN + 8], i[GIVEN + 9]
    first, size = work[ROW], size_of(like)
    products.product(
        like, a + first * a_row * size, a_row, a_col, b, i[GIVEN + 4], i[GIVEN + 5], c + first * c_row * size, c_row,
        work[HEIGHT], n, k, False, work[GEMM], work[SCRATCH], i[EXTENT], i[GIVEN + 10] != 0,
    )  # fmt: skip


def batched_product(like: Any, i: Any, work: Any) -> None:
    """Products of pairs of matrices. Given: as for one, then rows, and of each pair's number, which is a number of
    some and one within them: how many the latter are, and the strides of A, B and C by both.
    """
    g, size = GIVEN, size_of(like)
    inner = i[g + 11]
    for k in range(work[ROW], work[ROW] + work[HEIGHT]):
        high, low = k // inner, k % inner
        products.product(
            like, i[g] + (high * i[g + 12] + low * i[g + 13]) * size, i[g + 1], i[g + 2],
            i[g + 3] + (high * i[g + 14] + low * i[g + 15]) * size, i[g + 4], i[g + 5],
            i[g + 6] + (high * i[g + 16] + low * i[g + 17]) * size, i[g + 7], i[g + 10], i[g + 8], i[g + 9], False,
            work[GEMM], work[SCRATCH], i[g + 10], False,
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
