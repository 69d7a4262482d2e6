"""The compiled engine's kernels by address: each compiled and kept on disk by itself, when a program first needs it.

The machine calls them through the addresses in its tables, so that it never has to be compiled again.
"""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import overload

from backpath.engines.jit import OPTIONS, compiled
from backpath.engines.operations import BINARY, OPERATIONS, TERNARY, UNARY
from backpath.engines.pointers import entry, put
from backpath.engines.products import product
from backpath.engines.typed import typed


def fingerprint() -> int:
    """Changes with the source of the engines: Numba would look for changes in one file alone."""
    found = 0
    for file in sorted(Path(__file__).parent.glob("*.py")):
        found = zlib.crc32(file.read_bytes(), found)
    return found


SOURCE = fingerprint()


def _one(operation: int, x: Any) -> Any:
    """The operation of this number on one entry."""
    raise NotImplementedError


def _two(operation: int, x: Any, y: Any) -> Any:
    """The operation of this number on two entries."""
    raise NotImplementedError


def _three(operation: int, x: Any, y: Any, z: Any) -> Any:
    """The operation of this number on three entries."""
    raise NotImplementedError


@overload(_one, prefer_literal=True)
def _compiled_one(operation, x):  # Without annotations, which Numba would compare with the lambda's.
    f = compiled(UNARY[OPERATIONS[operation.literal_value]])
    return lambda operation, x: f(x)


@overload(_two, prefer_literal=True)
def _compiled_two(operation, x, y):
    f = compiled(BINARY[OPERATIONS[operation.literal_value]])
    return lambda operation, x, y: f(x, y)


@overload(_three, prefer_literal=True)
def _compiled_three(operation, x, y, z):
    f = compiled(TERNARY[OPERATIONS[operation.literal_value]])
    return lambda operation, x, y, z: f(x, y, z)


@cache
def elementwise_address(name: str, dtype: np.dtype) -> int:
    """Where the kernel lies that computes rows of an elementwise operation.

    Its arguments are pointers to out, a, b and c, with a step of 0 or 1 after each operand, then a parameter and the
    number of entries.
    """
    operation = OPERATIONS.index(name)
    if name == "where":
        made = _choice(SOURCE)
    elif name == "integer_power":
        made = _integer_power(SOURCE)
    else:
        loops = _of_one if name in UNARY else _of_two if name in BINARY else _of_three
        made = loops(operation, SOURCE)
    number = types.CPointer(numba.from_dtype(dtype))
    step = types.int64
    return _address(made, types.void(number, number, step, number, step, number, step, step, step))


@cache
def product_address(dtype: np.dtype) -> int:
    """Where the matrix product lies; its arguments are those of ``products.product``, the first one a pointer."""
    word = types.int64
    like = types.CPointer(numba.from_dtype(dtype))
    return _address(_product(SOURCE), types.void(like, *[word] * 11, types.boolean, word, word))


def _address(function: Any, signature: Any) -> int:
    made = numba.cfunc(signature, cache=True, **OPTIONS)(function)
    _KEPT.append(made)
    return made.address


_KEPT: list[Any] = []


def _of_one(operation: int, source: int) -> Any:
    def kernel(out, a, a_step, b, b_step, c, c_step, parameter, n):
        _ = source
        if a_step == 1:
            for j in range(n):
                put(out, j, _one(operation, entry(a, j)))
        else:
            value = _one(operation, a[0])
            for j in range(n):
                out[j] = value

    return kernel


def _of_two(operation: int, source: int) -> Any:
    def kernel(out, a, a_step, b, b_step, c, c_step, parameter, n):
        _ = source
        if a_step == 1 and b_step == 1:
            for j in range(n):
                put(out, j, _two(operation, entry(a, j), entry(b, j)))
        elif a_step == 1:
            right = b[0]
            for j in range(n):
                put(out, j, _two(operation, entry(a, j), right))
        elif b_step == 1:
            left = a[0]
            for j in range(n):
                put(out, j, _two(operation, left, entry(b, j)))
        else:
            value = _two(operation, a[0], b[0])
            for j in range(n):
                out[j] = value

    return kernel


def _of_three(operation: int, source: int) -> Any:
    def kernel(out, a, a_step, b, b_step, c, c_step, parameter, n):
        _ = source
        if a_step == 1 and b_step == 1 and c_step == 1:
            for j in range(n):
                put(out, j, _three(operation, entry(a, j), entry(b, j), entry(c, j)))
        elif a_step == 1 and c_step == 1:
            factor = b[0]
            for j in range(n):
                put(out, j, _three(operation, entry(a, j), factor, entry(c, j)))
        elif a_step == 1 and b_step == 1:
            summand = c[0]
            for j in range(n):
                put(out, j, _three(operation, entry(a, j), entry(b, j), summand))
        else:
            for j in range(n):
                out[j] = _three(operation, a[j * a_step], b[j * b_step], c[j * c_step])

    return kernel


def _choice(source: int) -> Any:
    def kernel(out, condition, c_step, a, a_step, b, b_step, parameter, n):
        _ = source
        if c_step == 1 and a_step == 1 and b_step == 1:
            for j in range(n):
                put(out, j, entry(a, j) if entry(condition, j) != 0 else entry(b, j))
        else:
            for j in range(n):
                out[j] = a[j * a_step] if condition[j * c_step] != 0 else b[j * b_step]

    return kernel


def _integer_power(source: int) -> Any:
    def kernel(out, a, a_step, b, b_step, c, c_step, exponent, n):
        _ = source
        for j in range(n):
            base = a[j * a_step]
            result = typed(base, 1)
            left = abs(exponent)
            while left:
                if left & 1:
                    result = result * base
                base = base * base
                left >>= 1
            out[j] = result if exponent >= 0 else typed(base, 1) / result

    return kernel


def _product(source: int) -> Any:
    def kernel(like, a, a_row, a_col, b, b_row, b_col, c, c_row, m, n, k, more, gemm, scratch):
        _ = source
        product(like, a, a_row, a_col, b, b_row, b_col, c, c_row, m, n, k, more, gemm, scratch)

    return kernel
