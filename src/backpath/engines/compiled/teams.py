"""Threads that run one program together: they take pieces of its work as they come to them."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from backpath.engines.compiled.jit import compiled
from backpath.engines.compiled.pointers import emitted
from backpath.engines.compiled.subnormals import X86
from backpath.engines.compiled.tables import ASLEEP, DONE, LINE_WORDS, NOW, TAKEN

LINE = 8 * LINE_WORDS

LOOKS = 1 << 10
"""Before a thread offers its core to others, which takes longer than most waits."""

WAIT, WAKE = 128, 129
"""What a futex does, of one process."""

TICKET_BITS = 16


@emitted
def _add(typing: Any, address: Any, value: Any) -> Any:
    """What was there before a value was added, as one operation that no other thread divides."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        return builder.atomic_rmw("add", pointer, arguments[1], "seq_cst")

    return types.int64(types.int64, types.int64), emit


@emitted
def _seen(typing: Any, address: Any) -> Any:
    """What is there now, with everything that was written before it."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        value = builder.load_atomic(pointer, "acquire", 8)
        if X86:
            function = ir.FunctionType(ir.VoidType(), [])
            pause = builder.module.globals.get("llvm.x86.sse2.pause")
            builder.call(pause or ir.Function(builder.module, function, "llvm.x86.sse2.pause"), [])
        return value

    return types.int64(types.int64), emit


@emitted
def _publish(typing: Any, address: Any, value: Any) -> Any:
    """Write a value that others see only with everything that was written before it, and before what is read next."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        builder.atomic_rmw("xchg", pointer, arguments[1], "seq_cst")
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), emit


@emitted
def _call(typing: Any, address: Any, number: Any, place: Any, operation: Any, value: Any) -> Any:
    """Call the C function at an address with six words, the last two of them 0."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        function = ir.FunctionType(word, [word] * 6)
        zero = ir.Constant(word, 0)
        builder.call(builder.inttoptr(arguments[0], function.as_pointer()), [*arguments[1:], zero, zero])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), emit


@compiled
def now(lines: int) -> int:
    """The number of the stretch that is worked on."""
    return _seen(lines + NOW * LINE)


@compiled
def take(lines: int, owner: int) -> tuple[int, int]:
    """One more of a thread's pieces: of which stretch, and which of them; there may be no such piece."""
    ticket = _add(lines + (TAKEN + owner) * LINE, 1)
    return ticket >> TICKET_BITS, ticket & ((1 << TICKET_BITS) - 1)


@compiled
def finish(lines: int, stretch: int, pieces: int, threads: int, system_call: int, futex: int) -> None:
    """Note that a piece is done; whoever does the last one lets all go on with the next stretch.

    A thread that is not there holds nobody up: only its pieces count, and others take those.
    """
    if _add(lines + DONE * LINE, 1) < pieces - 1:
        return
    _publish(lines + DONE * LINE, 0)
    for owner in range(threads):
        _publish(lines + (TAKEN + owner) * LINE, (stretch + 1) << TICKET_BITS)
    _publish(lines + NOW * LINE, stretch + 1)
    if futex != 0 and _seen(lines + ASLEEP * LINE) > 0:
        _call(system_call, futex, lines + NOW * LINE, WAKE, threads)


@compiled
def wait(lines: int, stretch: int, give_way: int, system_call: int, futex: int) -> None:
    """Until another stretch is worked on: look for a while, then sleep, so that the core serves others."""
    looks = 0
    while now(lines) == stretch:
        looks += 1
        if looks > LOOKS and futex != 0:
            _add(lines + ASLEEP * LINE, 1)
            _call(system_call, futex, lines + NOW * LINE, WAIT, stretch & 0xFFFFFFFF)
            _add(lines + ASLEEP * LINE, -1)
        elif looks > LOOKS and give_way != 0:
            _call(give_way, 0, 0, 0, 0)


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
