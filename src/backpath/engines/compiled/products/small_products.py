"""Small matrix products by hand: strips of B, two vectors wide, and for each of them tiles that the registers hold."""

from __future__ import annotations

from typing import Any

from backpath.engines.compiled.jit import apart, compiled
from backpath.engines.compiled.pointers import entry, pointer_at, put, size_of
from backpath.engines.compiled.products.blocks import block_sides
from backpath.engines.compiled.products.product_kernels import (
    CHUNK,
    LINES,
    full_tile,
    inner_products,
    move_tile,
    narrow_tile,
    pack_rows,
    pack_transposed,
    partial_tile,
)
from backpath.engines.compiled.products.registers import ROWS, VECTOR_BYTES
from backpath.engines.compiled.tables import BLOCK_TILES, DEPTH, GAP, SCRATCH_BYTES, TILE_ROWS

SPAN = 16384
"""Bytes over which a strip of B may lie spread before packing pays: half of a usual first cache."""


LINE = 64
"""Bytes of a line of a cache."""


@compiled
def small_product(
    like: Any, a: int, a_row: int, a_col: int, b: int, b_row: int, b_col: int, c: int, c_row: int,
    m: int, n: int, k: int, accumulate: bool, scratch: int, packed: bool, laid: bool,
) -> None:  # fmt: skip
    """C = A B or C += A B in tiles; arguments as in ``product.product``, A's strides any.

    If B is ``laid``, it is what :func:`lay` makes of it, whatever its strides say.
    """
    size = size_of(like)
    width = _widened(like, n)
    strip = (scratch + 2 * VECTOR_BYTES - 1) & (-2 * VECTOR_BYTES)
    blocks = (m + BLOCK_TILES * ROWS - 1) // (BLOCK_TILES * ROWS) if packed else 1
    for start in range(0, max(k, 1), DEPTH):
        depth, more = min(DEPTH, k - start), accumulate or start > 0
        for block in range(blocks):
            top, end = block * m // blocks, (block + 1) * m // blocks
            left, row, col, tile = a + (top * a_row + start * a_col) * size, a_row, a_col, 0
            if packed and a_row == 1:
                _pack_tiles(like, left, a_col, end - top, depth, scratch + SCRATCH_BYTES)
                left, row, col, tile = scratch + SCRATCH_BYTES, 1, TILE_ROWS, TILE_ROWS * (depth + GAP) * size
            elif packed:
                _pack_apart(like, left, a_row, end - top, depth, scratch + SCRATCH_BYTES)
                left, row = scratch + SCRATCH_BYTES, DEPTH + TILE_ROWS
            right, target = b + start * (width if laid else b_row) * size, c + top * c_row * size
            _block_product(
                like, left, row, col, tile, right, b_row, b_col, target, c_row, end - top, n, depth, more, strip, laid
            )


@compiled
def _block_product(
    like: Any, a: int, a_row: int, a_col: int, a_tile: int, b: int, b_row: int, b_col: int, c: int, c_row: int,
    m: int, n: int, k: int, accumulate: bool, packed: int, laid: bool,
) -> None:  # fmt: skip
    """The product for up to DEPTH steps of the inner index, strip by strip of B, packed where that pays."""
    size = size_of(like)
    lanes = VECTOR_BYTES // size
    for column in range(0, n, 2 * lanes):
        columns = min(2 * lanes, n - column)
        strip, step = b + column * b_col * size, b_row
        following, end = b, b
        if laid:
            strip, step = b + column * k * size, 2 * lanes
            following = strip + k * step * size
            end = following + k * step * size
        elif b_col != 1 or (k * b_row * size > SPAN and m > 2 * ROWS):
            _pack_strip(like, strip, b_row, b_col, columns, k, packed)
            strip, step = packed, 2 * lanes
        _strip_product(
            like, a, a_row, a_col, a_tile, strip, step, c + column * size, c_row, m, columns, k, accumulate,
            following, end, end, end,
        )  # fmt: skip


@compiled
def _pack_strip(like: Any, b: int, b_row: int, b_col: int, columns: int, k: int, out: int) -> None:
    """Up to two vectors' columns of k rows of B, row after row."""
    size = size_of(like)
    lanes = VECTOR_BYTES // size
    if b_col == 1:
        pack_rows(like, b, b_row, columns, k, out)
        return
    pack_transposed(like, b, b_col, min(columns, lanes), k, out)
    if columns > lanes:
        pack_transposed(like, b + lanes * b_col * size, b_col, columns - lanes, k, out + VECTOR_BYTES)


@compiled
def _widened(like: Any, n: int) -> int:
    """Columns of so many in whole strips."""
    strip = 2 * VECTOR_BYTES // size_of(like)
    return (n + strip - 1) // strip * strip


@compiled
def lay(like: Any, b: int, b_row: int, b_col: int, out: int, n: int, k: int, first: int, last: int) -> None:
    """These strips of B, as products read them: for each DEPTH steps of the inner index, strip after strip.

    ``out`` has room for k rows of whole strips, and is aligned to a strip's row.
    """
    size = size_of(like)
    strip, width = 2 * VECTOR_BYTES // size, _widened(like, n)
    for start in range(0, k, DEPTH):
        depth = min(DEPTH, k - start)
        for number in range(first, last):
            column = number * strip
            source, target = b + (start * b_row + column * b_col) * size, out + (start * width + column * depth) * size
            _pack_strip(like, source, b_row, b_col, min(strip, n - column), depth, target)


@compiled
def lay_rows(
    like: Any, a: int, a_row: int, a_col: int, out: int, m: int, k: int, blocks: int, room: int, first: int, last: int
) -> None:  # fmt: skip
    """Parts of A as :func:`block_product` reads them: of each of so many blocks of rows those of DEPTH columns.

    Numbers of parts go on through the columns of a block; each has ``room`` numbers.
    """
    size, depths = size_of(like), (k + DEPTH - 1) // DEPTH
    for part in range(first, last):
        block, start = part // depths, part % depths * DEPTH
        top, end, depth = block * m // blocks, (block + 1) * m // blocks, min(DEPTH, k - start)
        source, target = a + (top * a_row + start * a_col) * size, out + part * room * size
        if a_row == 1:
            _pack_tiles(like, source, a_col, end - top, depth, target)
        else:
            _pack_apart(like, source, a_row, end - top, depth, target)


@compiled
def block_product(
    like: Any, a: int, a_row: int, a_col: int, room: int, b: int, c: int, c_row: int, m: int, n: int, k: int,
    rows: int, columns: int, block: int,
) -> None:  # fmt: skip
    """One block of C = A B, of so many blocks of rows times blocks of columns, in tiles.

    B is what :func:`lay` makes of it, and A what :func:`lay_rows` makes of it, unless ``room`` is 0.
    """
    size, width = size_of(like), _widened(like, n)
    strip, depths = 2 * VECTOR_BYTES // size, (k + DEPTH - 1) // DEPTH
    above = block // columns
    top, end, begin, stop = block_sides(like, m, n, rows, columns, block)
    first, last = begin // strip, (stop + strip - 1) // strip
    for part in range(depths):
        start = part * DEPTH
        depth = min(DEPTH, k - start)
        left, row, col, tile = a + (top * a_row + start * a_col) * size, a_row, a_col, 0
        if room:
            left = a + (above * depths + part) * room * size
            if a_row == 1:
                col, tile = TILE_ROWS, TILE_ROWS * (depth + GAP) * size
            else:
                row = DEPTH + TILE_ROWS
        # What the next part reads of A is brought nearer bit by bit, by each strip as much.
        bits = room * size // max(last - first, 1)
        next_left = a + (above * depths + (part + 1) % depths) * room * size
        for number in range(first, last):
            column = number * strip
            right, target = b + (start * width + column * depth) * size, c + (top * c_row + column) * size
            following = right + depth * strip * size
            if number == last - 1:
                further = (part + 1) % depths * DEPTH
                following = b + (further * width + first * strip * min(DEPTH, k - further)) * size
            place = next_left + (number - first) * bits
            _strip_product(
                like, left, row, col, tile, right, strip, target, c_row, end - top, min(strip, n - column), depth,
                part > 0, following, following + depth * strip * size, place, place + bits,
            )  # fmt: skip


@compiled
def tiles_of(m: int) -> tuple[int, int, int]:
    """How many tiles, the rows of a low one, and how many have one more: a low tile leaves registers idle."""
    tiles = (m + ROWS - 1) // ROWS
    fewest = ROWS - 1
    while fewest * tiles > m:
        fewest -= 1
    return tiles, fewest, m - fewest * tiles


@compiled
def _strip_product(
    like: Any, a: int, a_row: int, a_col: int, a_tile: int, b: int, b_row: int, c: int, c_row: int,
    m: int, columns: int, k: int, accumulate: bool, following: int, end: int, left: int, left_end: int,
) -> None:  # fmt: skip
    """The product with at most two vectors' columns; ``a_tile`` bytes from tile to tile, or 0 if rows follow rows.

    Meanwhile lines of what follows the strip are brought nearer, and then those of what follows A, from ``left`` on.
    """
    size = size_of(like)
    tiles, fewest, higher = tiles_of(m)
    each = k // CHUNK * LINES * LINE
    ahead = following
    for number in range(tiles):
        rows = fewest + (number < higher)
        if ahead >= end:
            ahead, end = left, left_end
        step = LINE if ahead < end else 0
        tile(like, a, a_row, a_col, b, b_row, c, c_row, rows, columns, k, accumulate, 1, 0, ahead if step else b, step)
        ahead += each
        a += a_tile if a_tile else rows * a_row * size
        c += rows * c_row * size


@apart
def tile(
    like: Any, a: int, a_row: int, a_col: int, b: int, b_row: int, c: int, c_row: int,
    rows: int, columns: int, k: int, accumulate: bool, segments: int, a_segment: int, ahead: int, ahead_row: int,
) -> None:  # fmt: skip
    """One tile: at most ROWS rows, two vectors' columns, and ``segments`` times k steps of the inner index.

    From segment to segment A goes on ``a_segment`` entries after where the one before began, and B where it ended.
    """
    lanes = VECTOR_BYTES // size_of(like)
    if columns == 2 * lanes:
        full_tile(
            like,
            a,
            a_row,
            a_col,
            b,
            b_row,
            c,
            c_row,
            rows,
            columns,
            k,
            accumulate,
            segments,
            a_segment,
            ahead,
            ahead_row,
        )
    elif columns > lanes:
        partial_tile(
            like,
            a,
            a_row,
            a_col,
            b,
            b_row,
            c,
            c_row,
            rows,
            columns,
            k,
            accumulate,
            segments,
            a_segment,
            ahead,
            ahead_row,
        )
    else:
        narrow_tile(
            like,
            a,
            a_row,
            a_col,
            b,
            b_row,
            c,
            c_row,
            rows,
            columns,
            k,
            accumulate,
            segments,
            a_segment,
            ahead,
            ahead_row,
        )


@compiled
def _pack_tiles(like: Any, a: int, a_col: int, m: int, k: int, out: int) -> None:
    """The columns of a transposed A, cut into tiles: from one to the next, they would fall on each other in a cache."""
    size, source, target = size_of(like), pointer_at(like, a), pointer_at(like, out)
    tiles, fewest, higher = tiles_of(m)
    for p in range(k):
        first = 0
        for tile in range(tiles):
            rows, place = fewest + (tile < higher), (tile * (k + GAP) + p) * TILE_ROWS
            if first + TILE_ROWS <= m:
                move_tile(like, a + (p * a_col + first) * size, out + place * size)
            else:
                for i in range(rows):
                    put(target, place + i, entry(source, p * a_col + first + i))
            first += rows


@compiled
def _pack_apart(like: Any, a: int, a_row: int, m: int, k: int, out: int) -> None:
    """Rows of A, as far from each other that they do not fall on each other in a cache."""
    size = size_of(like)
    for i in range(m):
        source = pointer_at(like, a + i * a_row * size)
        target = pointer_at(like, out + i * (DEPTH + TILE_ROWS) * size)
        for p in range(k):
            put(target, p, entry(source, p))


@compiled
def row_product(like: Any, a: int, b: int, b_col: int, c: int, n: int, k: int, accumulate: bool) -> None:
    """C = A B or C += A B by inner products, for one row of A and a transposed B."""
    size = size_of(like)
    lanes = VECTOR_BYTES // size
    for column in range(0, n, lanes):
        columns, target = min(lanes, n - column), c + column * size
        inner_products(like, a, b + column * b_col * size, b_col, target, columns, k, accumulate)
