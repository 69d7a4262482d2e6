"""SciPy's BLAS called from compiled code, through an address that is data: so that the caller can be cached."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import get_cython_function_address, intrinsic

from backpath.engines.pointers import typed_pointer

ROUTINES = {"f": "sgemm", "d": "dgemm"}


def gemm_address(dtype: Any) -> int:
    """Where the BLAS routine for products of two matrices lies in this process.

    Args:
        dtype: float32 or float64.
    """
    return get_cython_function_address("scipy.linalg.cython_blas", ROUTINES[np.dtype(dtype).char])


@intrinsic
def _gemm(typing, gemm, like, a_flipped, b_flipped, m, n, k, alpha, a, a_lead, b, b_lead, beta, c, c_lead):  # noqa: ANN
    """Fortran's gemm: matrices by columns, every argument by its address."""
    size, scalar = types.int64, like.dtype
    given = (size, like, types.boolean, types.boolean, *[size] * 3, scalar, *[size] * 4, scalar, size, size)

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        byte, integer, real = ir.IntType(8), ir.IntType(32), context.get_value_type(scalar)

        def placed(value: Any) -> Any:
            return cgutils.alloca_once_value(builder, value)

        def letter(flipped: Any) -> Any:
            return placed(builder.select(flipped, byte(ord("T")), byte(ord("N"))))

        def count(value: Any) -> Any:
            return placed(builder.trunc(value, integer))

        def matrix(address: Any) -> Any:
            return typed_pointer(builder, address, real)

        forms = [letter] * 2 + [count] * 3 + [placed, matrix, count, matrix, count, placed, matrix, count]
        passed = [form(value) for form, value in zip(forms, arguments[2:], strict=True)]
        routine = ir.FunctionType(ir.VoidType(), [value.type for value in passed])
        builder.call(builder.inttoptr(arguments[0], routine.as_pointer()), passed)
        return context.get_dummy_value()

    return types.void(*given), emit


@numba.njit(cache=True, nogil=True, error_model="numpy")
def blas_product(
    like: Any, a: int, a_row: int, a_col: int, b: int, b_row: int, b_col: int, c: int, c_row: int,
    m: int, n: int, k: int, accumulate: bool, gemm: int,
) -> None:  # fmt: skip
    """C = A B or C += A B by the BLAS; arguments as in :func:`backpath.engines.products.product`."""
    # By columns, the memory of a matrix is its transpose: C' = B' A'.
    zero, one = like.dtype.type(0), like.dtype.type(1)
    # A single row or column may have any stride; the BLAS wants one of at least its length.
    a_lead = max(a_row, k) if a_col == 1 else max(a_col, m)
    b_lead = max(b_row, n) if b_col == 1 else max(b_col, k)
    beta, c_lead = one if accumulate else zero, max(c_row, n)
    _gemm(gemm, like, b_col != 1, a_col != 1, n, m, k, one, b, b_lead, a, a_lead, beta, c, c_lead)
