"""SciPy's BLAS called from compiled code, by an address given as data, so that the caller can be kept on disk."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from backpath.engines.compiled.jit import compiled
from backpath.engines.compiled.pointers import emitted


@emitted
def _gemm(
    typing: Any, like: Any, gemm: Any, a_flipped: Any, b_flipped: Any, m: Any, n: Any, k: Any,
    a: Any, a_lead: Any, b: Any, b_lead: Any, accumulate: Any, c: Any, c_lead: Any,
) -> Any:  # fmt: skip
    """Fortran's gemm: matrices lie by columns, and every argument is passed by its address."""
    size, flag = types.int64, types.boolean

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        letter, integer, real = ir.IntType(8), ir.IntType(32), context.get_value_type(like.dtype)

        def placed(value: Any) -> Any:
            return cgutils.alloca_once_value(builder, value)

        def operation(flipped: Any) -> Any:
            return placed(builder.select(flipped, letter(ord("T")), letter(ord("N"))))

        def count(value: Any) -> Any:
            return placed(builder.trunc(value, integer))

        def matrix(address: Any) -> Any:
            return builder.inttoptr(address, real.as_pointer())

        def factor(given: Any) -> Any:
            return placed(builder.uitofp(given, real))

        _, gemm, *given = arguments
        forms = [operation, operation, count, count, count, matrix, count, matrix, count, factor, matrix, count]
        passed = [form(value) for form, value in zip(forms, given, strict=True)]
        passed.insert(5, placed(real(1.0)))
        routine = ir.FunctionType(ir.VoidType(), [value.type for value in passed])
        builder.call(builder.inttoptr(gemm, routine.as_pointer()), passed)
        return context.get_dummy_value()

    return types.void(like, size, flag, flag, *[size] * 7, flag, size, size), emit


@compiled
def blas_product(
    like: Any, a: int, a_row: int, a_col: int, b: int, b_row: int, b_col: int, c: int, c_row: int,
    m: int, n: int, k: int, accumulate: bool, gemm: int,
) -> None:  # fmt: skip
    """C = A B or C += A B by the BLAS; arguments as in :func:`backpath.engines.compiled.products.product.product`."""
    # A single row or column may have any stride; the BLAS wants one of at least its length.
    a_lead = max(a_row, k) if a_col == 1 else max(a_col, m)
    b_lead = max(b_row, n) if b_col == 1 else max(b_col, k)
    # By columns, the memory of a matrix is its transpose: C' = B' A'.
    _gemm(like, gemm, b_col != 1, a_col != 1, n, m, k, b, b_lead, a, a_lead, accumulate, c, max(c_row, n))
