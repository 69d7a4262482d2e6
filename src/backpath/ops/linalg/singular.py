"""Singular values and vectors.

The vectors are one primitive, U above V, which the values take as a known operand, as in ``eigen``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.ops.dispatch import implements
from backpath.ops.linalg.eigen import NOT_FINITE
from backpath.ops.linalg.maps import Atomic, Together, batch, chain, left, right, swapped, without_span
from backpath.ops.linalg.matrices import checked, matrices, symmetric_part, transposed
from backpath.ops.linalg.orthogonal import completed
from backpath.ops.local import Contract, LocalDerivative, Scale, Scatter
from backpath.ops.primitive import Spec, define
from backpath.ops.tracing.recording import apply

SVDResult = type(np.linalg.svd(np.eye(1)))


def _vectors_value(x: Any) -> Any:
    u, _, vt = np.linalg.svd(x, full_matrices=False)
    return np.concatenate([u, transposed(vt)], axis=-2)


def _vectors_spec(x: Spec) -> Spec:
    m, n = x.shape[-2:]
    return Spec((*x.shape[:-2], m + n, min(m, n)), x.dtype)


def _vectors_local(y: Any, x: Any) -> LocalDerivative:
    """With P = U^T dA V and F_ij = 1 / (s_j^2 - s_i^2): dU = U (F * (P S + S P^T)) + (1 - U U^T) dA V / s, and V alike.

    (Giles, 2008, section 3.2.)
    """
    m, n = np.shape(x)[-2:]
    k = min(m, n)
    u, v = y[..., :m, :], y[..., m:, :]
    ut, vt = transposed(u), transposed(v)
    s = apply(SINGULAR_VALUES, x, y)
    columns, rows = np.expand_dims(s, -2), np.expand_dims(s, -1)
    same = np.eye(k, dtype=bool)
    gaps = np.where(same, 1.0, (columns - rows) * (columns + rows))
    f = np.where(same, 0.0, 1.0 / np.where(gaps == 0, np.nan, gaps))
    inner, over = chain(left(ut), right(v)), Scale(1.0 / np.where(columns == 0, np.nan, columns))
    turned_u = Together((Scale(f * columns), chain(swapped(x), Scale(f * rows))))
    turned_v = Together((Scale(f * rows), chain(swapped(x), Scale(f * columns))))
    of_u: list[LocalDerivative] = [chain(inner, turned_u, left(u))]
    of_v: list[LocalDerivative] = [chain(inner, turned_v, left(v))]
    if m > k:
        of_u.append(chain(right(v), over, without_span(u, ut)))
    if n > k:
        of_v.append(chain(swapped(x), right(u), over, without_span(v, vt)))
    above, below = (..., slice(0, m), slice(None)), (..., slice(m, m + n), slice(None))
    parts = (Together(tuple(of_u)), above), (Together(tuple(of_v)), below)
    formula = Together(tuple(chain(part, Scatter(index, np.shape(y))) for part, index in parts))
    return Atomic(formula, np.shape(x), np.shape(y), np.ndim(x) - 2)


def _values_local(y: Any, x: Any, vectors: Any) -> LocalDerivative:
    """ds_i = u_i^T dA v_i."""
    b, m = batch(x), np.shape(x)[-2]
    return chain(right(vectors[..., m:, :]), Contract(b + "xz", vectors[..., :m, :], b + "xz", b + "z"))


SINGULAR_VECTORS = define(
    "singular_vectors",
    checked("svd", NOT_FINITE, _vectors_value),
    _vectors_spec,
    (_vectors_local,),
    analytic=False,
    steep=True,
)
SINGULAR_VALUES = define(
    "singular_values",
    checked("svdvals", NOT_FINITE, lambda x, vectors: np.linalg.svd(x, compute_uv=False)),
    lambda x, vectors: Spec((*x.shape[:-2], min(x.shape[-2:])), x.dtype),
    (_values_local, None),
    analytic=False,
    kink="of a singular value that is 0 one of its two slopes",
)


@implements(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """``np.linalg.svd``.

    Where singular values repeat, or of a matrix that is not square are 0, the derivative of their vectors does not
    exist, and is nan. Of ``full_matrices`` the vectors beyond the smaller size are one choice of many; their
    derivative turns them no more than it must.
    """
    (a,) = matrices("svd", a)
    if hermitian:
        a = symmetric_part(a)
    vectors = apply(SINGULAR_VECTORS, a)
    s = apply(SINGULAR_VALUES, a, vectors)
    if not compute_uv:
        return s
    m = np.shape(a)[-2]
    u, v = vectors[..., :m, :], vectors[..., m:, :]
    if full_matrices:
        u, v = completed(u), completed(v)
    return SVDResult(u, s, transposed(v))


@implements(np.linalg.svdvals)
def svdvals(x: Any, /) -> Any:
    """``np.linalg.svdvals``."""
    return svd(x, compute_uv=False)
