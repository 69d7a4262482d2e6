"""Threads that run one program together: they take pieces of its work as they come to it, and meet at barriers."""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba import types

from backpath.engines.compiled.jit import compiled
from backpath.engines.compiled.pointers import emitted
from backpath.engines.compiled.tables import ARRIVED, LINE_WORDS, MEETING, TAKEN

LINE = 8 * LINE_WORDS

SPINS = 1 << 8
"""Looks at a barrier before a thread offers its core to others."""

_PAUSES = platform.machine().lower() in ("x86_64", "amd64")


@emitted
def _add_one(typing: Any, address: Any) -> Any:
    """What was there before 1 was added, as one operation that no other thread divides."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        return builder.atomic_rmw("add", pointer, ir.Constant(ir.IntType(64), 1), "seq_cst")

    return types.int64(types.int64), emit


@emitted
def _seen(typing: Any, address: Any) -> Any:
    """What is there now, with everything that was written before it."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        value = builder.load_atomic(pointer, "acquire", 8)
        if _PAUSES:
            function = ir.FunctionType(ir.VoidType(), [])
            pause = builder.module.globals.get("llvm.x86.sse2.pause")
            builder.call(pause or ir.Function(builder.module, function, "llvm.x86.sse2.pause"), [])
        return value

    return types.int64(types.int64), emit


@emitted
def _publish(typing: Any, address: Any, value: Any) -> Any:
    """Write a value that others see only with everything that was written before it."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        builder.store_atomic(arguments[1], pointer, "release", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), emit


@emitted
def _call(typing: Any, address: Any) -> Any:
    """Call the C function without arguments at an address."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        function = ir.FunctionType(ir.IntType(32), [])
        builder.call(builder.inttoptr(arguments[0], function.as_pointer()), [])
        return context.get_dummy_value()

    return types.void(types.int64), emit


@compiled
def take(barrier: int, owner: int) -> int:
    """The number of the next piece of a thread's that nobody has taken since all met, from 0."""
    return _add_one(barrier + (TAKEN + owner) * LINE)


@compiled
def meet(barrier: int, threads: int, give_way: int) -> None:
    """Wait until all threads are here; then no piece is taken.

    Args:
        barrier: the address of lines that began as zeros, ``tables.TAKEN`` and one for each thread.
        threads: how many there are.
        give_way: the address of ``sched_yield``, or 0.
    """
    if threads == 1:
        return
    meeting = barrier + MEETING * LINE
    before = _seen(meeting)
    if _add_one(barrier + ARRIVED * LINE) == threads - 1:
        for owner in range(threads):
            _publish(barrier + (TAKEN + owner) * LINE, 0)
        _publish(barrier + ARRIVED * LINE, 0)
        _publish(meeting, before + 1)
        return
    looks = 0
    while _seen(meeting) == before:
        looks += 1
        if looks > SPINS and give_way != 0:
            _call(give_way)


@compiled
def share(extent: int, piece: int, pieces: int) -> tuple[int, int]:
    """From where to where a piece of so many goes: equal pieces, in whole vectors where there are many."""
    if pieces == 1:
        return 0, extent
    step = -(-extent // pieces)
    if extent >= 64 * pieces:
        step = -(-step // 16) * 16
    first = min(piece * step, extent)
    return first, min(first + step, extent)
