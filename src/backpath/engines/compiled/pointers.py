"""Memory by its address: compiled code that is given addresses as data reads and writes through them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


def emitted(define: Callable[..., Any]) -> Any:
    """Decorator: what compiled code calls with all parameters but the first, whose instructions are written by hand.

    Args:
        define: from Numba's typing context and the arguments' types, the signature and the function that emits.
    """
    return intrinsic(define)


@emitted
def pointer_at(typing: Any, like: Any, address: Any) -> Any:
    """The pointer to elements at an address, to be indexed as an array of one axis is; no bounds are checked.

    Args:
        like: an array of the elements' dtype, the dtype itself, or a pointer to such elements; only its type matters.
        address: where the first element lies.
    """

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[1], context.get_value_type(signature.return_type))

    return types.CPointer(like.dtype)(like, types.int64), emit


@emitted
def size_of(typing: Any, like: Any) -> Any:
    """Bytes of an element of ``like``'s dtype, as a constant: an array's ``itemsize`` would be read from the array."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        return context.get_constant(types.int64, like.dtype.bitwidth // 8)

    return types.int64(like), emit


@emitted
def call_at(typing: Any, address: Any, *arguments: Any) -> Any:
    """Call the kernel that lies at ``address``, as Numba calls functions: after places for a result and an error."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> Any:
        given = cgutils.unpack_tuple(builder, values[1]) if len(signature.args) == 2 else values[1:]
        places = [cgutils.alloca_once(builder, ir.IntType(8).as_pointer()) for _ in range(2)]
        given = [*places, *given]
        function = ir.FunctionType(ir.IntType(32), [value.type for value in given])
        builder.call(builder.inttoptr(values[0], function.as_pointer()), given)
        return context.get_dummy_value()

    given: Any = types.StarArgTuple.from_types(arguments)
    return types.void(types.int64, given), emit


# Operands of one loop may be the same memory, but then entry by entry, and each is read before it is written. Where
# LLVM is not told so, it takes numbers one at a time as soon as two addresses are equal.


def _operands(builder: ir.IRBuilder) -> Any:
    """The metadata that the loads of a loop are under, and its stores apart from."""
    domain = builder.module.add_metadata(["backpath entries"])
    return builder.module.add_metadata([builder.module.add_metadata(["backpath operands", domain])])


@emitted
def entry(typing: Any, pointer: Any, index: Any) -> Any:
    """``pointer[index]``, which no ``put`` in the same loop has written."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        value = builder.load(builder.gep(arguments[0], [arguments[1]]), align=pointer.dtype.bitwidth // 8)
        value.set_metadata("alias.scope", _operands(builder))
        return value

    return pointer.dtype(pointer, types.int64), emit


@emitted
def put(typing: Any, pointer: Any, index: Any, value: Any) -> Any:
    """``pointer[index] = value``, where ``entry`` reads nothing else in the same loop."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        place = builder.gep(arguments[0], [arguments[1]])
        stored = builder.store(arguments[2], place, align=pointer.dtype.bitwidth // 8)
        stored.set_metadata("noalias", _operands(builder))
        return context.get_dummy_value()

    return types.void(pointer, types.int64, pointer.dtype), emit
