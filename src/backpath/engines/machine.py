"""The machine: runs a program given as numbers, step after step, without returning to the interpreter.

An instruction is a row of whole numbers: what to do, whether the threads must meet before it, whether they share it,
and its operands as addresses, strides and sizes (:mod:`backpath.engines.lowering` writes them). Nothing is compiled
for a network: its depth and widths are data.
"""

from __future__ import annotations

from typing import Any

import numba

from backpath.engines.jit import compiled
from backpath.engines.kernels import SOURCE
from backpath.engines.pointers import call_at, pointer_at, size_of
from backpath.engines.reduction_kernels import copy_strided, reduce_columns, reduce_rows
from backpath.engines.teams import meet, share

PRODUCT, FUSED, REDUCE, COPY, FILL = range(5)
FIELDS, OPERATION_FIELDS, FEED_FIELDS = 18, 14, 8
ROWS, ONE_HOT = range(2)
"""What a feed takes: rows of numbers, or labels as rows of 0 and 1."""

BLOCK = 1024
"""Entries of a register."""

MOST_REGISTERS = 4096
"""Addresses below are registers' numbers."""


@compiled
def _address(like: Any, operand: int, row: int, column: int, row_stride: int, step: int, registers: int) -> int:
    """Where a block of an operand begins."""
    if operand < MOST_REGISTERS:
        return registers + operand * BLOCK * size_of(like)
    return operand + (row * row_stride + column * step) * size_of(like)


@compiled
def _operation(like: Any, f: Any, row: int, column: int, rows: int, columns: int, whole: bool, registers: int) -> None:
    """One operation on one block, ``f`` being its row of the table."""
    out = _address(like, f[3], row, column, f[4], 1, registers)
    a = _address(like, f[5], row, column, f[6], f[7], registers)
    b = _address(like, f[8], row, column, f[9], f[10], registers)
    c = _address(like, f[11], row, column, f[12], f[13], registers)
    times, n = (1, rows * columns) if f[2] and (whole or rows == 1) else (rows, columns)
    size = size_of(like)
    out_row = columns if f[3] < MOST_REGISTERS else f[4]
    a_row = columns if f[5] < MOST_REGISTERS else f[6]
    b_row = columns if f[8] < MOST_REGISTERS else f[9]
    c_row = columns if f[11] < MOST_REGISTERS else f[12]
    for k in range(times):
        call_at(
            f[0], pointer_at(like, out + k * out_row * size), pointer_at(like, a + k * a_row * size), f[7],
            pointer_at(like, b + k * b_row * size), f[10], pointer_at(like, c + k * c_row * size), f[13], f[1], n,
        )  # fmt: skip


@compiled
def _fused(like: Any, i: Any, operations: Any, registers: int, thread: int, threads: int) -> None:
    """Operations on one shape, block by block."""
    rows, columns = i[3], i[4]
    if rows > 1:
        row_first, row_last = share(rows, thread, threads)
        first, last = 0, columns
    else:
        row_first, row_last = 0, rows
        first, last = share(columns, thread, threads)
    width, height = last - first, row_last - row_first
    if width * height > BLOCK:
        width = min(width, BLOCK)
        height = max(BLOCK // width, 1)
    elif width * height == 0:
        return
    for row in range(row_first, row_last, height):
        high = min(height, row_last - row)
        for column in range(first, last, width):
            wide = min(width, last - column)
            for k in range(i[5], i[5] + i[6]):
                _operation(like, operations[k], row, column, high, wide, wide == columns, registers)


@compiled
def _instruction(
    like: Any, i: Any, operations: Any, product: int, gemm: int, scratch: int, registers: int, thread: int, threads: int
) -> None:
    size = size_of(like)
    if i[0] == PRODUCT:
        first, last = share(i[11], thread, threads)
        if last > first:
            call_at(
                product, pointer_at(like, 0), i[3] + first * i[4] * size, i[4], i[5], i[6], i[7], i[8], i[9] + first * i[10] * size, i[10],
                last - first, i[12], i[13], i[14] != 0, gemm, scratch,
            )  # fmt: skip
    elif i[0] == FUSED:
        _fused(like, i, operations, registers, thread, threads)
    elif i[0] == REDUCE:
        out, x = pointer_at(like, i[4]), pointer_at(like, i[5])
        if i[8] == 1:
            first, last = share(i[6], thread, threads)
            reduce_rows(i[3] != 0, out, x, first, last, i[7])
        else:
            first, last = share(i[8], thread, threads)
            reduce_columns(i[3] != 0, out, x, i[6], i[7], i[8], first, last)
    elif i[0] == COPY:
        first, last = share(i[5], thread, threads)
        copy_strided(
            pointer_at(like, i[3]), pointer_at(like, i[4]), first, last, i[6], i[7], i[8], i[9], i[10], i[11], i[12],
            i[13], i[14], i[15], i[16],
        )  # fmt: skip
    else:
        first, last = share(i[4], thread, threads)
        out, value = pointer_at(like, i[3]), pointer_at(like, i[5])[0]
        for k in range(first, last):
            out[k] = value


@compiled
def _feed(like: Any, words: Any, f: Any, step: int, thread: int, threads: int) -> None:
    """The examples of one step, into the memory that the program reads."""
    first, last = share(f[5], thread, threads)
    order = pointer_at(words, f[4])
    target, length = pointer_at(like, f[6]), f[3]
    if f[0] == ROWS:
        source = pointer_at(like, f[1])
        for k in range(first, last):
            start = order[step * f[5] + k] * f[2]
            for j in range(length):
                target[k * length + j] = source[start + j]
    else:
        labels = pointer_at(words, f[1])
        for k in range(first, last):
            for j in range(length):
                target[k * length + j] = 0
            target[k * length + labels[order[step * f[5] + k]]] = 1


def _made(source: int) -> Any:
    """The machine, kept on disk under a key that changes with its source."""

    @numba.njit(nogil=True, error_model="numpy", cache=True)
    def run(
        like: Any, code: Any, operations: Any, feeds: Any, steps: int, loss: int, losses: Any, product: int,
        gemm: int, scratch: int, registers: int, barrier: int, give_way: int, thread: int, threads: int,
    ) -> int:  # fmt: skip
        """Run a program for so many steps; all threads call it together, each with its number.

        Args:
            like: an array of the engine's type; it says nothing else.
            code: the instructions.
            operations: the elementwise ones, by row.
            feeds: what each step reads.
            steps: how many.
            loss: the address of what is noted after each step, or 0.
            losses: where it is noted.
            product: the address of the matrix product.
            gemm: that of the BLAS's.
            scratch: the address of this thread's room for products.
            registers: that of its registers.
            barrier: that of the team's barrier.
            give_way: that of ``sched_yield``.
            thread: this thread's number.
            threads: how many there are.
        """
        for step in range(steps):
            for k in range(len(feeds)):
                _feed(like, feeds[k], feeds[k], step, thread, threads)
            if len(feeds):
                meet(barrier, threads, give_way)
            for k in range(len(code)):
                instruction = code[k]
                if instruction[1]:
                    meet(barrier, threads, give_way)
                if instruction[2] or thread == 0:
                    sharing = threads if instruction[2] else 1
                    _instruction(like, instruction, operations, product, gemm, scratch, registers, thread, sharing)
            if loss != 0 and thread == 0:
                losses[step] = pointer_at(like, loss)[0]
            meet(barrier, threads, give_way)
        return source

    return run


run = _made(SOURCE)
