"""Pseudoinverses, least squares and ranks."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.ops.dispatch import implements
from backpath.ops.linalg.eigen import NOT_FINITE
from backpath.ops.linalg.maps import Atomic, Together, chain, left, right, swapped
from backpath.ops.linalg.matrices import checked, matrices, misfit, numbers, symmetric_part, transposed
from backpath.ops.linalg.singular import svdvals
from backpath.ops.local import LocalDerivative
from backpath.ops.primitive import Spec, define
from backpath.ops.tracing.recording import apply


def _pinv_local(y: Any, x: Any, rcond: Any) -> LocalDerivative:
    """dP = -P dA P + P P^T dA^T (1 - A P) + (1 - P A) dA^T P^T P (Golub and Pereyra, 1973, eq. 4.12)."""
    m, n = np.shape(x)[-2:]
    yt = transposed(y)
    off_range, off_rows = np.eye(m, dtype=x.dtype) - x @ y, np.eye(n, dtype=x.dtype) - y @ x
    formula = Together(
        (
            chain(left(-y), right(y)),
            chain(swapped(x), left(y @ yt), right(off_range)),
            chain(swapped(x), left(off_rows), right(yt @ y)),
        )
    )
    return Atomic(formula, np.shape(x), np.shape(y), np.ndim(x) - 2)


def _rank(x: Any, tol: Any, rtol: Any, hermitian: bool) -> Any:
    given = {} if rtol is None else {"rtol": rtol}
    return np.linalg.matrix_rank(x, tol, hermitian, **given)


PINV = define(
    "pinv",
    checked("pinv", NOT_FINITE, lambda x, rcond: np.linalg.pinv(x, rcond)),
    lambda x, rcond: Spec((*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype),
    (_pinv_local,),
    analytic=False,
)
MATRIX_RANK = define(
    "matrix_rank",
    checked("matrix_rank", NOT_FINITE, _rank),
    lambda x, **_: Spec(x.shape[:-2], np.dtype(np.intp)),
    (None,),
    analytic=False,
)


@implements(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = ...) -> Any:
    """``np.linalg.pinv``; its derivative is that among matrices of the same rank."""
    (a,) = matrices("pinv", a)
    if hermitian:
        a = symmetric_part(a)
    if rcond is None:
        rcond = 1e-15 if rtol is ... else rtol
    if rcond is None:
        rcond = max(np.shape(a)[-2:]) * float(np.finfo(a.dtype).eps)
    return apply(PINV, a, rcond=rcond)


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, Any, Any]:
    """``np.linalg.lstsq``: the solution by the pseudoinverse, the sums of squares left, the rank and singular values.

    The sums of squares are given wherever there are more rows than columns: a graph does not know ranks.
    """
    a, b = numbers("lstsq", a, b)
    if np.ndim(a) != 2 or np.ndim(b) not in (1, 2) or np.shape(a)[0] != np.shape(b)[0]:
        needs = "a matrix, and a vector or matrix with as many rows"
        raise misfit("lstsq", a, b, needs=needs)
    if rcond is None:
        rcond = float(np.finfo(a.dtype).eps) * max(np.shape(a))
    x = pinv(a, rcond) @ b
    left_over = np.zeros((0,), a.dtype)
    if np.shape(a)[0] > np.shape(a)[1]:
        square = np.sum(np.square(b - a @ x), axis=0)
        left_over = np.reshape(square, (1,)) if np.ndim(b) == 1 else square
    return x, left_over, matrix_rank(a, rtol=rcond), svdvals(a)


@implements(np.linalg.matrix_rank, constant=True)
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """``np.linalg.matrix_rank``: locally constant."""
    if np.ndim(A) < 2:
        return (np.sum(A != 0) > 0).astype(int)
    return apply(MATRIX_RANK, *matrices("matrix_rank", A), tol=tol, rtol=rtol, hermitian=hermitian)
