"""Memory by its address: compiled code that is given addresses as data reads and writes through them."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


@intrinsic
def pointer_at(typing: Any, like: Any, address: Any) -> Any:
    """The pointer to elements of ``like``'s dtype that lies at ``address``; to be indexed as an array of one axis."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[1], context.get_value_type(signature.return_type))

    return types.CPointer(like.dtype)(like, types.int64), emit


def typed_pointer(builder: ir.IRBuilder, address: Any, element: ir.Type) -> Any:
    """While code is emitted: the pointer to ``element`` at an address."""
    return builder.inttoptr(address, element.as_pointer())


@intrinsic
def size_of(typing: Any, like: Any) -> Any:
    """Bytes of an element of ``like``'s dtype, a constant."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.get_constant(types.int64, like.dtype.bitwidth // 8)

    return types.int64(like), emit
