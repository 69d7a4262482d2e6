"""The compiled engine's elementwise kernels: each does one operation on rows of entries, as its row of the table says.

Arguments of all kernels are ``like``, a pointer that tells the type of numbers, a row of a table, and the thread's own
words (:mod:`backpath.engines.compiled.tables`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backpath.engines.compiled.jit import compiled
from backpath.engines.compiled.operations import BINARY, TERNARY, UNARY
from backpath.engines.compiled.pointers import entry, pointer_at, put, size_of
from backpath.engines.compiled.tables import (
    BLOCK,
    COLUMN,
    FLAT,
    HEIGHT,
    MOST_REGISTERS,
    OUT,
    PARAMETER,
    REGISTERS,
    ROW,
    WHOLE,
    WIDTH,
    A,
    B,
    C,
)
from backpath.engines.compiled.typed import typed

MOST_FACTORS = 4
"""A power of more is left to the C library, whose error does not grow with them."""


def elementwise(name: str) -> Callable[..., None]:
    """The kernel of an operation, to be compiled."""
    if name == "where":
        return _of_three(_chosen)
    if name == "integer_power":
        return _integer_power
    if name in UNARY:
        return _of_one(compiled(UNARY[name]))
    if name in BINARY:
        return _of_two(compiled(BINARY[name]))
    return _of_three(compiled(TERNARY[name]))


@compiled
def _size(f: Any, work: Any) -> tuple[int, int]:
    """Rows and columns to do; one row where all of them lie beside each other."""
    if f[FLAT] and work[WHOLE]:
        return 1, work[HEIGHT] * work[WIDTH]
    return work[HEIGHT], work[WIDTH]


@compiled
def _operand(like: Any, f: Any, field: int, step: int, work: Any) -> tuple[Any, int]:
    """The first entry of an operand in the part to do, and from one row of it to the next."""
    start, size = f[field], size_of(like)
    if start < MOST_REGISTERS:
        return pointer_at(like, work[REGISTERS] + start * BLOCK * size), work[WIDTH]
    return pointer_at(like, start + (work[ROW] * f[field + 1] + work[COLUMN] * step) * size), f[field + 1]


def _of_one(operation: Any) -> Callable[..., None]:
    def kernel(like, f, work):
        a_step = f[A + 2]
        out, out_row = _operand(like, f, OUT, 1, work)
        a, a_row = _operand(like, f, A, a_step, work)
        rows, n = _size(f, work)
        for i in range(rows):
            o, x = i * out_row, i * a_row
            if a_step == 1:
                for j in range(n):
                    put(out, o + j, operation(entry(a, x + j)))
            else:
                value = operation(a[x])
                for j in range(n):
                    out[o + j] = value

    return kernel


def _of_two(operation: Any) -> Callable[..., None]:
    def kernel(like, f, work):
        a_step, b_step = f[A + 2], f[B + 2]
        out, out_row = _operand(like, f, OUT, 1, work)
        a, a_row = _operand(like, f, A, a_step, work)
        b, b_row = _operand(like, f, B, b_step, work)
        rows, n = _size(f, work)
        for i in range(rows):
            o, x, y = i * out_row, i * a_row, i * b_row
            if a_step == 1 and b_step == 1:
                for j in range(n):
                    put(out, o + j, operation(entry(a, x + j), entry(b, y + j)))
            elif a_step == 1:
                right = b[y]
                for j in range(n):
                    put(out, o + j, operation(entry(a, x + j), right))
            elif b_step == 1:
                left = a[x]
                for j in range(n):
                    put(out, o + j, operation(left, entry(b, y + j)))
            else:
                value = operation(a[x], b[y])
                for j in range(n):
                    out[o + j] = value

    return kernel


def _of_three(operation: Any) -> Callable[..., None]:
    def kernel(like, f, work):
        a_step, b_step, c_step = f[A + 2], f[B + 2], f[C + 2]
        out, out_row = _operand(like, f, OUT, 1, work)
        a, a_row = _operand(like, f, A, a_step, work)
        b, b_row = _operand(like, f, B, b_step, work)
        c, c_row = _operand(like, f, C, c_step, work)
        rows, n = _size(f, work)
        for i in range(rows):
            o, x, y, z = i * out_row, i * a_row, i * b_row, i * c_row
            if a_step == 1 and b_step == 1 and c_step == 1:
                for j in range(n):
                    put(out, o + j, operation(entry(a, x + j), entry(b, y + j), entry(c, z + j)))
            elif a_step == 1 and c_step == 1:
                factor = b[y]
                for j in range(n):
                    put(out, o + j, operation(entry(a, x + j), factor, entry(c, z + j)))
            elif a_step == 1 and b_step == 1:
                summand = c[z]
                for j in range(n):
                    put(out, o + j, operation(entry(a, x + j), entry(b, y + j), summand))
            else:
                for j in range(n):
                    out[o + j] = operation(a[x + j * a_step], b[y + j * b_step], c[z + j * c_step])

    return kernel


@compiled
def _chosen(condition: Any, a: Any, b: Any) -> Any:
    return a if condition != 0 else b


def _integer_power(like: Any, f: Any, work: Any) -> None:
    exponent, a_step = f[PARAMETER], f[A + 2]
    out, out_row = _operand(like, f, OUT, 1, work)
    a, a_row = _operand(like, f, A, a_step, work)
    rows, n = _size(f, work)
    for i in range(rows):
        for j in range(n):
            base = a[i * a_row + j * a_step]
            if abs(exponent) > MOST_FACTORS:
                out[i * out_row + j] = base ** typed(base, exponent)
                continue
            # Powers of the inverse: the power itself may overflow where its inverse is a number.
            base = base if exponent >= 0 else typed(base, 1) / base
            result = typed(base, 1)
            for _ in range(abs(exponent)):
                result = result * base
            out[i * out_row + j] = result
