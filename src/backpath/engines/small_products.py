"""Small matrix products by hand: strips of two vectors' columns, cut into tiles that the registers hold."""

from __future__ import annotations

from typing import Any

import numba

from backpath.engines.product_kernels import ROWS, full_tile, inner_products, narrow_tile, pack, partial_tile
from backpath.engines.pointers import pointer_at, size_of
from backpath.engines.vectors import BYTES

DEPTH = 256
"""Steps of the inner index at a time: a strip of B stays in the first cache."""

SCRATCH = 2 * BYTES * (DEPTH + 1)
"""Bytes of scratch that a product needs: one strip of B, and room to align it."""

compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


@compiled
def small_product(
    like: Any, a: int, a_row: int, a_col: int, b: int, b_row: int, b_col: int, c: int, c_row: int,
    m: int, n: int, k: int, accumulate: bool, scratch: int,
) -> None:  # fmt: skip
    """C = A B or C += A B by hand-written kernels; arguments as in :func:`backpath.engines.products.product`."""
    size = size_of(like)
    lanes = BYTES // size
    packed = (scratch + 2 * BYTES - 1) & (-2 * BYTES)
    for start in range(0, max(k, 1), DEPTH):
        depth = min(DEPTH, k - start)
        for column in range(0, n, 2 * lanes):
            columns = min(2 * lanes, n - column)
            strip, step = b + (start * b_row + column * b_col) * size, b_row
            if b_col != 1:
                pack(like, strip, b_col, min(columns, lanes), depth, packed)
                if columns > lanes:
                    pack(like, strip + lanes * b_col * size, b_col, columns - lanes, depth, packed + BYTES)
                strip, step = packed, 2 * lanes
            target = c + column * size
            _strip(like, a + start * a_col * size, a_row, a_col, strip, step, target, c_row, m, columns, depth,
                   accumulate or start > 0)  # fmt: skip


@compiled
def _strip(
    like: Any, a: int, a_row: int, a_col: int, b: int, b_row: int, c: int, c_row: int,
    m: int, columns: int, k: int, accumulate: bool,
) -> None:  # fmt: skip
    """The product for at most two vectors' columns of B; rows shared out evenly, for a low tile uses registers badly."""
    size = size_of(like)
    lanes = BYTES // size
    blocks = (m + ROWS - 1) // ROWS
    for block in range(blocks):
        rows = m // blocks + (block < m % blocks)
        if columns == 2 * lanes:
            full_tile(like, a, a_row, a_col, b, b_row, c, c_row, rows, columns, k, accumulate)
        elif columns > lanes:
            partial_tile(like, a, a_row, a_col, b, b_row, c, c_row, rows, columns, k, accumulate)
        else:
            narrow_tile(like, a, a_row, a_col, b, b_row, c, c_row, rows, columns, k, accumulate)
        a += rows * a_row * size
        c += rows * c_row * size


@compiled
def vector_product(
    like: Any, x: int, matrix: int, row: int, c: int, c_step: int, n: int, k: int, accumulate: bool, scratch: int
) -> None:
    """The inner products of a vector of length k with the n rows of a matrix, into every ``c_step``-th element of C."""
    size = size_of(like)
    lanes = BYTES // size
    found, out = pointer_at(like, scratch), pointer_at(like, c)
    for start in range(0, n, lanes):
        inner_products(like, x, matrix + start * row * size, row, n - start, k, scratch)
        for i in range(min(lanes, n - start)):
            place = (start + i) * c_step
            out[place] = out[place] + found[i] if accumulate else found[i]
