"""Small matrix products by hand: strips of B, two vectors wide, and for each of them tiles that the registers hold."""

from __future__ import annotations

from typing import Any

from numba import njit

from backpath.engines.pointers import size_of
from backpath.engines.product_kernels import (
    ROWS,
    full_tile,
    inner_products,
    narrow_tile,
    pack_rows,
    pack_transposed,
    partial_tile,
)
from backpath.engines.tables import DEPTH, VECTOR_BYTES

SPAN = 16384
"""Bytes over which a strip of B may lie spread before packing pays: half of a usual first cache."""


@njit(nogil=True, error_model="numpy", forceinline=True)
def small_product(
    like: Any, a: int, a_row: int, a_col: int, b: int, b_row: int, b_col: int, c: int, c_row: int,
    m: int, n: int, k: int, accumulate: bool, scratch: int,
) -> None:  # fmt: skip
    """C = A B or C += A B in tiles; arguments as in :func:`backpath.engines.products.product`, A's strides any."""
    size = size_of(like)
    lanes = VECTOR_BYTES // size
    packed = (scratch + 2 * VECTOR_BYTES - 1) & (-2 * VECTOR_BYTES)
    for start in range(0, max(k, 1), DEPTH):
        depth = min(DEPTH, k - start)
        left = a + start * a_col * size
        for column in range(0, n, 2 * lanes):
            columns = min(2 * lanes, n - column)
            strip, step = b + (start * b_row + column * b_col) * size, b_row
            if b_col != 1:
                pack_transposed(like, strip, b_col, min(columns, lanes), depth, packed)
                if columns > lanes:
                    pack_transposed(
                        like, strip + lanes * b_col * size, b_col, columns - lanes, depth, packed + VECTOR_BYTES
                    )
                strip, step = packed, 2 * lanes
            elif depth * b_row * size > SPAN and m > 2 * ROWS:
                pack_rows(like, strip, b_row, columns, depth, packed)
                strip, step = packed, 2 * lanes
            more, target = accumulate or start > 0, c + column * size
            _strip_product(like, left, a_row, a_col, strip, step, target, c_row, m, columns, depth, more)


@njit(nogil=True, error_model="numpy", forceinline=True)
def _strip_product(
    like: Any, a: int, a_row: int, a_col: int, b: int, b_row: int, c: int, c_row: int,
    m: int, columns: int, k: int, accumulate: bool,
) -> None:  # fmt: skip
    """The product with at most two vectors' columns. Rows are shared out evenly: a low tile leaves registers idle."""
    size = size_of(like)
    lanes = VECTOR_BYTES // size
    tiles = (m + ROWS - 1) // ROWS
    fewest = ROWS - 1
    while fewest * tiles > m:
        fewest -= 1
    higher = m - fewest * tiles
    for tile in range(tiles):
        rows = fewest + (tile < higher)
        if columns == 2 * lanes:
            full_tile(like, a, a_row, a_col, b, b_row, c, c_row, rows, columns, k, accumulate)
        elif columns > lanes:
            partial_tile(like, a, a_row, a_col, b, b_row, c, c_row, rows, columns, k, accumulate)
        else:
            narrow_tile(like, a, a_row, a_col, b, b_row, c, c_row, rows, columns, k, accumulate)
        a += rows * a_row * size
        c += rows * c_row * size


@njit(nogil=True, error_model="numpy", forceinline=True)
def row_product(like: Any, a: int, b: int, b_col: int, c: int, n: int, k: int, accumulate: bool) -> None:
    """C = A B or C += A B by inner products, for one row of A and a transposed B."""
    size = size_of(like)
    lanes = VECTOR_BYTES // size
    for column in range(0, n, lanes):
        columns, target = min(lanes, n - column), c + column * size
        inner_products(like, a, b + column * b_col * size, b_col, target, columns, k, accumulate)
