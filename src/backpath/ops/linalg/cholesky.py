"""Cholesky's factor of symmetric positive definite matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.ops.dispatch import implements
from backpath.ops.linalg.maps import Atomic, chain, left, swapped, symmetrized
from backpath.ops.linalg.matrices import checked, square_spec, squares, symmetric_part, transposed
from backpath.ops.linalg.solving import inverse_of
from backpath.ops.local import LocalDerivative, Scale
from backpath.ops.primitive import define
from backpath.ops.tracing.recording import apply


def _cholesky_local(y: Any, x: Any) -> LocalDerivative:
    """dL = L phi(L^-1 dA L^-T), where phi takes the lower triangle and half the diagonal (Murray, 2016, eq. 10)."""
    half = np.tril(np.ones(np.shape(x)[-2:], x.dtype)) - 0.5 * np.eye(np.shape(x)[-1], dtype=x.dtype)
    inner = inverse_of(y, "lower")
    formula = chain(symmetrized(x), inner, swapped(x), inner, Scale(half), left(y))
    return Atomic(formula, np.shape(x), np.shape(y), np.ndim(x) - 2)


CHOLESKY = define(
    "cholesky",
    checked(
        "cholesky",
        "the matrix is not positive definite; x + epsilon * np.eye(n) lifts its eigenvalues by epsilon",
        lambda x: np.linalg.cholesky(symmetric_part(x)),
    ),
    square_spec("cholesky"),
    (_cholesky_local,),
    analytic=False,
)


@implements(np.linalg.cholesky)
def cholesky(a: Any, upper: bool = False) -> Any:
    """``np.linalg.cholesky`` of the symmetric part, so that both triangles share the derivative, as in JAX."""
    factor = apply(CHOLESKY, *squares("cholesky", a))
    return transposed(factor) if upper else factor


def cho_factor(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> tuple[Any, bool]:
    """``scipy.linalg.cho_factor``: what ``cho_solve`` takes; the triangle that it does not read holds zeros.

    Args:
        a: symmetric and positive definite, shape (..., n, n).
        lower: whether the factor is the lower one.
        overwrite_a: accepted for SciPy's sake, and changes nothing.
        check_finite: likewise.

    Raises:
        MatrixError: if the matrix is not positive definite.
    """
    return cholesky(a, upper=not lower), lower
