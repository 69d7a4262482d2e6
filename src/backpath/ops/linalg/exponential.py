"""The exponential of a matrix, and its derivative along another: Frechet's."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.ops.linalg.maps import Applied, Atomic, Together, chain
from backpath.ops.linalg.matrices import checked, looped, require_square, square_spec, squares, transposed
from backpath.ops.local import Gather, LocalDerivative, Scatter
from backpath.ops.primitive import Spec, define, mismatch
from backpath.ops.tracing.recording import apply


def _expm_value(x: Any) -> Any:
    from scipy.linalg import expm

    if not np.isfinite(x).all():
        raise np.linalg.LinAlgError
    return expm(x) if x.size else x.copy()


def _frechet_value(x: Any, e: Any) -> Any:
    from scipy.linalg import expm_frechet

    return looped(lambda a, b: expm_frechet(a, b, compute_expm=False, check_finite=False), x, e)


def _frechet_spec(x: Spec, e: Spec) -> Spec:
    require_square("expm_frechet", x)
    if x.shape != e.shape:
        raise mismatch("expm_frechet", x, e, needs="the direction must have the matrix's shape")
    return e


def _along(x: Any) -> Applied:
    """e -> L(x, e); its transpose is L(x^T, .)."""
    return Applied(lambda e: apply(FRECHET, x, e), lambda e: apply(FRECHET, transposed(x), e))


def _second(y: Any, x: Any, e: Any) -> LocalDerivative:
    """L(x, e) is the corner of expm [[x, e], [0, x]], and its derivative the same corner of Frechet's there."""
    n = np.shape(x)[-1]
    top, bottom = slice(0, n), slice(n, 2 * n)
    block = np.concatenate(
        [np.concatenate([x, e], axis=-1), np.concatenate([np.zeros(np.shape(x), x.dtype), x], axis=-1)], axis=-2
    )
    shape = np.shape(block)
    twice = Together((Scatter((..., top, top), shape), Scatter((..., bottom, bottom), shape)))
    formula = chain(twice, _along(block), Gather((..., top, bottom), shape))
    return Atomic(formula, np.shape(x), np.shape(y), np.ndim(x) - 2)


EXPM = define(
    "expm",
    checked("expm", "entries that are inf or nan have no exponential", _expm_value),
    square_spec("expm"),
    (lambda y, x: Atomic(_along(x), np.shape(x), np.shape(y), np.ndim(x) - 2),),
)
FRECHET = define(
    "expm_frechet",
    _frechet_value,
    _frechet_spec,
    (_second, lambda y, x, e: Atomic(_along(x), np.shape(x), np.shape(y), np.ndim(x) - 2)),
    analytic=False,
)


def expm(A: Any) -> Any:
    """``scipy.linalg.expm`` on arrays and traced values: the exponential of square matrices, shape (..., n, n).

    >>> import numpy as np
    >>> expm(np.zeros((2, 2)))
    array([[1., 0.],
           [0., 1.]])
    """
    return apply(EXPM, *squares("expm", A))
