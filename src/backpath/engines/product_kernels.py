"""Kernels of small matrix products: tiles of C that stay in registers, packed strips of a transposed B, inner products.

The kernels are emitted as LLVM vectors, because a compiler does not find them in loops. Nothing outside the operands is
read or written: a partial vector is loaded under a mask and stored in parts, and rows that are not there are read from
the first one.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from backpath.engines.vectors import INDEX, Loop, Vectors, lanes_of

ROWS = 6
"""Of a tile, of two vectors a row: 12 sums, two vectors of B and one of A fill sixteen registers."""


def _tile_kernel(vectors: int, partial: bool) -> Any:
    """The kernel for tiles of so many vectors a row, of which the last is partial."""

    @intrinsic
    def kernel(typing, like, a, a_row, a_col, b, b_row, c, c_row, rows, columns, k, accumulate):  # noqa: ANN
        size, lanes = types.int64, lanes_of(like.dtype)

        def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            v = Vectors(builder, context.get_value_type(like.dtype), lanes)
            _, a, a_row, a_col, b, b_row, c, c_row, rows, columns, k, accumulate = arguments
            a, b, c = v.pointer(a), v.pointer(b), v.pointer(c)
            count = builder.sub(columns, INDEX((vectors - 1) * lanes))
            masks = [None] * (vectors - 1) + [v.first(count) if partial else None]
            done = builder.append_basic_block("tiled")
            choice = builder.switch(rows, done)
            for height in range(1, ROWS + 1):
                block = builder.append_basic_block(f"rows{height}")
                choice.add_case(INDEX(height), block)
                builder.position_at_end(block)
                targets = [v.at(c, builder.mul(c_row, INDEX(i))) for i in range(height)]
                sums = _begin(v, targets, masks, accumulate)
                sums = _accumulate(v, sums, (a, a_row, a_col), (b, b_row), masks, k)
                _finish(v, sums, targets, count if partial else None)
                builder.branch(done)
            builder.position_at_end(done)
            return context.get_dummy_value()

        return types.void(like, *[size] * 10, types.boolean), emit

    return kernel


def _begin(v: Vectors, targets: list[Any], masks: list[Any], accumulate: Any) -> list[list[Any]]:
    """The tile of C if it is to be added to, else zeros; vectors of a row beside one another."""
    builder, before = v.builder, v.builder.block
    with builder.if_then(accumulate):
        loaded = [[v.load(v.at(t, j * v.lanes), mask) for j, mask in enumerate(masks)] for t in targets]
        inside = builder.block
    return [[v.either(x, inside, v.zero, before) for x in row] for row in loaded]


def _accumulate(v: Vectors, sums: list[list[Any]], left: Any, right: Any, masks: list[Any], k: Any) -> list[list[Any]]:
    """The tile after all steps of the inner index: a column of A times a row of B is added in each."""
    (a, a_row, a_col), (b, b_row) = left, right
    width = len(masks)
    offsets = [v.builder.mul(a_row, INDEX(i)) for i in range(len(sums))]
    loop = Loop(v.builder, k, [a, b, *(x for row in sums for x in row)])
    a, b, *flat = loop.values
    row = [v.load(v.at(b, j * v.lanes), mask) for j, mask in enumerate(masks)]
    following = []
    for i, offset in enumerate(offsets):
        x = v.broadcast(v.at(a, offset))
        following += [v.multiply_add(x, row[j], flat[i * width + j]) for j in range(width)]
    _, _, *flat = loop.end([v.at(a, a_col), v.at(b, b_row), *following])
    return [flat[i * width : (i + 1) * width] for i in range(len(sums))]


def _finish(v: Vectors, sums: list[list[Any]], targets: list[Any], count: Any) -> None:
    """Write a tile; ``count`` lanes of its last vectors, all of them if None."""
    for row, target in zip(sums, targets, strict=True):
        for j, value in enumerate(row if count is None else row[:-1]):
            v.store(value, v.at(target, j * v.lanes))
    if count is not None:
        last = (len(sums[0]) - 1) * v.lanes
        v.store_first([row[-1] for row in sums], [v.at(target, last) for target in targets], count)


full_tile = _tile_kernel(2, False)
partial_tile = _tile_kernel(2, True)
narrow_tile = _tile_kernel(1, True)


def _existing(v: Vectors, rows: Any, row_step: Any, count: Any) -> list[Any]:
    """Pointers to as many rows as a vector has lanes; to the first one in place of those from ``count`` on."""
    pointers = []
    for i in range(v.lanes):
        there = v.builder.icmp_signed("<", INDEX(i), count)
        pointers.append(v.at(rows, v.builder.select(there, v.builder.mul(row_step, INDEX(i)), INDEX(0))))
    return pointers


@intrinsic
def pack(typing, like, rows, row_step, count, k, out):  # noqa: ANN
    """Transpose up to a vector's lanes of rows of length k: out[2 lanes p + i] = rows[i][p]."""
    size, lanes = types.int64, lanes_of(like.dtype)

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        v = Vectors(builder, context.get_value_type(like.dtype), lanes)
        _, rows, row_step, count, k, out = arguments
        pointers, out = _existing(v, v.pointer(rows), row_step, count), v.pointer(out)

        def square(index: Any, mask: Any) -> None:
            columns = v.transpose([v.load(v.at(pointer, index), mask) for pointer in pointers])
            start = v.at(out, builder.mul(index, INDEX(2 * lanes)))
            for p, column in enumerate(columns):
                v.store(column, v.at(start, 2 * lanes * p))

        loop = Loop(builder, k, [], lanes)
        square(loop.index, None)
        loop.end([])
        left = builder.sub(k, loop.index)
        with builder.if_then(builder.icmp_signed(">", left, INDEX(0))):
            square(loop.index, v.first(left))
        return context.get_dummy_value()

    return types.void(like, *[size] * 5), emit


@intrinsic
def inner_products(typing, like, x, rows, row_step, count, k, out):  # noqa: ANN
    """The inner product of x with each of up to a vector's lanes of rows, all of length k, into a vector at out."""
    size, lanes = types.int64, lanes_of(like.dtype)

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        v = Vectors(builder, context.get_value_type(like.dtype), lanes)
        _, x, rows, row_step, count, k, out = arguments
        x, pointers = v.pointer(x), _existing(v, v.pointer(rows), row_step, count)

        def added(sums: list[Any], index: Any, mask: Any) -> list[Any]:
            piece = v.load(v.at(x, index), mask)
            loaded = [v.load(v.at(pointer, index), mask) for pointer in pointers]
            return [v.multiply_add(piece, row, total) for row, total in zip(loaded, sums, strict=True)]

        loop = Loop(builder, k, [v.zero] * lanes, lanes)
        sums = loop.end(added(loop.values, loop.index, None))
        left, before = builder.sub(k, loop.index), builder.block
        with builder.if_then(builder.icmp_signed(">", left, INDEX(0))):
            more = added(sums, loop.index, v.first(left))
            inside = builder.block
        columns = v.transpose([v.either(y, inside, z, before) for y, z in zip(more, sums, strict=True)])
        while len(columns) > 1:
            columns = [builder.fadd(y, z) for y, z in zip(columns[::2], columns[1::2], strict=True)]
        v.store(columns[0], v.pointer(out))
        return context.get_dummy_value()

    return types.void(like, *[size] * 6), emit
