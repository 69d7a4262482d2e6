"""What elementary functions need of floating-point numbers and Numba lacks: their bits, and constants of their type.

Each is compiled to a few plain instructions, so that LLVM can work on several numbers at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

WIDTHS = {types.float32: 0, types.float64: 1}
"""The place of each type in a pair of values, one for each type."""


def _instructions(rule: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: what compiled code may call, of a rule that takes Numba's typing context and the arguments' types."""
    return intrinsic(rule)


@_instructions
def bits(typing: Any, x: Any) -> Any:
    """The bits of ``x``, as a signed integer of its size."""
    integer = types.Integer.from_bitwidth(x.bitwidth, signed=True)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(integer))

    return integer(x), generate


@_instructions
def from_bits(typing: Any, like: Any, pattern: Any) -> Any:
    """The number of the type of ``like`` whose bits are the low bits of the integer ``pattern``."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _, value = arguments
        width = ir.IntType(like.bitwidth)
        if value.type.width > width.width:
            value = builder.trunc(value, width)
        return builder.bitcast(value, context.get_value_type(like))

    return like(like, pattern), generate


@_instructions
def constant(typing: Any, like: Any, pair: Any) -> Any:
    """The first of two numbers where ``like`` is a float32, the second where it is a float64; floats in its type."""
    number = like if isinstance(pair.dtype, types.Float) else pair.dtype

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = builder.extract_value(arguments[1], WIDTHS[like])
        return context.cast(builder, value, pair.dtype, number)

    return number(like, pair), generate


@_instructions
def polynomial(typing: Any, x: Any, pair: Any) -> Any:
    """The polynomial in ``x`` whose coefficients, lowest first, are the half of ``pair`` for the type of ``x``."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value, tables = arguments
        table = cgutils.unpack_tuple(builder, builder.extract_value(tables, WIDTHS[x]))
        coefficients = [context.cast(builder, c, types.float64, x) for c in table]
        # Neighbours first, then pairs of them in powers of x (Estrin): a short chain of sums that wait for another.
        while len(coefficients) > 1:
            pairs = zip(coefficients[::2], [*coefficients[1::2], None], strict=False)
            coefficients = [low if high is None else _sum(builder, low, high, value) for low, high in pairs]
            value = builder.fmul(value, value)
        return coefficients[0]

    return x(x, pair), generate


def _sum(builder: Any, low: Any, high: Any, x: Any) -> Any:
    product = builder.fmul(high, x, flags=("contract",))
    return builder.fadd(low, product, flags=("contract",))
