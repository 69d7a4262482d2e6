"""Threads that run one program together: each takes its part of every instruction, and they meet at barriers."""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba import types

from backpath.engines.compiled.jit import compiled
from backpath.engines.compiled.pointers import emitted

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
def meet(barrier: int, threads: int, give_way: int) -> None:
    """Wait until all threads are here.

    Args:
        barrier: the address of ``tables.BARRIER_WORDS`` words that began as zeros.
        threads: how many there are.
        give_way: the address of ``sched_yield``, or 0.
    """
    if threads == 1:
        return
    meeting = barrier + 64
    before = _seen(meeting)
    if _add_one(barrier) == threads - 1:
        _publish(barrier, 0)
        _publish(meeting, before + 1)
        return
    looks = 0
    while _seen(meeting) == before:
        looks += 1
        if looks > SPINS and give_way != 0:
            _call(give_way)


@compiled
def share(extent: int, thread: int, threads: int) -> tuple[int, int]:
    """From where to where a thread's part of so many goes: equal parts, in whole vectors where there are many."""
    if threads == 1:
        return 0, extent
    step = -(-extent // threads)
    if extent >= 64 * threads:
        step = -(-step // 16) * 16
    first = min(thread * step, extent)
    return first, min(first + step, extent)
