"""What is made of the primitives, in every form of its arguments: NumPy's values, and derivatives of two orders."""

import numpy as np
import pytest

import backpath as bp
import backpath.scipy as bs

L = np.linalg
RNG = np.random.default_rng(0)
A = RNG.uniform(-1, 1, (3, 3)) + np.diag([1.0, 3.0, 5.0])
B = RNG.uniform(-1, 1, (3, 2))
C = RNG.uniform(-1, 1, (2, 4))
MANY = RNG.uniform(-1, 1, (2, 3, 3)) + np.diag([1.0, 3.0, 5.0])
T = RNG.uniform(-1, 1, (4, 4)) + 4 * np.eye(4)


def definite(a):
    return a @ a.T + np.eye(len(a))


CASES = {
    **{f"matrix_power {n}": (lambda x, n=n: L.matrix_power(x, n), A) for n in (-3, -1, 1, 2, 3, 6, 7)},
    "matrix_power 0": (lambda x: L.matrix_power(x, 0) * x, MANY),
    "multi_dot": (lambda x, y, z: L.multi_dot([x, y, z]), A, B, C),
    "multi_dot of vectors": (lambda x, y, z: L.multi_dot([x[0], y, z[:, 0]]), A, B, C),
    "multi_dot of two": (lambda x, y: L.multi_dot([x, y]), A, B),
    "multi_dot of four": (lambda x, y, z: L.multi_dot([x, x, y, z]), A, B, C),
    "matmul": (lambda x, y: L.matmul(x, y), MANY, B),
    "tensordot": (lambda x, y: L.tensordot(x, y, axes=1), A, B),
    "outer": (lambda x, y: L.outer(x[0], y[0]), A, B),
    "vecdot": (lambda x, y: L.vecdot(x, y, axis=0), A, B[:, :1]),
    "vecdot of last": (lambda x, y: L.vecdot(x, y), MANY, A),
    "cross": (lambda x, y: L.cross(x, y), MANY, A),
    "cross along": (lambda x, y: L.cross(x, y, axis=0), A, A.T + 1),
    "trace": (lambda x: L.trace(x, offset=1) ** 2, MANY),
    "diagonal": (lambda x: L.diagonal(x, offset=-1) ** 2, MANY),
    "matrix_transpose": (lambda x: L.matrix_transpose(x) ** 2, MANY),
    "tensorinv": (lambda x: L.tensorinv(x.reshape(2, 2, 4)), T),
    "tensorinv of one": (lambda x: L.tensorinv(x.reshape(4, 2, 2), ind=1), T),
    "tensorsolve": (lambda x, y: L.tensorsolve(x.reshape(2, 2, 4), y), T, C[:, :2]),
    "tensorsolve with axes": (lambda x, y: L.tensorsolve(x.reshape(2, 4, 2), y, axes=(0,)), T, C[0]),
    "solve a vector": (lambda x, y: L.solve(x, y[:, 0]), A, B),
    "solve a vector by many": (lambda x, y: L.solve(x, y[:, 0]), MANY, B),
    "solve many by one": (lambda x, y: L.solve(x, y), A, MANY),
    "solve one by many": (lambda x, y: L.solve(x, y), MANY, B),
    **{
        f"norm {p} of matrices": (lambda x, p=p: L.norm(x, p, axis=(-2, -1), keepdims=True), MANY)
        for p in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)
    },
    "norm of crossed axes": (lambda x: L.norm(x, 1, axis=(2, 0)), MANY),
    "norm inf of crossed axes": (lambda x: L.norm(x, np.inf, axis=(2, 0)), MANY),
    "norm 2 of crossed axes": (lambda x: L.norm(x, 2, axis=(2, 0)), MANY),
    "norm of all": (lambda x: L.norm(x), MANY),
    "norm of two axes": (lambda x: L.norm(x, 1), A),
    **{
        f"norm {p} of vectors": (lambda x, p=p: L.norm(x, p, axis=1), MANY) for p in (0, 1, 2, 2.5, -1, np.inf, -np.inf)
    },
    "matrix_norm": (lambda x: L.matrix_norm(x, ord=2, keepdims=True), MANY),
    "vector_norm": (lambda x: L.vector_norm(x, axis=(0, 2), ord=3), MANY),
    "vector_norm of all": (lambda x: L.vector_norm(x, keepdims=True), MANY),
    **{f"cond {p}": (lambda x, p=p: L.cond(x, p), MANY) for p in (None, 2, -2, 1, -1, np.inf, "fro")},
    "slogdet": (lambda x: L.slogdet(x)[0] * L.slogdet(x).logabsdet, MANY),
    "cholesky upper": (lambda x: L.cholesky(definite(x), upper=True), A),
    "eigh upper": (lambda x: L.eigh(definite(x), "U").eigenvalues, A),
    "svd of a symmetric one": (lambda x: L.svd(definite(x), hermitian=True, compute_uv=False), A),
    "qr complete": (lambda x: L.qr(x, "complete").R, B),
    "pinv with rtol": (lambda x: L.pinv(x, rtol=1e-10), B),
    "pinv with no rtol": (lambda x: L.pinv(x, rtol=None), B),
    "lstsq": (lambda x, y: L.lstsq(x, y)[0], B, A),
    "lstsq of a vector": (lambda x, y: L.lstsq(x, y[0])[0], B, A),
    "lstsq residuals": (lambda x, y: L.lstsq(x, y)[1], B, A),
    "lstsq singular values": (lambda x, y: L.lstsq(x, y)[3], B, A),
}


def assert_slopes(f, operands):
    weights = np.cos(np.arange(np.size(f(*operands)))).reshape(np.shape(f(*operands)))
    numbers = tuple(range(len(operands)))

    def total(*xs):
        return np.sum(weights * f(*xs))

    for g in (total, bp.grad(total, numbers)):
        found = bp.check_grads(g, operands)
        assert found.ok, str(found)


@pytest.mark.parametrize("name", CASES)
def test_values_and_slopes(name):
    f, *operands = CASES[name]
    lin = bp.linearize(f, *operands)
    np.testing.assert_allclose(lin.values[lin.outputs[0]], f(*operands), rtol=1e-11, atol=1e-12)
    assert_slopes(f, operands)


def test_systems_by_a_factor():
    for lower in (False, True):
        f = lambda x, y, k=lower: bs.linalg.cho_solve(bs.linalg.cho_factor(definite(x), k), y)  # noqa: E731
        np.testing.assert_allclose(f(A, B), L.solve(definite(A), B), rtol=1e-12)
        assert_slopes(f, [A, B])


def test_generalized_eigenvalues():
    w, v = bs.linalg.eigh(A + A.T, definite(A))
    np.testing.assert_allclose((A + A.T) @ v, definite(A) @ v * w, atol=1e-12)
    assert_slopes(lambda x, y: bs.linalg.eigvalsh(x + x.T, definite(y)), [A, A])


def test_the_exponential_of_a_general_matrix():
    assert_slopes(lambda x: bs.linalg.expm(0.3 * x), [MANY])
    assert_slopes(bp.grad(lambda x: np.sum(np.sin(bs.linalg.expm(0.3 * x)))), [A])
