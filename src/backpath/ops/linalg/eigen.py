"""Eigenvalues and eigenvectors of symmetric matrices.

The eigenvectors are one primitive, which the eigenvalues take as a known operand: v_i^T A v_i does not change with v_i
to first order. So eigenvalues have derivatives where they repeat, and vectors that nothing uses cost nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.ops.dispatch import REFUSED, implements
from backpath.ops.linalg.maps import Atomic, batch, chain, left, right, symmetrized
from backpath.ops.linalg.matrices import checked, require_square, square_spec, squares, symmetric_part, transposed
from backpath.ops.local import Contract, LocalDerivative, Scale
from backpath.ops.primitive import Spec, define
from backpath.ops.tracing.recording import apply

EighResult = type(np.linalg.eigh(np.eye(1)))

NOT_FINITE = "the iteration did not converge: entries that are inf or nan have no decomposition"


def reciprocal_gaps(w: Any) -> Any:
    """1 / (w_j - w_i) at (i, j), zero on the diagonal; nan where two are equal."""
    n = np.shape(w)[-1]
    gaps = np.expand_dims(w, -2) - np.expand_dims(w, -1)
    same = np.eye(n, dtype=bool)
    return np.where(same, 0.0, 1.0 / np.where(same, 1.0, np.where(gaps == 0, np.nan, gaps)))


def _eigenvectors_local(y: Any, x: Any) -> LocalDerivative:
    """dV = V (F * (V^T dA V)) with F of :func:`reciprocal_gaps` (Giles, 2008, section 3.1)."""
    gaps = reciprocal_gaps(apply(EIGENVALUES, x, y))
    formula = chain(symmetrized(x), left(transposed(y)), right(y), Scale(gaps), left(y))
    return Atomic(formula, np.shape(x), np.shape(y), np.ndim(x) - 2)


def _eigenvalues_spec(x: Spec, vectors: Spec) -> Spec:
    require_square("eigvalsh", x)
    return Spec(x.shape[:-1], x.dtype)


def _eigenvalues_local(y: Any, x: Any, vectors: Any) -> LocalDerivative:
    """dw_i = v_i^T dA v_i."""
    b = batch(x)
    formula = chain(symmetrized(x), right(vectors), Contract(b + "xz", vectors, b + "xz", b + "z"))
    return Atomic(formula, np.shape(x), np.shape(y), len(b))


EIGENVECTORS = define(
    "eigenvectors",
    checked("eigh", NOT_FINITE, lambda x: np.linalg.eigh(symmetric_part(x))[1]),
    square_spec("eigh"),
    (_eigenvectors_local,),
    analytic=False,
    steep=True,
)
EIGENVALUES = define(
    "eigenvalues",
    checked("eigvalsh", NOT_FINITE, lambda x, vectors: np.linalg.eigvalsh(symmetric_part(x))),
    _eigenvalues_spec,
    (_eigenvalues_local, None),
    analytic=False,
)


@implements(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    """``np.linalg.eigh`` of the symmetric part, so that both triangles share the derivative, as in JAX.

    Where eigenvalues repeat, the derivative of their eigenvectors does not exist, and is nan.
    """
    (a,) = squares("eigh", a)
    vectors = apply(EIGENVECTORS, a)
    return EighResult(apply(EIGENVALUES, a, vectors), vectors)


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """``np.linalg.eigvalsh`` of the symmetric part."""
    return eigh(a)[0]


REFUSED.update(
    dict.fromkeys(
        ("linalg.eig", "linalg.eigvals"),
        "eigenvalues of a general matrix are complex numbers, and graphs hold real ones: np.linalg.eigh or eigvalsh "
        "for a symmetric matrix, and np.linalg.svd for any",
    )
)
