"""Any number of matrices at once is each of them by itself; matrices of one entry and of none; both precisions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpath as bp
import backpath.scipy as bs

L = np.linalg

SQUARE = {
    "inv": L.inv,
    "det": L.det,
    "slogdet": lambda x: L.slogdet(x)[1],
    "cholesky": L.cholesky,
    "eigvalsh": L.eigvalsh,
    "eigh": lambda x: L.eigh(x)[1],
    "solve": lambda x: L.solve(x, x + 1),
    "solve_triangular": lambda x: bs.linalg.solve_triangular(x, x + 1, lower=True),
    "expm": lambda x: bs.linalg.expm(0.1 * x),
    "matrix_power": lambda x: L.matrix_power(x, -2),
}
ANY = {
    "svdvals": L.svdvals,
    "svd": lambda x: L.svd(x)[0] @ x,
    "svd full": lambda x: L.svd(x)[2],
    "qr": lambda x: L.qr(x)[0],
    "qr complete": lambda x: L.qr(x, "complete")[0],
    "qr r": lambda x: L.qr(x, "r"),
    "pinv": L.pinv,
    "norm": lambda x: L.norm(x, axis=(-2, -1)),
    "norm 3": lambda x: L.norm(x, 3, axis=-1),
}
few = settings(max_examples=5, deadline=None)
seeds = st.integers(0, 2**31).map(np.random.default_rng)


def second_order(f, x):
    """The gradients of a sum of squares of entries, and of a projection of that."""
    total = lambda x: np.sum(np.square(f(x)))  # noqa: E731
    first = bp.grad(total)(x)
    return first, bp.grad(lambda y: np.sum(bp.grad(total)(y) * np.cos(np.arange(x.shape[-1]))))(x)


def one_by_one(f, x):
    found = [second_order(f, x[index]) for index in np.ndindex(*x.shape[:-2])]
    return [np.array([part[k] for part in found]).reshape(x.shape) for k in (0, 1)]


@pytest.mark.parametrize("name", [*SQUARE, *ANY])
@few
@given(rng=seeds, lead=st.sampled_from([(2,), (2, 1), (0,), (1, 3)]), m=st.integers(0, 3), n=st.integers(0, 3))
def test_many_matrices_are_each_by_itself(name, rng, lead, m, n):
    if name in SQUARE:
        x = rng.uniform(-1, 1, (*lead, n, n))
        x = x @ x.swapaxes(-1, -2) + np.diag(np.arange(1.0, n + 1))
        f = SQUARE[name]
    else:
        x = rng.uniform(-1, 1, (*lead, m, n))
        f = ANY[name]
    for together, alone in zip(second_order(f, x), one_by_one(f, x), strict=True):
        np.testing.assert_allclose(together, alone, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", [*SQUARE, *ANY])
def test_values_are_those_of_numpy(name):
    rng = np.random.default_rng(3)
    x = rng.uniform(-1, 1, (2, 3, 3))
    x = x @ x.swapaxes(-1, -2) + np.eye(3)
    f = {**SQUARE, **ANY}[name]
    for y in (x, x.astype(np.float32)) if name in SQUARE else (x, x[:, :2], x[..., :2], x.astype(np.float32)):
        lin = bp.linearize(f, y)
        value = lin.values[lin.outputs[0]]
        assert value.dtype == y.dtype
        assert bp.grad(lambda x: np.sum(f(x)))(y).dtype == y.dtype
        np.testing.assert_allclose(value, f(y), rtol=1e-4 if y.dtype == np.float32 else 1e-12, atol=1e-6)
        np.testing.assert_allclose(bp.compile(f)(y), value, rtol=1e-12 if y.dtype == float else 1e-5)


@pytest.mark.parametrize("name", [*SQUARE, *ANY])
def test_derivatives_pass_the_check(name):
    rng = np.random.default_rng(4)
    x = rng.uniform(-1, 1, (3, 3)) + np.diag([1.0, 3.0, 5.0])
    x = x + x.T if name in ("cholesky", "eigh", "eigvalsh") else x
    f = {**SQUARE, **ANY}[name]
    for y in (x,) if name in SQUARE else (x, x[:2], x[:, :2]):
        weights = np.cos(np.arange(np.size(f(y)))).reshape(np.shape(f(y)))
        total = lambda x, f=f, w=weights: np.sum(w * f(x))  # noqa: E731
        found = bp.check_grads(total, (y,))
        assert found.ok, str(found)
        found = bp.check_grads(bp.grad(total), (y,))
        assert found.ok, str(found)


def test_integers_become_float64():
    assert bp.trace(L.inv, np.eye(2, dtype=int)).nodes[-1].dtype == float
