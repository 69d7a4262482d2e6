"""Linear algebra. What has no value, such as the factor of a matrix that is not positive definite, is nan here."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import jax.scipy.linalg as jsl
from jax import vmap

from backpath.engines.xla.lowering.table import lowers


def _transposed(x: Any) -> Any:
    return jnp.swapaxes(x, -1, -2)


def _symmetric(x: Any) -> Any:
    return 0.5 * (x + _transposed(x))


def _stacked(f: Any, *xs: Any) -> Any:
    """A function of single matrices over all leading axes."""
    for _ in xs[0].shape[:-2]:
        f = vmap(f)
    return f(*xs)


@lowers("inv")
def _inv(x: Any) -> Any:
    return jnp.linalg.inv(x)


@lowers("solve")
def _solve(a: Any, b: Any, form: str) -> Any:
    if form == "general":
        return jnp.linalg.solve(a, b)
    return _stacked(lambda t, c: jsl.solve_triangular(t, c, lower=form == "lower"), a, b)


@lowers("cholesky")
def _cholesky(x: Any) -> Any:
    return jnp.linalg.cholesky(_symmetric(x), symmetrize_input=False)


@lowers("det")
def _det(x: Any) -> Any:
    return jnp.linalg.det(x)


@lowers("cofactor")
def _cofactor(x: Any) -> Any:
    u, s, vt = jnp.linalg.svd(x)
    others = jnp.prod(jnp.where(jnp.eye(x.shape[-1], dtype=bool), 1, s[..., None, :]), axis=-1)
    sign = jnp.rint(jnp.linalg.det(u) * jnp.linalg.det(vt))
    return sign[..., None, None] * jnp.matmul(u * others[..., None, :], vt, precision="highest")


@lowers("logabsdet")
def _logabsdet(x: Any) -> Any:
    return jnp.linalg.slogdet(x)[1]


@lowers("sign_of_det")
def _sign_of_det(x: Any) -> Any:
    return jnp.linalg.slogdet(x)[0]


@lowers("eigenvectors")
def _eigenvectors(x: Any) -> Any:
    return jnp.linalg.eigh(_symmetric(x), symmetrize_input=False)[1]


@lowers("eigenvalues")
def _eigenvalues(x: Any, vectors: Any) -> Any:
    return jnp.linalg.eigvalsh(_symmetric(x), symmetrize_input=False)


@lowers("singular_vectors")
def _singular_vectors(x: Any) -> Any:
    u, _, vt = jnp.linalg.svd(x, full_matrices=False)
    return jnp.concatenate([u, _transposed(vt)], axis=-2)


@lowers("singular_values")
def _singular_values(x: Any, vectors: Any) -> Any:
    return jnp.linalg.svd(x, compute_uv=False)


@lowers("orthonormal")
def _orthonormal(x: Any) -> Any:
    return jnp.linalg.qr(x)[0]


@lowers("complement")
def _complement(q: Any) -> Any:
    return jnp.linalg.qr(q, mode="complete")[0][..., q.shape[-1] :]


@lowers("pinv")
def _pinv(x: Any, rcond: Any) -> Any:
    return jnp.linalg.pinv(x, rtol=rcond)


@lowers("matrix_rank")
def _matrix_rank(x: Any, tol: Any, rtol: Any, hermitian: bool) -> Any:
    values = jnp.abs(jnp.linalg.eigvalsh(x)) if hermitian else jnp.linalg.svd(x, compute_uv=False)
    if tol is None:
        share = max(x.shape[-2:]) * jnp.finfo(x.dtype).eps if rtol is None else jnp.asarray(rtol)[..., None]
        tol = values.max(-1, keepdims=True) * share
    else:
        tol = jnp.asarray(tol)[..., None]
    return jnp.sum(values > tol, -1)


@lowers("norm")
def _norm(x: Any, axes: tuple[int, ...], p: float) -> Any:
    size = jnp.abs(x)
    top = jnp.max(size, axis=axes, keepdims=True, initial=0)
    top = jnp.where((top == 0) | ~jnp.isfinite(top) | (p < 0), 1, top)
    if p == 2:
        return jnp.squeeze(top, axes) * jnp.sqrt(jnp.sum(jnp.square(size / top), axis=axes))
    return jnp.squeeze(top, axes) * jnp.sum((size / top) ** p, axis=axes) ** (1 / p)


@lowers("expm")
def _expm(x: Any) -> Any:
    return _stacked(jsl.expm, x) if x.size else x


@lowers("expm_frechet")
def _expm_frechet(x: Any, e: Any) -> Any:
    return _stacked(lambda a, b: jsl.expm_frechet(a, b, compute_expm=False), x, e)
