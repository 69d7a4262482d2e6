"""Orthonormal columns: QR, and the columns that complete a basis."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.graph import MatrixError, TraceError
from backpath.ops.dispatch import implements
from backpath.ops.linalg.maps import Atomic, Together, chain, left, right, swapped
from backpath.ops.linalg.matrices import checked, matrices, transposed
from backpath.ops.linalg.solving import INV
from backpath.ops.local import Composition, LocalDerivative, Scale
from backpath.ops.primitive import Spec, define
from backpath.ops.tracing.recording import apply

QRResult = type(np.linalg.qr(np.eye(1)))


def _upper(q: Any, x: Any) -> Any:
    """R = Q^T A, whose lower triangle is zero but for rounding."""
    product = transposed(q) @ x
    return product * np.triu(np.ones(np.shape(product)[-2:], x.dtype))


def _q_local(y: Any, x: Any) -> LocalDerivative:
    """With X = dA R^-1 and M = Q^T X: dQ = X - Q (M's upper triangle + its strictly lower one, transposed, negative).

    That is the projection of X off the span of Q, and the skew part that keeps R triangular.
    """
    n = np.shape(x)[-1]
    upper, strict = np.triu(np.ones((n, n), x.dtype)), np.triu(np.ones((n, n), x.dtype), 1)
    try:
        by_r = right(apply(INV, _upper(y, x)))
    except MatrixError:
        raise MatrixError("qr: the columns are not linearly independent, and there Q has no derivative") from None
    turned = Together((Scale(-upper), chain(swapped(x), Scale(-strict))))
    formula = chain(by_r, Together((Composition(), chain(left(transposed(y)), turned, left(y)))))
    return Atomic(formula, np.shape(x), np.shape(y), np.ndim(x) - 2)


def _rest_value(q: Any) -> Any:
    k = q.shape[-1]
    return np.linalg.qr(q, mode="complete")[0][..., k:]


def _rest_local(y: Any, q: Any) -> LocalDerivative:
    """dN = -Q dQ^T N: the complement turns as the columns do, and not within itself."""
    return Atomic(chain(swapped(q), right(y), left(-q)), np.shape(q), np.shape(y), np.ndim(q) - 2)


ORTHONORMAL = define(
    "orthonormal",
    checked("qr", "the iteration failed", lambda x: np.linalg.qr(x)[0]),
    lambda x: x,
    (_q_local,),
    analytic=False,
)
COMPLEMENT = define(
    "complement",
    checked("qr", "the iteration failed", _rest_value),
    lambda q: Spec((*q.shape[:-1], q.shape[-2] - q.shape[-1]), q.dtype),
    (_rest_local,),
    analytic=False,
)


def completed(q: Any) -> Any:
    """Orthonormal columns with those that make them a basis."""
    m, k = np.shape(q)[-2:]
    return q if m == k else np.concatenate([q, apply(COMPLEMENT, q)], axis=-1)


@implements(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """``np.linalg.qr`` of matrices of full rank; of those with more columns than rows the first square decides.

    In mode "complete" the columns beyond the smaller size are one choice of many; their derivative turns them no more
    than it must.
    """
    (a,) = matrices("qr", a)
    if mode not in ("reduced", "complete", "r"):
        raise TraceError(f"np.linalg.qr(mode={mode!r}) cannot be traced: mode 'reduced', 'complete' and 'r' can")
    m, n = np.shape(a)[-2:]
    q = apply(ORTHONORMAL, a[..., :, : min(m, n)])
    r = _upper(q, a)
    if mode == "r":
        return r
    if mode == "complete" and m > n:
        below = np.zeros((*np.shape(r)[:-2], m - n, n), a.dtype)
        q, r = completed(q), np.concatenate([r, below], axis=-2)
    return QRResult(q, r)
