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
    """Call the C function without a result that lies at ``address``."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> Any:
        given = cgutils.unpack_tuple(builder, values[1]) if len(signature.args) == 2 else values[1:]
        function = ir.FunctionType(ir.VoidType(), [value.type for value in given])
        builder.call(builder.inttoptr(values[0], function.as_pointer()), given)
        return context.get_dummy_value()

    return types.void(types.int64, types.StarArgTuple.from_types(arguments)), emit
