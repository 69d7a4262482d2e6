"""Where a derivative does not exist, or a matrix has no value: what is done, and what is said."""

import numpy as np
import pytest

import backpath as bp
import backpath.scipy as bs

L = np.linalg
ZERO = np.zeros((2, 2))


def slope(f, x):
    return bp.grad(lambda x: np.sum(f(x)))(np.asarray(x, float))


def test_a_determinant_has_a_derivative_where_it_is_zero():
    np.testing.assert_allclose(slope(L.det, np.diag([2.0, 3.0, 0.0])), np.diag([0.0, 0.0, 6.0]), atol=1e-15)
    np.testing.assert_array_equal(slope(L.det, np.zeros((1, 1))), [[1.0]])
    np.testing.assert_array_equal(slope(L.det, np.zeros((3, 3))), np.zeros((3, 3)))


def test_equal_eigenvalues_have_derivatives_and_their_vectors_have_not():
    np.testing.assert_allclose(slope(lambda x: L.eigvalsh(x) ** 2, np.eye(3)), 2 * np.eye(3), atol=1e-15)
    np.testing.assert_allclose(slope(lambda x: L.eigh(x)[0] ** 2, np.eye(3)), 2 * np.eye(3), atol=1e-15)
    assert np.isnan(slope(lambda x: L.eigh(x)[1] ** 2, np.eye(2))).all()


def test_equal_singular_values_have_derivatives_and_their_vectors_have_not():
    np.testing.assert_allclose(slope(lambda x: L.svd(x)[1], np.eye(3)), np.eye(3), atol=1e-15)
    np.testing.assert_allclose(slope(lambda x: L.norm(x, "nuc"), np.eye(3)), np.eye(3), atol=1e-15)
    assert np.isnan(slope(lambda x: L.svd(x)[0] ** 2, np.eye(2))).all()


def test_a_function_of_the_whole_null_space_does_not_see_its_basis():
    x = np.array([[1.0, 0.3], [0.2, 2.0], [-0.4, 0.5], [0.7, 0.1]])

    def off(x):
        rest = L.svd(x)[0][:, 2:]
        return np.sum((rest @ rest.T) * np.arange(16.0).reshape(4, 4) ** 2)

    def projector(x):
        return np.sum((np.eye(4) - x @ L.pinv(x)) * np.arange(16.0).reshape(4, 4) ** 2)

    np.testing.assert_allclose(bp.grad(off)(x), bp.grad(projector)(x), rtol=1e-12)
    np.testing.assert_allclose(bp.hessian(off)(x), bp.hessian(projector)(x), rtol=1e-10, atol=1e-10)


def test_norms_at_zero():
    for order in (None, 1, 2, 3):
        np.testing.assert_array_equal(slope(lambda x, p=order: L.norm(x, p), np.zeros(3)), 0.0)
    np.testing.assert_array_equal(slope(lambda x: L.norm(x, axis=0), [[0.0, 3.0], [0.0, 4.0]]), [[0, 0.6], [0, 0.8]])


@pytest.mark.parametrize("size", [1e200, 1e-200])
@pytest.mark.parametrize("order", [2, 3])
def test_norms_neither_overflow_nor_vanish(size, order):
    np.testing.assert_allclose(slope(lambda x: L.norm(x, order), [size, size]), 2 ** (1 / order - 1), rtol=1e-15)


def test_both_triangles_share_a_symmetric_derivative():
    for f in (L.cholesky, L.eigvalsh):
        found = slope(f, [[2.0, 1.0], [1.0, 3.0]])
        np.testing.assert_array_equal(found, found.T)


def test_the_rank_is_constant():
    assert bp.linearize(L.matrix_rank, np.diag([1.0, 2.0, 0.0])).values[-1] == 2
    assert bp.linearize(L.matrix_rank, np.ones(3)).values[-1] == 1
    np.testing.assert_array_equal(slope(lambda x: L.matrix_rank(x) * x, np.eye(2)), 2 * np.ones((2, 2)))


FAILURES = {
    "inv": (L.inv, ZERO, "singular", "np.linalg.pinv"),
    "solve": (lambda x: L.solve(x, np.ones(2)), ZERO, "singular", "pinv"),
    "solve lower": (lambda x: bs.linalg.solve_triangular(x, np.ones(2)), ZERO, "singular", "pinv"),
    "logabsdet": (lambda x: L.slogdet(x)[1], ZERO, "singular", "inv"),
    "cholesky": (L.cholesky, -np.eye(2), "not positive definite", "np.eye"),
    "singular_vectors": (L.svdvals, np.full((2, 2), np.nan), "converge", "inf or nan"),
    "pinv": (L.pinv, np.full((2, 2), np.nan), "converge", "inf or nan"),
    "orthonormal": (lambda x: L.qr(x)[0], np.zeros((3, 2)), "not linearly independent", "no derivative"),
    "expm": (bs.linalg.expm, np.full((2, 2), np.inf), "inf or nan", "exponential"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_matrix_without_a_value_is_named(name):
    f, x, *words = FAILURES[name]
    with pytest.raises(bp.MatrixError, match=rf"node '{name.split()[0]}_\d+'") as caught:
        slope(f, x)
    assert all(word in str(caught.value) for word in words)
    assert isinstance(caught.value, L.LinAlgError)


def test_the_matrix_among_many_is_named_and_the_program_says_the_node():
    many = np.stack([np.eye(2), ZERO])
    with pytest.raises(bp.MatrixError, match=r"node 'inv_1': inv: matrix \[1\] of the operand"):
        slope(L.inv, many)
    with pytest.raises(bp.MatrixError, match=r"node 'inv_1': inv: matrix \[1\] of the operand"):
        bp.compile(lambda x: L.inv(x))(many)


def test_the_compiled_engine_names_the_node():
    with pytest.raises(bp.SettingError, match="'inv_1', inv, is not among the operations"):
        bp.compile(lambda x: L.inv(x), engine="compiled")(np.eye(2))


MISFITS = {
    "inv": lambda x: L.inv(2 * x),
    "det": lambda x: L.det(x + 1),
    "cholesky": L.cholesky,
    "eigh": L.eigh,
    "svd": lambda x: L.svd(x[0]),
    "matrix_power": lambda x: L.matrix_power(x, 2),
    "solve": lambda x: L.solve(x[:, :2], np.ones(3)),
    "solve matrices": lambda x: L.solve(x[:, :2], np.ones((3, 1))),
    "solve many": lambda x: L.solve(np.ones((3, 2, 2)) * x[0, 0], np.ones((2, 2, 1))),
    "lstsq": lambda x: L.lstsq(x, np.ones(3)),
    "multi_dot": lambda x: L.multi_dot([x, x]),
    "multi_dot of one": lambda x: L.multi_dot([x]),
    "tensorsolve": lambda x: L.tensorsolve(x, np.ones(2)),
    "tensorinv": lambda x: L.tensorinv(x, ind=0),
    "outer": lambda x: L.outer(x, x),
    "cross": lambda x: L.cross(x[:, :2], x[:, :2]),
    "norm": lambda x: L.norm(x, axis=2),
    "norm of three axes": lambda x: L.norm(x[None], 2),
}


@pytest.mark.parametrize("name", MISFITS)
def test_shapes_that_do_not_fit(name):
    with pytest.raises(bp.ShapeError, match=name.split()[0]):
        bp.trace(MISFITS[name], np.ones((2, 3)))


def test_shapes_that_do_not_fit_are_told_with_the_node():
    with pytest.raises(bp.ShapeError, match=r"\(in inv\(multiply_2\)\)"):
        bp.trace(MISFITS["inv"], np.ones((2, 3)))


REFUSED = {
    "complex numbers": lambda x: L.eig(x),
    "eigvalsh for a symmetric matrix": lambda x: L.eigvals(x),
    "reduced": lambda x: L.qr(x, "raw"),
    "order of matrices": lambda x: L.norm(x, 3, axis=(0, 1)),
    "order of vectors": lambda x: L.norm(x, "fro", axis=0),
    "float32": lambda x: L.inv(x.astype(np.float16)),
    "leave it out": lambda x: bs.linalg.qr(x, pivoting=True),
    "rtol": lambda x: bs.linalg.pinv(x, atol=1e-3),
}


@pytest.mark.parametrize("word", REFUSED)
def test_refusals_say_what_to_do(word):
    with pytest.raises(bp.TraceError, match=word):
        bp.trace(REFUSED[word], np.eye(2))


def test_functions_that_read_arrays_name_their_stand_ins():
    import scipy.linalg

    for name in bs.linalg.__all__:
        function = getattr(scipy.linalg, name)
        arguments = {"cho_solve": lambda x: ((x, True), x)}.get(
            name, lambda x, two=name in ("solve", "solve_triangular", "lstsq"): (x, x) if two else (x,)
        )
        with pytest.raises(bp.TraceError, match=rf"Write backpath.scipy.linalg.{name}\(\.\.\.\) in its place"):
            bp.trace(lambda x, f=function, a=arguments: f(*a(x)), np.eye(2))
    with pytest.raises(bp.TraceError, match=r"scipy.linalg.schur reads its arguments as arrays"):
        bp.trace(scipy.linalg.schur, np.eye(2))
    assert bs.linalg.schur is scipy.linalg.schur


@pytest.mark.parametrize("f", [L.inv, L.det, lambda x: L.slogdet(x)[1], L.cholesky, lambda x: L.solve(x, x)])
def test_check_leaves_exact_numbers_out_in_words(f):
    found = bp.check(lambda x: np.sum(f(x)), np.array([[2.0, 0.5], [0.5, 1.0]]))
    assert found.ok
    assert "of exact numbers is not defined" in str(found)
