"""``scipy.linalg`` for traced values: SciPy's own functions read their arguments as arrays, so these stand for them.

The signatures are SciPy's; ``overwrite_*`` and ``check_finite`` are accepted and change nothing. Names that are not
here are SciPy's own functions, which take known arrays only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.graph import TraceError
from backpath.ops.linalg import cholesky as _cholesky
from backpath.ops.linalg import determinants, eigen, norms, orthogonal, pseudoinverse, singular, solving
from backpath.ops.linalg.cholesky import cho_factor
from backpath.ops.linalg.exponential import expm
from backpath.ops.linalg.matrices import transposed
from backpath.ops.linalg.solving import cho_solve, solve_triangular
from backpath.ops.tracing.foreign import stand_in

__all__ = [
    "cho_factor",
    "cho_solve",
    "cholesky",
    "det",
    "eigh",
    "eigvalsh",
    "expm",
    "inv",
    "lstsq",
    "norm",
    "pinv",
    "qr",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
]

stand_in("linalg", __all__)


def __getattr__(name: str) -> Any:
    import scipy.linalg

    return getattr(scipy.linalg, name)


def inv(a: Any, overwrite_a: bool = False, check_finite: bool = True, **_: Any) -> Any:
    """``scipy.linalg.inv``; batched."""
    return solving.inv(a)


def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """``scipy.linalg.det``; batched."""
    return determinants.det(a)


def solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: str | None = None,
    transposed: bool = False,
) -> Any:
    """``scipy.linalg.solve``; of a triangular ``assume_a`` only that triangle is read."""
    a = np.swapaxes(a, -1, -2) if transposed else a
    named = {"upper triangular": "upper", "lower triangular": "lower"}.get(assume_a or "", "general")
    flipped = {"upper": "lower", "lower": "upper", "general": "general"}[named] if transposed else named
    return solving.solve(a, b, flipped)  # pyright: ignore[reportArgumentType]


def cholesky(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """``scipy.linalg.cholesky``; the upper factor by default."""
    return _cholesky.cholesky(a, upper=not lower)


def eigh(a: Any, b: Any = None, *, lower: bool = True, eigvals_only: bool = False, **_: Any) -> Any:
    """``scipy.linalg.eigh``; with ``b``, which is positive definite, of a v = w b v."""
    if b is None:
        w, v = eigen.eigh(a)
    else:
        factor = _cholesky.cholesky(b)
        half = solving.solve(factor, a, "lower")
        w, inner = eigen.eigh(solving.solve(factor, transposed(half), "lower"))
        v = solving.solve(transposed(factor), inner, "upper")
    return w if eigvals_only else (w, v)


def eigvalsh(a: Any, b: Any = None, *, lower: bool = True, **_: Any) -> Any:
    """``scipy.linalg.eigvalsh``."""
    return eigh(a, b, lower=lower, eigvals_only=True)


def svd(
    a: Any,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    """``scipy.linalg.svd``."""
    return singular.svd(a, full_matrices, compute_uv)


def svdvals(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """``scipy.linalg.svdvals``."""
    return singular.svdvals(a)


def qr(
    a: Any,
    overwrite_a: bool = False,
    lwork: Any = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Any:
    """``scipy.linalg.qr`` without pivoting."""
    if pivoting:
        raise TraceError("qr(pivoting=True) cannot be traced: the order of columns depends on values; leave it out")
    known = {"full": "complete", "economic": "reduced", "r": "r"}
    return orthogonal.qr(a, known.get(mode, mode))


def pinv(a: Any, *, atol: Any = None, rtol: Any = None, return_rank: bool = False, check_finite: bool = True) -> Any:
    """``scipy.linalg.pinv``, whose cutoff is relative to the largest singular value."""
    if atol is not None or return_rank:
        raise TraceError("pinv(atol=, return_rank=) cannot be traced; rtol= can")
    return pseudoinverse.pinv(a, rtol=rtol)


def lstsq(a: Any, b: Any, cond: Any = None, *_: Any, **__: Any) -> tuple[Any, Any, Any, Any]:
    """``scipy.linalg.lstsq``."""
    return pseudoinverse.lstsq(a, b, cond)


def norm(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True) -> Any:
    """``scipy.linalg.norm``."""
    return norms.norm(a, ord, axis, keepdims)
