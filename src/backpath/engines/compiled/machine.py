"""The machine: runs a program given as numbers, step after step, without returning to the interpreter.

An instruction is a row of whole numbers (``tables``; ``lowering`` writes them).
Nothing is compiled for a network: its depth and widths are data, and kernels are called by their addresses. Tables go
by their addresses too: a row of an array would be a new array, whose owner's count of users all threads would write to.
"""

from __future__ import annotations

from typing import Any

from backpath.engines.compiled.jit import apart, compiled
from backpath.engines.compiled.pointers import call_at, pointer_at
from backpath.engines.compiled.products.blocks import block_sides
from backpath.engines.compiled.subnormals import ZEROS, control, set_control
from backpath.engines.compiled.tables import (
    ABOVE,
    BESIDE,
    BLOCK,
    CODE,
    COLUMN,
    COUNT,
    EXTENT,
    FEED_FIELDS,
    FEEDS,
    FIELDS,
    FIRST,
    FIRST_INSTRUCTION,
    FLUSHES,
    FUTEX,
    GIVE_WAY,
    HEIGHT,
    HIGH,
    INTAKES,
    KERNEL,
    LAST_INSTRUCTION,
    LINES,
    LOSS,
    LOSSES,
    OPERATION_FIELDS,
    OPERATIONS,
    PIECES,
    ROW,
    ROWS,
    SHARED,
    STEPS,
    STRETCH_COUNT,
    STRETCH_FIELDS,
    STRETCHES,
    SYSTEM_CALL,
    THREAD,
    THREADS,
    WHOLE,
    WIDE,
    WIDTH,
    WORK,
)
from backpath.engines.compiled.teams import finish, now, share, take, wait


@compiled
def _operations(like: Any, i: Any, operations: int, work: Any, first: int, last: int) -> None:
    """Operations on one shape: these rows of it, or these columns if it is one row, or these of a product's blocks."""
    for block in range(first, last if i[BESIDE] else first + 1):
        top, bottom, left, right = first, last, 0, i[WIDE]
        if i[BESIDE]:
            top, bottom, left, right = block_sides(like, i[HIGH], i[WIDE], i[ABOVE], i[BESIDE], block)
        elif i[HIGH] == 1:
            top, bottom, left, right = 0, 1, first, last
        height, width = bottom - top, right - left
        if width * height > BLOCK:
            width = min(width, BLOCK)
            height = max(BLOCK // width, 1)
        for row in range(top, bottom, height):
            for column in range(left, right, width):
                wide = min(width, right - column)
                work[ROW], work[COLUMN], work[HEIGHT], work[WIDTH] = row, column, min(height, bottom - row), wide
                work[WHOLE] = wide == i[WIDE]
                for k in range(i[FIRST], i[FIRST] + i[COUNT]):
                    f = pointer_at(i, operations + k * OPERATION_FIELDS * 8)
                    call_at(f[KERNEL], like, f, work)


@compiled
def _feed(like: Any, f: Any, step: int, piece: int, pieces: int) -> None:
    """The examples of one step, into the memory that the program reads."""
    first, last = share(f[5], piece, pieces)
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


@apart
def _piece(like: Any, told: Any, number: int, piece: int) -> None:
    """One piece of a stretch's work: of each instruction the part that is its share, one after the other."""
    step, stretch = number // told[STRETCH_COUNT], number % told[STRETCH_COUNT]
    s = pointer_at(told, told[STRETCHES] + stretch * STRETCH_FIELDS * 8)
    pieces, work = s[PIECES], pointer_at(told, told[WORK])
    if stretch == 0:
        for k in range(told[INTAKES]):
            _feed(like, pointer_at(told, told[FEEDS] + k * FEED_FIELDS * 8), step, piece, pieces)
    for k in range(s[FIRST_INSTRUCTION], s[LAST_INSTRUCTION]):
        i = pointer_at(told, told[CODE] + k * FIELDS * 8)
        if piece > 0 and not i[SHARED]:
            continue
        first, last = share(i[EXTENT], piece, pieces if i[SHARED] else 1)
        if first >= last:
            continue
        if i[KERNEL]:
            work[ROW], work[HEIGHT] = first, last - first
            call_at(i[KERNEL], like, i, work)
        else:
            _operations(like, i, told[OPERATIONS], work, first, last)
    if piece == 0 and stretch == told[STRETCH_COUNT] - 1 and told[LOSS] != 0:
        pointer_at(like, told[LOSSES])[step] = pointer_at(like, told[LOSS])[0]


@compiled
def _run(like: Any, told: Any) -> None:
    """All steps, as one thread makes them.

    Stretches are numbered through all steps. A thread takes its own pieces first, whose numbers its core's cache may
    still hold, then those that others have not come to.
    """
    lines, thread, threads, count = told[LINES], told[THREAD], told[THREADS], told[STRETCH_COUNT]
    end = told[STEPS] * count
    if threads == 1:
        for number in range(end):
            _piece(like, told, number, 0)
        return
    seen = now(lines)
    while seen < end:
        for turn in range(threads):
            owner = (thread + turn) % threads
            while True:
                number, taken = take(lines, owner)
                if number >= end:
                    break
                pieces = pointer_at(told, told[STRETCHES] + number % count * STRETCH_FIELDS * 8)[PIECES]
                piece = owner * pieces // threads + taken
                if piece >= (owner + 1) * pieces // threads:
                    break
                _piece(like, told, number, piece)
                finish(lines, number, pieces, threads, told[SYSTEM_CALL], told[FUTEX])
        wait(lines, seen, told[GIVE_WAY], told[SYSTEM_CALL], told[FUTEX])
        seen = now(lines)


def run(like: Any, told: Any) -> None:
    """Run a program for so many steps; all threads call it together, each with what it is told."""
    before = control()
    if told[FLUSHES]:
        set_control(before | ZEROS)
    _run(like, told)
    set_control(before)
