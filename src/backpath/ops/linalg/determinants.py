"""Determinants: of a matrix, their logarithm, and the matrix of cofactors that is their derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.ops.dispatch import implements
from backpath.ops.linalg.maps import Atomic, Together, batch, chain, left, right, swapped
from backpath.ops.linalg.matrices import checked, require_square, square_spec, squares, transposed
from backpath.ops.linalg.solving import INV
from backpath.ops.local import Contract, LocalDerivative
from backpath.ops.primitive import Spec, define
from backpath.ops.tracing.recording import apply

SlogdetResult = type(np.linalg.slogdet(np.eye(1)))


def _number_spec(x: Spec) -> Spec:
    require_square("det", x)
    return Spec(x.shape[:-2], x.dtype)


def _inner(z: Any) -> Contract:
    """x -> sum of z x, over the entries of each matrix."""
    b = batch(z)
    return Contract(b + "xy", z, b + "xy", b)


def _cofactor_value(x: Any) -> Any:
    """By singular values, whose products need no division: right for singular matrices too."""
    if np.iscomplexobj(x):
        return np.linalg.det(x)[..., None, None] * transposed(np.linalg.inv(x))
    u, s, vt = np.linalg.svd(x)
    others = np.prod(np.where(np.eye(x.shape[-1], dtype=bool), 1.0, s[..., None, :]), axis=-1)
    sign = np.rint(np.linalg.det(u) * np.linalg.det(vt))
    return (sign[..., None, None] * ((u * others[..., None, :]) @ vt)).astype(x.dtype)


def _cofactor_local(y: Any, x: Any) -> LocalDerivative:
    """dC = (<C, dA> C - C dA^T C) / det A."""
    b = batch(y)
    shared = y / np.expand_dims(apply(DET, x), (-2, -1))
    outer = chain(_inner(shared), Contract(b, y, b + "xy", b + "xy"))
    crossed = chain(swapped(x), left(-shared), right(y))
    return Atomic(Together((outer, crossed)), np.shape(x), np.shape(y), len(b))


DET = define("det", checked("det", "", np.linalg.det), _number_spec, (lambda y, x: _inner(apply(COFACTOR, x)),))
COFACTOR = define("cofactor", _cofactor_value, square_spec("cofactor"), (_cofactor_local,))
LOGABSDET = define(
    "logabsdet",
    checked("slogdet", "", lambda x: np.linalg.slogdet(x)[1]),
    _number_spec,
    (lambda y, x: _inner(transposed(apply(INV, x))),),
    analytic=False,
)
SIGN_OF_DET = define(
    "sign_of_det", checked("slogdet", "", lambda x: np.linalg.slogdet(x)[0]), _number_spec, (None,), analytic=False
)


@implements(np.linalg.det)
def det(a: Any) -> Any:
    """``np.linalg.det``; its derivative is the matrix of cofactors, of singular matrices too."""
    return apply(DET, *squares("det", a))


@implements(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    """``np.linalg.slogdet``; the sign is locally constant."""
    (a,) = squares("slogdet", a)
    return SlogdetResult(apply(SIGN_OF_DET, a), apply(LOGABSDET, a))
