"""Blocks of a matrix, which threads share: a product makes them, and passes over it follow block by block."""

from __future__ import annotations

from typing import Any

from backpath.engines.compiled.jit import compiled
from backpath.engines.compiled.pointers import size_of
from backpath.engines.compiled.products.registers import VECTOR_BYTES


@compiled
def block_sides(like: Any, m: int, n: int, rows: int, columns: int, block: int) -> tuple[int, int, int, int]:
    """The first row of a block and the one after its last, and likewise its columns, which are whole strips.

    There are so many blocks above each other and beside each other, and their numbers go along rows.
    """
    strip = 2 * VECTOR_BYTES // size_of(like)
    above, beside, strips = block // columns, block % columns, (n + strip - 1) // strip
    left, right = beside * strips // columns * strip, (beside + 1) * strips // columns * strip
    return above * m // rows, (above + 1) * m // rows, left, min(right, n)
