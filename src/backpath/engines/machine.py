"""The machine: runs a program given as numbers, step after step, without returning to the interpreter.

An instruction is a row of whole numbers: what to do, whether the threads must meet before it, whether they share it,
and its operands as addresses, strides and sizes (:mod:`backpath.engines.lowering` writes them). Nothing is compiled
for a network: its depth and widths are data. Tables go by their addresses too: a row of an array would be a new
array, whose owner's count of users all threads would write to.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np

from backpath.engines.jit import OPTIONS, apart, compiled
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
def _operation(kind: Any, f: Any, row: int, column: int, rows: int, columns: int, whole: bool, registers: int) -> None:
    """One operation on one block, ``f`` being its row of the table."""
    size = size_of(kind)
    out, a, b, c = f[3], f[5], f[8], f[11]
    out_row, a_row, b_row, c_row = f[4], f[6], f[9], f[12]
    if out < MOST_REGISTERS:
        out, out_row = registers + out * BLOCK * size, columns
    else:
        out += (row * out_row + column) * size
    if a < MOST_REGISTERS:
        a, a_row = registers + a * BLOCK * size, columns
    else:
        a += (row * a_row + column * f[7]) * size
    if b < MOST_REGISTERS:
        b, b_row = registers + b * BLOCK * size, columns
    else:
        b += (row * b_row + column * f[10]) * size
    if c < MOST_REGISTERS:
        c, c_row = registers + c * BLOCK * size, columns
    else:
        c += (row * c_row + column * f[13]) * size
    if f[2] and whole:
        rows, columns = 1, rows * columns
    call_at(
        f[0], pointer_at(kind, out), out_row, pointer_at(kind, a), a_row, f[7], pointer_at(kind, b), b_row, f[10],
        pointer_at(kind, c), c_row, f[13], f[1], rows, columns,
    )  # fmt: skip


@compiled
def _fused(kind: Any, i: Any, operations: Any, registers: int, thread: int, threads: int) -> None:
    """Operations on one shape, block by block."""
    row_first, row_last, first, last = 0, i[3], 0, i[4]
    if i[3] > 1:
        row_first, row_last = share(i[3], thread, threads)
    else:
        first, last = share(i[4], thread, threads)
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
                f = pointer_at(i, operations + k * OPERATION_FIELDS * 8)
                _operation(kind, f, row, column, high, wide, wide == i[4], registers)


@compiled
def _product(kind: Any, i: Any, product: int, gemm: int, scratch: int, thread: int, threads: int) -> None:
    size = size_of(kind)
    first, last = share(i[11], thread, threads)
    if last > first:
        call_at(
            product, kind, i[3] + first * i[4] * size, i[4], i[5], i[6], i[7], i[8], i[9] + first * i[10] * size,
            i[10], last - first, i[12], i[13], i[14] != 0, gemm, scratch, i[11],
        )  # fmt: skip


@compiled
def _other(kind: Any, i: Any, thread: int, threads: int) -> None:
    if i[0] == REDUCE:
        out, x = pointer_at(kind, i[4]), pointer_at(kind, i[5])
        if i[8] == 1:
            first, last = share(i[6], thread, threads)
            reduce_rows(i[3] != 0, out, x, first, last, i[7])
        else:
            first, last = share(i[8], thread, threads)
            reduce_columns(i[3] != 0, out, x, i[6], i[7], i[8], first, last)
    elif i[0] == COPY:
        first, last = share(i[5], thread, threads)
        copy_strided(
            pointer_at(kind, i[3]), pointer_at(kind, i[4]), first, last, i[6], i[7], i[8], i[9], i[10], i[11], i[12],
            i[13], i[14], i[15], i[16],
        )  # fmt: skip
    else:
        first, last = share(i[4], thread, threads)
        out, value = pointer_at(kind, i[3]), pointer_at(kind, i[5])[0]
        for k in range(first, last):
            out[k] = value


@compiled
def _feed(kind: Any, f: Any, step: int, thread: int, threads: int) -> None:
    """The examples of one step, into the memory that the program reads."""
    first, last = share(f[5], thread, threads)
    order, target, length = pointer_at(f, f[4]), pointer_at(kind, f[6]), f[3]
    if f[0] == ROWS:
        source = pointer_at(kind, f[1])
        for k in range(first, last):
            start = order[step * f[5] + k] * f[2]
            for j in range(length):
                target[k * length + j] = source[start + j]
    else:
        labels = pointer_at(f, f[1])
        for k in range(first, last):
            for j in range(length):
                target[k * length + j] = 0
            target[k * length + labels[order[step * f[5] + k]]] = 1


@cache
def machine_of(dtype: np.dtype) -> Any:
    """The machine for numbers of a type, kept on disk under a name that changes with its source."""
    return numba.njit(nogil=True, cache=True, **OPTIONS)(apart(_made(), "run", dtype, SOURCE))


def _made() -> Any:
    def run(
        like: Any, words: Any, code: int, instructions: int, operations: int, feeds: int, intakes: int, steps: int,
        loss: int, losses: int, product: int, gemm: int, scratch: int, registers: int, barrier: int, give_way: int,
        thread: int, threads: int,
    ) -> None:  # fmt: skip
        """Run a program for so many steps; all threads call it together, each with its number.

        Args:
            like: an array of the engine's type; it says nothing else.
            words: likewise, of whole numbers.
            code: the address of the instructions.
            instructions: how many there are.
            operations: the address of the elementwise ones.
            feeds: that of what each step reads.
            intakes: how many there are.
            steps: how many.
            loss: the address of what is noted after each step, or 0.
            losses: the address of where it is noted, one word each.
            product: that of the matrix product.
            gemm: that of the BLAS's.
            scratch: that of this thread's room for products.
            registers: that of its registers.
            barrier: that of the team's barrier.
            give_way: that of ``sched_yield``.
            thread: this thread's number.
            threads: how many there are.
        """
        kind, word = pointer_at(like, 0), pointer_at(words, 0)
        for step in range(steps):
            for k in range(intakes):
                _feed(kind, pointer_at(word, feeds + k * FEED_FIELDS * 8), step, thread, threads)
            if intakes:
                meet(barrier, threads, give_way)
            for k in range(instructions):
                i = pointer_at(word, code + k * FIELDS * 8)
                if i[1]:
                    meet(barrier, threads, give_way)
                if i[2] == 0 and thread > 0:
                    continue
                sharing = threads if i[2] else 1
                if i[0] == PRODUCT:
                    _product(kind, i, product, gemm, scratch, thread, sharing)
                elif i[0] == FUSED:
                    _fused(kind, i, operations, registers, thread, sharing)
                else:
                    _other(kind, i, thread, sharing)
            if loss != 0 and thread == 0:
                pointer_at(kind, losses)[step] = pointer_at(kind, loss)[0]
            meet(barrier, threads, give_way)

    return run
