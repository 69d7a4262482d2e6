"""np.linalg, and SciPy's, on traced values: values, first and second derivatives are JAX's.

The shapes are few, since JAX compiles each operation for each; ``test_shapes`` tries others.
"""

import jax.numpy as jnp
import jax.scipy.linalg as jsl
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import backpath.scipy as bs

few = settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
seeds = st.integers(0, 2**31).map(np.random.default_rng)
LEAD = (2,)


def orthonormal(rng, lead, m, n):
    return np.linalg.qr(rng.uniform(-1, 1, (*lead, m, n)))[0]


def matrix(rng, lead, m, n):
    """Singular values of about 1, 2, 3, ..., so that no two are near and none is small."""
    k = min(m, n)
    s = np.arange(1, k + 1) + rng.uniform(-0.2, 0.2, (*lead, k))
    return (orthonormal(rng, lead, m, k) * s[..., None, :]) @ orthonormal(rng, lead, n, k).swapaxes(-1, -2)


def square(rng, lead, n):
    return matrix(rng, lead, n, n)


def definite(rng, lead, n):
    q = orthonormal(rng, lead, n, n)
    w = np.arange(1, n + 1) + rng.uniform(-0.2, 0.2, (*lead, n))
    half = 0.5 * (q * w[..., None, :]) @ q.swapaxes(-1, -2)
    return half + half.swapaxes(-1, -2)


L, J = np.linalg, jnp.linalg

OF_SQUARES = {
    "inv": (L.inv, J.inv),
    "det": (L.det, J.det),
    "logabsdet": (lambda x: L.slogdet(x).logabsdet, lambda x: J.slogdet(x)[1]),
}
OF_DEFINITE = {
    "cholesky": (L.cholesky, J.cholesky),
    "eigvalsh": (L.eigvalsh, J.eigvalsh),
    "eigenvectors": (lambda x: L.eigh(x).eigenvectors ** 2, lambda x: J.eigh(x).eigenvectors ** 2),
}
OF_MATRICES = {
    "svdvals": (L.svdvals, lambda x: J.svd(x, compute_uv=False)),
    "U": (lambda x: L.svd(x, full_matrices=False).U ** 2, lambda x: J.svd(x, full_matrices=False).U ** 2),
    "Vh": (lambda x: L.svd(x, full_matrices=False).Vh ** 2, lambda x: J.svd(x, full_matrices=False).Vh ** 2),
    "pinv": (L.pinv, J.pinv),
}


@pytest.mark.parametrize("name", OF_SQUARES)
@few
@given(rng=seeds)
def test_functions_of_square_matrices(agree, name, rng):
    agree(*OF_SQUARES[name], [square(rng, LEAD, 3)], rng, 1e-12)


@pytest.mark.parametrize("name", OF_DEFINITE)
@few
@given(rng=seeds)
def test_functions_of_definite_matrices(agree, name, rng):
    agree(*OF_DEFINITE[name], [definite(rng, LEAD, 3)], rng, 1e-12)


@pytest.mark.parametrize("name", OF_MATRICES)
@few
@given(rng=seeds)
def test_functions_of_matrices(agree, name, rng):
    shape = (3, 4) if name == "Vh" else (4, 3)
    agree(*OF_MATRICES[name], [matrix(rng, LEAD, *shape)], rng, 1e-12)


@few
@given(rng=seeds)
def test_qr_of_tall_matrices(agree, rng):
    x = matrix(rng, LEAD, 4, 3)
    agree(lambda x: L.qr(x).Q, lambda x: J.qr(x).Q, [x], rng, 1e-12)
    agree(lambda x: L.qr(x, "r"), lambda x: J.qr(x, "r"), [x], rng, 1e-12)


@pytest.mark.parametrize("order", [None, 3, -2.5])
@few
@given(rng=seeds, axis=st.sampled_from([-1, 0]), keepdims=st.booleans())
def test_norms_of_vectors(agree, order, rng, axis, keepdims):
    x = (rng.permutation(12) + 1).reshape(4, 3) * rng.choice([-0.3, 0.3], (4, 3))
    agree(lambda x: L.norm(x, order, axis, keepdims), lambda x: J.norm(x, order, axis, keepdims), [x], rng, 1e-12)


@few
@given(rng=seeds)
def test_systems_of_equations(agree, rng):
    a, b = square(rng, LEAD, 3), rng.uniform(-1, 1, (2, 3, 3))
    agree(L.solve, J.solve, [a, b], rng, 1e-12)


@few
@given(rng=seeds, trans=st.sampled_from([0, 1]), lower=st.booleans(), unit=st.booleans())
def test_triangular_systems(agree, rng, trans, lower, unit):
    a, b = square(rng, LEAD, 3) + 3 * np.eye(3), rng.uniform(-1, 1, (2, 3, 3))
    options = {"trans": trans, "lower": lower, "unit_diagonal": unit}
    agree(
        lambda a, b: bs.linalg.solve_triangular(a, b, **options),
        lambda a, b: jsl.solve_triangular(a, b, **options),
        [a, b],
        rng,
        1e-12,
    )


def test_least_squares(agree):
    rng = np.random.default_rng(0)
    a, b = matrix(rng, (), 4, 3), rng.uniform(-1, 1, (4, 3))
    agree(lambda a, b: L.lstsq(a, b)[0], lambda a, b: J.lstsq(a, b)[0], [a, b], rng, 1e-12)
    for right in (b, b[:, 0]):
        for ours, theirs in zip(bs.linalg.lstsq(a, right), L.lstsq(a, right), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-14)


STAND_INS = {
    "inv": lambda sl, a, b: sl.inv(a),
    "det": lambda sl, a, b: sl.det(a),
    "solve": lambda sl, a, b: sl.solve(a, b),
    "solve lower": lambda sl, a, b: sl.solve(a, b, assume_a="lower triangular"),
    "solve transposed": lambda sl, a, b: sl.solve(a, b, transposed=True),
    "solve upper transposed": lambda sl, a, b: sl.solve(np.triu(a), b, assume_a="upper triangular", transposed=True),
    "cholesky": lambda sl, a, b: sl.cholesky(a),
    "cholesky lower": lambda sl, a, b: sl.cholesky(a, lower=True),
    "eigh": lambda sl, a, b: np.abs(sl.eigh(a)[1]),
    "eigvalsh": lambda sl, a, b: sl.eigvalsh(a),
    "svd": lambda sl, a, b: np.abs(sl.svd(b)[0]),
    "svdvals": lambda sl, a, b: sl.svdvals(b),
    "qr": lambda sl, a, b: np.abs(sl.qr(b)[0][:, :2]),
    "qr economic": lambda sl, a, b: sl.qr(b, mode="economic")[1],
    "pinv": lambda sl, a, b: sl.pinv(b),
    "lstsq": lambda sl, a, b: sl.lstsq(b, a)[0],
    "norm": lambda sl, a, b: sl.norm(b, 1),
    "expm": lambda sl, a, b: sl.expm(a),
    "expm of zero size": lambda sl, a, b: sl.expm(a[:0, :0]),
    "solve_triangular": lambda sl, a, b: sl.solve_triangular(a, b, trans="T", unit_diagonal=True),
    "cho_solve": lambda sl, a, b: sl.cho_solve(sl.cho_factor(a), b),
}


@pytest.mark.parametrize("name", STAND_INS)
def test_stand_ins_have_the_values_of_scipy(name):
    import scipy.linalg

    rng = np.random.default_rng(1)
    a, b = definite(rng, (), 3), rng.uniform(-1, 1, (3, 2))
    ours, theirs = (STAND_INS[name](module, a, b) for module in (bs.linalg, scipy.linalg))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13)


def test_every_stand_in_is_tried():
    assert {name.split()[0] for name in STAND_INS} | {"cho_factor"} == set(bs.linalg.__all__)
