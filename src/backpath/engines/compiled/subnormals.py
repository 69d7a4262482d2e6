"""Subnormal numbers as zeros while a thread computes: work on them takes some processors a hundred times as long."""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from backpath.engines.compiled.pointers import emitted

X86 = platform.machine().lower() in ("x86_64", "amd64")
"""Elsewhere nothing changes: the processors that we know compute with subnormals as fast as with others."""

ZEROS = 0x8040
"""The bits of MXCSR by which subnormal results and operands are zeros (Intel, Software Developer's Manual, 10.2.3)."""


@emitted
def control(typing: Any) -> Any:
    """How this thread computes, as a number for :func:`set_control`."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        if not X86:
            return context.get_constant(types.int64, 0)
        place = cgutils.alloca_once(builder, ir.IntType(32))
        _call(builder, "llvm.x86.sse.stmxcsr", place)
        return builder.zext(builder.load(place), ir.IntType(64))

    return types.int64(), emit


@emitted
def set_control(typing: Any, value: Any) -> Any:
    """Compute from now on as :func:`control` said, in this thread alone."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        if X86:
            place = cgutils.alloca_once(builder, ir.IntType(32))
            builder.store(builder.trunc(arguments[0], ir.IntType(32)), place)
            _call(builder, "llvm.x86.sse.ldmxcsr", place)
        return context.get_dummy_value()

    return types.void(types.int64), emit


def _call(builder: ir.IRBuilder, name: str, place: Any) -> None:
    kind = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer()])
    function = cgutils.get_or_insert_function(builder.module, kind, name)
    builder.call(function, [builder.bitcast(place, ir.IntType(8).as_pointer())])
