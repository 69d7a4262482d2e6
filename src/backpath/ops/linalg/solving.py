"""Inverses and systems of linear equations."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from backpath.graph import ShapeError
from backpath.ops.dispatch import implements
from backpath.ops.linalg.maps import Applied, chain, inverse, left, right
from backpath.ops.linalg.matrices import (
    checked,
    looped,
    misfit,
    numbers,
    require_square,
    square_spec,
    squares,
    together,
    transposed,
)
from backpath.ops.local import LocalDerivative, Scale
from backpath.ops.primitive import Spec, define, mismatch
from backpath.ops.tracing.recording import apply

Form = Literal["general", "lower", "upper"]

SINGULAR = (
    "the matrix is singular, so it has no inverse; np.linalg.pinv(x) has a value for every matrix, and "
    "x + epsilon * np.eye(n) is near one that has"
)

INV = define(
    "inv",
    checked("inv", SINGULAR, np.linalg.inv),
    square_spec("inv"),
    (lambda y, x: chain(left(-y), right(y)),),
)


def _solve_value(a: Any, b: Any, form: Form) -> Any:
    if form == "general":
        return np.linalg.solve(a, b)
    from scipy.linalg import solve_triangular

    return looped(lambda t, c: solve_triangular(t, c, lower=form == "lower", check_finite=False), a, b)


def _solve_spec(a: Spec, b: Spec, form: Form) -> Spec:
    require_square("solve", a)
    if a.shape[:-1] != b.shape[:-1]:
        raise mismatch("solve", a, b, needs="the right side must have as many rows as the matrix")
    return b


def triangle(n: int, form: Form, dtype: Any) -> np.ndarray:
    """Ones where a matrix of this form is read."""
    ones = np.ones((n, n), dtype)
    return np.tril(ones) if form == "lower" else np.triu(ones) if form == "upper" else ones


def solved(a: Any, b: Any, form: Form = "general") -> Any:
    """a^-1 b for matrices b; of a triangular form only that triangle is read."""
    return apply(SOLVE, a, b, form=form)


def inverse_of(a: Any, form: Form = "general") -> Applied:
    """The map x -> a^-1 x."""
    flipped: Form = "upper" if form == "lower" else "lower" if form == "upper" else form
    return inverse(lambda m, x: solved(m, x, form), lambda m, x: solved(m, x, flipped), a)


def _solve_by_matrix(y: Any, a: Any, b: Any, form: Form) -> LocalDerivative:
    read = [] if form == "general" else [Scale(triangle(np.shape(a)[-1], form, a.dtype))]
    return chain(*read, right(-y), inverse_of(a, form))


SOLVE = define(
    "solve",
    checked("solve", SINGULAR, _solve_value),
    _solve_spec,
    (_solve_by_matrix, lambda y, a, b, form: inverse_of(a, form)),
)


@implements(np.linalg.inv)
def inv(a: Any) -> Any:
    """``np.linalg.inv``."""
    return apply(INV, *squares("inv", a))


@implements(np.linalg.solve)
def solve(a: Any, b: Any, form: Form = "general") -> Any:
    """``np.linalg.solve``; b of one axis is a vector, of more axes matrices."""
    (a,), (a, b) = squares("solve", a), numbers("solve", a, b)
    if np.ndim(b) == 0:
        raise ShapeError("solve: the right side is a scalar; it must be a vector or matrices")
    if np.ndim(b) > 1:
        a, b = together("solve", a, b)
        return solved(a, b, form)
    if np.shape(b) != np.shape(a)[-1:]:
        raise misfit("solve", a, b, needs="the right side must be as long as the matrix has rows")
    a, b = together("solve", a, np.reshape(b, (-1, 1)))
    return np.squeeze(solved(a, b, form), -1)


@implements(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """``np.linalg.tensorinv``."""
    shape = np.shape(a)
    if ind <= 0:
        raise ShapeError(f"tensorinv: ind={ind} must be positive: it is how many of the first axes are the rows")
    rows = int(np.prod(shape[:ind], dtype=int))
    columns = int(np.prod(shape[ind:], dtype=int))
    return np.reshape(inv(np.reshape(a, (rows, columns))), (*shape[ind:], *shape[:ind]))


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """``np.linalg.tensorsolve``."""
    if axes is not None:
        last = [k % np.ndim(a) for k in axes]
        a = np.transpose(a, [k for k in range(np.ndim(a)) if k not in last] + last)
    shape = np.shape(a)[np.ndim(b) :]
    size = int(np.prod(shape, dtype=int))
    if size * size != int(np.prod(np.shape(a), dtype=int)):
        needs = "the product of the sizes of b's axes must equal that of the unknown's"
        raise misfit("tensorsolve", a, b, needs=needs)
    return np.reshape(solve(np.reshape(a, (size, size)), np.reshape(b, (-1,))), shape)


def solve_triangular(
    a: Any,
    b: Any,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """``scipy.linalg.solve_triangular`` on arrays and traced values; only the triangle that is named is read.

    Args:
        a: shape (..., n, n).
        b: shape (n,) or (..., n, k).
        trans: 0 or "N" solves a x = b, 1 or "T" a^T x = b.
        lower: whether the triangle is the lower one.
        unit_diagonal: whether the diagonal counts as ones, and is not read.
        overwrite_b: accepted for SciPy's sake, and changes nothing.
        check_finite: likewise.

    Raises:
        MatrixError: if an entry of the diagonal is zero.
    """
    (a,) = squares("solve_triangular", a)
    form: Form = "lower" if lower else "upper"
    if unit_diagonal:
        n = np.shape(a)[-1]
        a = a * (triangle(n, form, a.dtype) - np.eye(n, dtype=a.dtype)) + np.eye(n, dtype=a.dtype)
    if trans in (0, "N"):
        return solve(a, b, form)
    return solve(transposed(a), b, "upper" if lower else "lower")


def cho_solve(c_and_lower: tuple[Any, bool], b: Any, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    """``scipy.linalg.cho_solve``: a^-1 b from the factor that ``cho_factor`` or ``np.linalg.cholesky`` gives.

    Args:
        c_and_lower: the factor, shape (..., n, n), and whether it is the lower one.
        b: shape (n,) or (..., n, k).
        overwrite_b: accepted for SciPy's sake, and changes nothing.
        check_finite: likewise.
    """
    c, lower = c_and_lower
    first = solve_triangular(c, b, trans=0 if lower else 1, lower=lower)
    return solve_triangular(c, first, trans=1 if lower else 0, lower=lower)
