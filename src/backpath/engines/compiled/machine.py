"""The machine: runs a program given as numbers, step after step, without returning to the interpreter.

An instruction is a row of whole numbers (``tables``; ``lowering`` writes them).
Nothing is compiled for a network: its depth and widths are data, and kernels are called by their addresses. Tables go
by their addresses too: a row of an array would be a new array, whose owner's count of users all threads would write to.
"""

from __future__ import annotations

from typing import Any

from backpath.engines.compiled.jit import compiled
from backpath.engines.compiled.pointers import call_at, pointer_at
from backpath.engines.compiled.tables import (
    BARRIER,
    BLOCK,
    CODE,
    COLUMN,
    COUNT,
    EXTENT,
    FEED_FIELDS,
    FEEDS,
    FIELDS,
    FIRST,
    GIVE_WAY,
    HEIGHT,
    HIGH,
    INSTRUCTIONS,
    INTAKES,
    KERNEL,
    LOSS,
    LOSSES,
    MEETS,
    OPERATION_FIELDS,
    OPERATIONS,
    ROW,
    ROWS,
    SHARED,
    STEPS,
    THREAD,
    THREADS,
    WHOLE,
    WIDE,
    WIDTH,
    WORK,
)
from backpath.engines.compiled.teams import meet, share


@compiled
def _operations(like: Any, i: Any, operations: int, work: Any, first: int, last: int) -> None:
    """Operations on one shape, block by block: these rows of it, or these columns if it is one row."""
    row_first, row_last, width = first, last, i[WIDE]
    start, end = 0, width
    if i[HIGH] == 1:
        row_first, row_last, start, end, width = 0, 1, first, last, last - first
    height = row_last - row_first
    if width * height > BLOCK:
        width = min(width, BLOCK)
        height = max(BLOCK // width, 1)
    for row in range(row_first, row_last, height):
        for column in range(start, end, width):
            wide = min(width, end - column)
            work[ROW], work[COLUMN], work[HEIGHT], work[WIDTH] = row, column, min(height, row_last - row), wide
            work[WHOLE] = wide == i[WIDE]
            for k in range(i[FIRST], i[FIRST] + i[COUNT]):
                f = pointer_at(i, operations + k * OPERATION_FIELDS * 8)
                call_at(f[KERNEL], like, f, work)


@compiled
def _feed(like: Any, f: Any, step: int, thread: int, threads: int) -> None:
    """The examples of one step, into the memory that the program reads."""
    first, last = share(f[5], thread, threads)
    order, target, length = pointer_at(f, f[4]), pointer_at(like, f[6]), f[3]
    if f[0] == ROWS:
        source = pointer_at(like, f[1])
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


def run(like: Any, told: Any) -> None:
    """Run a program for so many steps; all threads call it together, each with what it is told."""
    operations, feeds, intakes = told[OPERATIONS], told[FEEDS], told[INTAKES]
    barrier, give_way, thread, threads = told[BARRIER], told[GIVE_WAY], told[THREAD], told[THREADS]
    work, code = pointer_at(told, told[WORK]), told[CODE]
    for step in range(told[STEPS]):
        for k in range(intakes):
            _feed(like, pointer_at(told, feeds + k * FEED_FIELDS * 8), step, thread, threads)
        if intakes:
            meet(barrier, threads, give_way)
        for k in range(told[INSTRUCTIONS]):
            i = pointer_at(told, code + k * FIELDS * 8)
            if i[MEETS]:
                meet(barrier, threads, give_way)
            if thread > 0 and not i[SHARED]:
                continue
            first, last = share(i[EXTENT], thread, threads if i[SHARED] else 1)
            if first >= last:
                continue
            if i[KERNEL]:
                work[ROW], work[HEIGHT] = first, last - first
                call_at(i[KERNEL], like, i, work)
            else:
                _operations(like, i, operations, work, first, last)
        if told[LOSS] != 0 and thread == 0:
            pointer_at(like, told[LOSSES])[step] = pointer_at(like, told[LOSS])[0]
        meet(barrier, threads, give_way)
