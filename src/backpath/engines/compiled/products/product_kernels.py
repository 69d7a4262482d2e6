"""Kernels of small matrix products: tiles of C that stay in registers, packed strips of B, inner products.

Nothing outside the operands is read or written: partial vectors are loaded under a mask and stored in parts, and the
first row is read in place of rows that are not there.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from backpath.engines.compiled.pointers import emitted
from backpath.engines.compiled.products.registers import ROWS
from backpath.engines.compiled.products.vectors import INDEX, Loop, Vectors, lanes_of
from backpath.engines.compiled.tables import TILE_ROWS

TOGETHER = 5
"""Rows of a tile that are found from one pointer."""

CHUNK, LINES = 16, 8
"""Steps of the inner index, and how many lines are asked for before them."""


def _tile_kernel(vectors: int, partial: bool) -> Any:
    """The kernel for tiles of so many vectors a row, the last one partial or not.

    The inner index goes through segments: as many steps in each, between which A jumps and B does not.
    """

    @emitted
    def kernel(
        typing: Any, like: Any, a: Any, a_row: Any, a_col: Any, b: Any, b_row: Any, c: Any, c_row: Any,
        rows: Any, columns: Any, k: Any, accumulate: Any, segments: Any, a_segment: Any, ahead: Any, ahead_row: Any,
    ) -> Any:  # fmt: skip
        """C = A B or C += A B for up to ROWS rows and the columns that the vectors hold.

        Before each ``CHUNK`` steps of the inner index ``LINES`` lines of a cache are asked for, from ``ahead`` on, each
        ``ahead_row`` bytes after the one before.
        """

        def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            v = Vectors(builder, context.get_value_type(like.dtype), lanes_of(like.dtype))
            _, a, a_row, a_col, b, b_row, c, c_row, rows, columns, k, accumulate, segments, a_segment = arguments[:14]
            ahead, ahead_row = arguments[14:]
            a, b, c = v.pointer(a), v.pointer(b), v.pointer(c)
            count = builder.sub(columns, INDEX((vectors - 1) * v.lanes)) if partial else None
            masks = [None] * (vectors - 1) + [v.first(count) if partial else None]
            done = builder.append_basic_block("done")
            cases = builder.switch(rows, done)
            for height in range(1, ROWS + 1):
                block = builder.append_basic_block(f"rows{height}")
                cases.add_case(INDEX(height), block)
                builder.position_at_end(block)
                targets = [v.at(c, builder.mul(c_row, INDEX(i))) for i in range(height)]
                for target in targets:
                    for j in range(vectors):
                        v.prefetch(builder.ptrtoint(v.at(target, j * v.lanes), INDEX), nearest=True)
                loop = Loop(builder, segments, [a, b, ahead, *[v.zero] * (height * vectors)])
                start, right, further, *flat = loop.values
                sums = [flat[i * vectors : (i + 1) * vectors] for i in range(height)]
                right, further, sums = _add_products(
                    v, sums, (start, a_row, a_col), (right, b_row), masks, k, (further, ahead_row)
                )
                start = v.at(start, a_segment)
                _, _, _, *flat = loop.end([start, right, further, *(x for row in sums for x in row)])
                sums = [flat[i * vectors : (i + 1) * vectors] for i in range(height)]
                sums = _accumulated(v, sums, targets, masks, accumulate)
                _finish(v, sums, targets, count)
                builder.branch(done)
            builder.position_at_end(done)
            return context.get_dummy_value()

        return types.void(like, *[types.int64] * 10, types.boolean, types.int64, types.int64, *[types.int64] * 2), emit

    return kernel


def _accumulated(
    v: Vectors, sums: list[list[Any]], targets: list[Any], masks: list[Any], accumulate: Any
) -> list[list[Any]]:
    """The sums, with what stands in C where it is to be added to.

    It is read last, so that no product waits for it.
    """
    before = v.builder.block
    with v.builder.if_then(accumulate):
        total = [
            [
                v.builder.fadd(x, v.load(v.at(target, j * v.lanes), mask))
                for j, (x, mask) in enumerate(zip(row, masks, strict=True))
            ]
            for row, target in zip(sums, targets, strict=True)
        ]
        inside = v.builder.block
    return [
        [v.either(x, inside, y, before) for x, y in zip(more, row, strict=True)]
        for more, row in zip(total, sums, strict=True)
    ]


def _add_products(
    v: Vectors, sums: list[Any], left: Any, right: Any, masks: list[Any], k: Any, further: Any
) -> tuple[Any, Any, Any]:
    """Where B goes on, what lies ahead then, and the tile after k steps of the inner index.

    Each step adds a column of A times a row of B. Lines are asked for between some steps and the next ones, lest the
    compiler moves loads across and has too few registers.
    """
    (a, a_row, a_col), (b, b_row), (ahead, ahead_row) = left, right, further
    # One pointer to a few rows: from one, all others would be found by as many additions, one after the other.
    starts = [v.hidden(v.at(a, v.builder.mul(a_row, INDEX(i)))) for i in range(0, len(sums), TOGETHER)]
    outer = Loop(
        v.builder, v.builder.add(k, INDEX(CHUNK - 1)), [b, ahead, *starts, *(x for row in sums for x in row)], CHUNK
    )
    b, ahead, *rest = outer.values
    for _ in range(LINES):
        v.prefetch(ahead)
        ahead = v.builder.add(ahead, ahead_row)
    left = v.builder.sub(k, outer.index)
    count = v.builder.select(v.builder.icmp_signed("<", left, INDEX(CHUNK)), left, INDEX(CHUNK))
    inner = Loop(v.builder, count, [b, *rest])
    b, *rest = inner.values
    following = _step(v, rest, masks, b, a_row, len(sums), a_col)
    following = inner.end([v.at(b, b_row), *following])
    b, _, *rest = outer.end([following[0], ahead, *following[1:]])
    flat, width = rest[len(starts) :], len(masks)
    return b, outer.values[1], [flat[i * width : (i + 1) * width] for i in range(len(sums))]


def _step(v: Vectors, values: list[Any], masks: list[Any], b: Any, a_row: Any, height: int, a_col: Any) -> list[Any]:
    """Pointers into A and the tile after one step of the inner index."""
    count = -(-height // TOGETHER)
    starts, flat, width = values[:count], values[count:], len(masks)
    row = [v.load(v.at(b, j * v.lanes), mask) for j, mask in enumerate(masks)]
    following = []
    for i in range(height):
        x = v.broadcast(v.at(starts[i // TOGETHER], v.builder.mul(a_row, INDEX(i % TOGETHER))))
        following += [v.multiply_add(x, y, z) for y, z in zip(row, flat[i * width : (i + 1) * width], strict=True)]
    return [*(v.at(start, a_col) for start in starts), *following]


def _finish(v: Vectors, sums: list[list[Any]], targets: list[Any], count: Any) -> None:
    """Write the tile; only ``count`` lanes of the last vectors, unless it is None."""
    for row, target in zip(sums, targets, strict=True):
        for j, x in enumerate(row if count is None else row[:-1]):
            v.store(x, v.at(target, j * v.lanes))
    if count is not None:
        last = (len(sums[0]) - 1) * v.lanes
        v.store_first([row[-1] for row in sums], [v.at(target, last) for target in targets], count)


full_tile = _tile_kernel(2, partial=False)
partial_tile = _tile_kernel(2, partial=True)
narrow_tile = _tile_kernel(1, partial=True)


@emitted
def move_tile(typing: Any, like: Any, source: Any, target: Any) -> Any:
    """Copy as many entries as a packed tile has room for in each column."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        v = Vectors(builder, context.get_value_type(like.dtype), lanes_of(like.dtype))
        source, target = (v.pointer(address) for address in arguments[1:])
        loaded = [v.load(v.at(source, place)) for place in range(0, TILE_ROWS, v.lanes)]
        for k, value in enumerate(loaded):
            v.store(value, v.at(target, k * v.lanes))
        return context.get_dummy_value()

    return types.void(like, *[types.int64] * 2), emit


@emitted
def pack_rows(typing: Any, like: Any, b: Any, b_row: Any, columns: Any, k: Any, out: Any) -> Any:
    """The first columns of k rows, up to two vectors of them, one after the other: out[2 lanes p + j] = B[p, j]."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        v = Vectors(builder, context.get_value_type(like.dtype), lanes_of(like.dtype))
        _, b, b_row, columns, k, out = arguments
        masks = [v.first(columns), v.first(builder.sub(columns, INDEX(v.lanes)))]
        loop = Loop(builder, k, [v.pointer(b), v.pointer(out)])
        row, target = loop.values
        for j, mask in enumerate(masks):
            v.store(v.load(v.at(row, j * v.lanes), mask), v.at(target, j * v.lanes))
        loop.end([v.at(row, b_row), v.at(target, 2 * v.lanes)])
        return context.get_dummy_value()

    return types.void(like, *[types.int64] * 5), emit


@emitted
def pack_transposed(typing: Any, like: Any, b: Any, b_col: Any, columns: Any, k: Any, out: Any) -> Any:
    """As :func:`pack_rows`, for up to one vector of columns, each of which lies in one piece."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        v = Vectors(builder, context.get_value_type(like.dtype), lanes_of(like.dtype))
        _, b, b_col, columns, k, out = arguments
        pieces, out = _existing(v, v.pointer(b), b_col, columns), v.pointer(out)

        def square(index: Any, mask: Any) -> tuple[Any, list[Any]]:
            rows = v.transpose([v.load(v.at(piece, index), mask) for piece in pieces])
            return v.at(out, builder.mul(index, INDEX(2 * v.lanes))), rows

        loop = Loop(builder, k, [], v.lanes)
        target, rows = square(loop.index, None)
        for p, row in enumerate(rows):
            v.store(row, v.at(target, 2 * v.lanes * p))
        loop.end([])
        left = builder.sub(k, loop.index)
        with builder.if_then(builder.icmp_signed(">", left, INDEX(0))):
            target, rows = square(loop.index, v.first(left))
            for p, row in enumerate(rows):
                # Behind the last row another strip may begin.
                with builder.if_then(builder.icmp_signed(">", left, INDEX(p))):
                    v.store(row, v.at(target, 2 * v.lanes * p))
        return context.get_dummy_value()

    return types.void(like, *[types.int64] * 5), emit


@emitted
def inner_products(
    typing: Any, like: Any, a: Any, b: Any, b_col: Any, c: Any, columns: Any, k: Any, accumulate: Any
) -> Any:
    """A row times up to one vector of columns, each of which lies in one piece, as the row does."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        v = Vectors(builder, context.get_value_type(like.dtype), lanes_of(like.dtype))
        _, a, b, b_col, c, columns, k, accumulate = arguments
        a, c, pieces = v.pointer(a), v.pointer(c), _existing(v, v.pointer(b), b_col, columns)

        def added(sums: list[Any], index: Any, mask: Any) -> list[Any]:
            x = v.load(v.at(a, index), mask)
            loaded = [v.load(v.at(piece, index), mask) for piece in pieces]
            return [v.multiply_add(x, y, z) for y, z in zip(loaded, sums, strict=True)]

        loop = Loop(builder, k, [v.zero] * v.lanes, v.lanes)
        sums = loop.end(added(loop.values, loop.index, None))
        left, before = builder.sub(k, loop.index), builder.block
        with builder.if_then(builder.icmp_signed(">", left, INDEX(0))):
            more = added(sums, loop.index, v.first(left))
            inside = builder.block
        parts = v.transpose([v.either(y, inside, z, before) for y, z in zip(more, sums, strict=True)])
        while len(parts) > 1:
            parts = [builder.fadd(y, z) for y, z in zip(parts[::2], parts[1::2], strict=True)]
        ((total,),) = _accumulated(v, [parts], [c], [v.first(columns)], accumulate)
        v.store_first([total], [c], columns)
        return context.get_dummy_value()

    return types.void(like, *[types.int64] * 6, types.boolean), emit


def _existing(v: Vectors, first: Any, step: Any, count: Any) -> list[Any]:
    """Pointers to as many pieces of memory as a vector has lanes; to the first one instead of those from count on."""
    offsets = [v.builder.mul(step, INDEX(i)) for i in range(v.lanes)]
    there = [v.builder.icmp_signed("<", INDEX(i), count) for i in range(v.lanes)]
    return [v.at(first, v.builder.select(t, o, INDEX(0))) for t, o in zip(there, offsets, strict=True)]
