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

from backpath.engines.jit import OPTIONS, apart, compiled
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

    Its arguments are pointers to out, a, b and c, after each the stride of its rows and, but for out, a step of 0 or 1
    within a row; then a parameter, and the numbers of rows and of entries in a row.
    """
    operation = OPERATIONS.index(name)
    if name == "where":
        made = _choice()
    elif name == "integer_power":
        made = _integer_power()
    else:
        loops = _of_one if name in UNARY else _of_two if name in BINARY else _of_three
        made = loops(operation)
    number = types.CPointer(numba.from_dtype(dtype))
    step = types.int64
    return _address(
        apart(made, name, dtype, SOURCE), types.void(number, step, *[number, step, step] * 3, step, step, step)
    )


@cache
def product_address(dtype: np.dtype) -> int:
    """Where the matrix product lies; its arguments are those of ``products.product``, the first one a pointer."""
    word = types.int64
    like = types.CPointer(numba.from_dtype(dtype))
    made = apart(_product(), "product", dtype, SOURCE)
    return _address(made, types.void(like, *[word] * 11, types.boolean, word, word, word))


def _address(function: Any, signature: Any) -> int:
    made: Any = numba.cfunc(signature, cache=True, **OPTIONS)(function)
    _KEPT.append(made)
    return made.address


_KEPT: list[Any] = []


def _of_one(operation: int) -> Any:
    def kernel(out, out_row, a, a_row, a_step, b, b_row, b_step, c, c_row, c_step, parameter, rows, n):
        for i in range(rows):
            o, x = i * out_row, i * a_row
            if a_step == 1:
                for j in range(n):
                    put(out, o + j, _one(operation, entry(a, x + j)))
            else:
                value = _one(operation, a[x])
                for j in range(n):
                    out[o + j] = value

    return kernel


def _of_two(operation: int) -> Any:
    def kernel(out, out_row, a, a_row, a_step, b, b_row, b_step, c, c_row, c_step, parameter, rows, n):
        for i in range(rows):
            o, x, y = i * out_row, i * a_row, i * b_row
            if a_step == 1 and b_step == 1:
                for j in range(n):
                    put(out, o + j, _two(operation, entry(a, x + j), entry(b, y + j)))
            elif a_step == 1:
                right = b[y]
                for j in range(n):
                    put(out, o + j, _two(operation, entry(a, x + j), right))
            elif b_step == 1:
                left = a[x]
                for j in range(n):
                    put(out, o + j, _two(operation, left, entry(b, y + j)))
            else:
                value = _two(operation, a[x], b[y])
                for j in range(n):
                    out[o + j] = value

    return kernel


def _of_three(operation: int) -> Any:
    def kernel(out, out_row, a, a_row, a_step, b, b_row, b_step, c, c_row, c_step, parameter, rows, n):
        for i in range(rows):
            o, x, y, z = i * out_row, i * a_row, i * b_row, i * c_row
            if a_step == 1 and b_step == 1 and c_step == 1:
                for j in range(n):
                    put(out, o + j, _three(operation, entry(a, x + j), entry(b, y + j), entry(c, z + j)))
            elif a_step == 1 and c_step == 1:
                factor = b[y]
                for j in range(n):
                    put(out, o + j, _three(operation, entry(a, x + j), factor, entry(c, z + j)))
            elif a_step == 1 and b_step == 1:
                summand = c[z]
                for j in range(n):
                    put(out, o + j, _three(operation, entry(a, x + j), entry(b, y + j), summand))
            else:
                for j in range(n):
                    out[o + j] = _three(operation, a[x + j * a_step], b[y + j * b_step], c[z + j * c_step])

    return kernel


def _choice() -> Any:
    def kernel(out, out_row, condition, c_row, c_step, a, a_row, a_step, b, b_row, b_step, parameter, rows, n):
        for i in range(rows):
            o, w, x, y = i * out_row, i * c_row, i * a_row, i * b_row
            if c_step == 1 and a_step == 1 and b_step == 1:
                for j in range(n):
                    put(out, o + j, entry(a, x + j) if entry(condition, w + j) != 0 else entry(b, y + j))
            else:
                for j in range(n):
                    out[o + j] = a[x + j * a_step] if condition[w + j * c_step] != 0 else b[y + j * b_step]

    return kernel


def _integer_power() -> Any:
    def kernel(out, out_row, a, a_row, a_step, b, b_row, b_step, c, c_row, c_step, exponent, rows, n):
        for i in range(rows):
            for j in range(n):
                base = a[i * a_row + j * a_step]
                result = typed(base, 1)
                left = abs(exponent)
                while left:
                    if left & 1:
                        result = result * base
                    base = base * base
                    left >>= 1
                out[i * out_row + j] = result if exponent >= 0 else typed(base, 1) / result

    return kernel


def _product() -> Any:
    def kernel(like, a, a_row, a_col, b, b_row, b_col, c, c_row, m, n, k, more, gemm, scratch, whole):
        product(like, a, a_row, a_col, b, b_row, b_col, c, c_row, m, n, k, more, gemm, scratch, whole)

    return kernel
