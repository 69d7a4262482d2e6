"""Every NumPy function that can be traced gives NumPy's value, shape and type."""

import numpy as np
import pytest
import scipy.special
from oracles import beyond_one, inside, positive

import backpath as bp
from backpath.ops.dispatch import FUNCTIONS, METHODS, REDUCTIONS, UFUNCS
from backpath.paths import linearize

RNG = np.random.default_rng(0)
A = RNG.uniform(0.2, 0.9, (2, 3))
B = RNG.uniform(0.2, 0.9, (2, 3))
MASK = RNG.random((2, 3)) < 0.5

DOMAIN = {"arccos": inside, "arcsin": inside, "arctanh": inside, "arccosh": beyond_one}
ONE = (
    "absolute arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil cos cosh exp exp2 expm1 fabs floor isfinite isinf "
    "isnan log log10 log1p log2 logical_not negative positive reciprocal rint sign sin sinh sqrt square tan tanh trunc"
).split()
TWO = (
    "add arctan2 divide equal greater greater_equal hypot less less_equal logaddexp logical_and logical_or "
    "maximum minimum multiply not_equal power subtract"
).split()
OF_SCIPY = ["erf", "expit", "log_expit", "ndtr"]
OTHER_UFUNCS = {
    "matmul": (np.matmul, A, B.T),
    "clip": (lambda x: np.clip(x, 0.3, 0.6), A),
    "invert": (lambda x: ~(x > 0.5), A),
    "bitwise_and": (lambda x, y: (x > 0.5) & (y > 0.5), A, B),
    "bitwise_or": (lambda x, y: (x > 0.5) | (y > 0.5), A, B),
}
REDUCED = {
    "add": lambda x: np.add.reduce(x, axis=1),
    "maximum": lambda x: np.maximum.reduce(x, axis=0),
    "minimum": lambda x: np.minimum.reduce(x, axis=(0, 1)),
}
CALLED = {
    np.max: [lambda x: np.max(x), lambda x: x.max(axis=0, keepdims=True)],
    np.min: [lambda x: np.min(x, axis=-1), lambda x: x.min()],
    np.amax: [lambda x: np.amax(x, axis=1)],
    np.amin: [lambda x: np.amin(x, axis=0)],
    np.argmax: [lambda x: np.argmax(x), lambda x: x.argmax(axis=1)],
    np.sum: [lambda x: np.sum(x, axis=(0, 1), keepdims=True), lambda x: x.sum(-1)],
    np.mean: [lambda x: np.mean(x, axis=0), lambda x: x.mean()],
    np.var: [lambda x: np.var(x, axis=1, ddof=1), lambda x: x.var(keepdims=True)],
    np.std: [lambda x: np.std(x, axis=0), lambda x: x.std(ddof=1)],
    np.where: [lambda x: np.where(MASK, x, 2.0), lambda x: np.where(x > 0.5, x, -x)],
    np.clip: [lambda x: np.clip(x, 0.3, None), lambda x: x.clip(None, 0.7), lambda x: x.clip(0.3, 0.7)],
    np.broadcast_to: [lambda x: np.broadcast_to(x, (4, 2, 3))],
    np.reshape: [lambda x: np.reshape(x, (3, -1)), lambda x: x.reshape(6), lambda x: x.reshape(1, 2, 3)],
    np.ravel: [lambda x: np.ravel(x), lambda x: x.ravel(), lambda x: x.flatten()],
    np.transpose: [lambda x: np.transpose(x), lambda x: x.T, lambda x: x.transpose(1, 0), lambda x: x.transpose()],
    np.swapaxes: [lambda x: np.swapaxes(x, 0, 1), lambda x: x.swapaxes(0, -1)],
    np.moveaxis: [lambda x: np.moveaxis(x[None], 0, -1)],
    np.expand_dims: [lambda x: np.expand_dims(x, 1), lambda x: np.expand_dims(x, (0, -1))],
    np.squeeze: [lambda x: np.squeeze(x[None]), lambda x: x[:, None].squeeze(1)],
    np.flip: [lambda x: np.flip(x), lambda x: np.flip(x, axis=1)],
    np.diagonal: [lambda x: np.diagonal(x @ x.T)],
    np.trace: [lambda x: np.trace(x @ x.T)],
    np.take: [lambda x: np.take(x, [1, 0, 1], axis=1), lambda x: np.take(x, 4)],
    np.take_along_axis: [lambda x: np.take_along_axis(x, np.array([[0, 1], [2, 2]]), axis=1)],
    np.concatenate: [
        lambda x: np.concatenate([x, 2 * x], axis=1),
        lambda x: np.concatenate([x, A[:1].astype(x.dtype)]),
    ],
    np.stack: [lambda x: np.stack([x, x + 1], axis=1)],
    np.hstack: [lambda x: np.hstack([x, x]), lambda x: np.hstack([x[0], x[1]])],
    np.vstack: [lambda x: np.vstack([x, x]), lambda x: np.vstack([x[0], x[1]])],
    np.pad: [lambda x: np.pad(x, 1), lambda x: np.pad(x, ((0, 1), (2, 0)), constant_values=3.0)],
    np.dot: [lambda x: np.dot(x, x.T), lambda x: x[0].dot(x[1]), lambda x: np.dot(x, np.float32(2))],
    np.inner: [lambda x: np.inner(x[0], x[1]), lambda x: np.inner(x, x)],
    np.outer: [lambda x: np.outer(x[0], x[1])],
    np.tensordot: [lambda x: np.tensordot(x, x, axes=2), lambda x: np.tensordot(x, x, axes=([1], [1]))],
    np.einsum: [
        lambda x: np.einsum("ij,kj->ik", x, x),
        lambda x: np.einsum("ij->j", x),
        lambda x: np.einsum("ij,ij,ij", x, x, x),
        lambda x: np.einsum("...j,j", x, x[0]),
        lambda x: np.einsum("ii->i", x @ x.T),
    ],
    np.zeros_like: [lambda x: x + np.zeros_like(x)],
    np.ones_like: [lambda x: x * np.ones_like(x)],
    np.full_like: [lambda x: x - np.full_like(x, 2.5)],
    np.shape: [lambda x: x.reshape(np.shape(x)[::-1])],
    np.ndim: [lambda x: x * np.ndim(x)],
    np.size: [lambda x: x.sum() / np.size(x)],
}
INDEXED = [
    lambda x: x[0],
    lambda x: x[-1, 2],
    lambda x: x[:, ::2],
    lambda x: x[::-1, 1:],
    lambda x: x[..., 1],
    lambda x: x[None, :, None, 0],
    lambda x: x[[1, 0, 1]],
    lambda x: x[[0, 1, 1], [2, 0, 2]],
    lambda x: x[:, np.array([[0, 2], [1, 1]])],
    lambda x: np.stack(list(x)),
]


def assert_as_numpy(f, *operands):
    """``f`` traced and run has the value, shape and type of ``f`` run on arrays."""
    for dtype in (np.float64, np.float32):
        cast = [np.asarray(x, dtype) for x in operands]
        expected = np.asarray(f(*cast))
        p = linearize(f, *cast)
        node, value = p.graph.nodes[p.outputs[0]], np.asarray(p.values[p.outputs[0]])
        assert (node.shape, node.dtype) == (expected.shape, expected.dtype)
        assert (value.shape, value.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_allclose(value, expected, rtol=1e-14 if dtype is np.float64 else 2e-6, atol=1e-7)


def test_functions_tried_here_can_be_traced():
    assert set(UFUNCS) >= {*ONE, *TWO, *OF_SCIPY, *OTHER_UFUNCS}
    assert set(REDUCTIONS) >= set(REDUCED)
    assert set(FUNCTIONS) >= set(CALLED)
    assert set(METHODS) == {"getitem", "astype", "scatter", "copy", "settled", "take_rows", "pick", "place"}


@pytest.mark.parametrize("name", ONE)
def test_functions_of_one_array(name):
    assert_as_numpy(getattr(np, name), DOMAIN.get(name, positive)(RNG, (2, 3)))


@pytest.mark.parametrize("name", TWO)
def test_functions_of_two_arrays(name):
    assert_as_numpy(getattr(np, name), A, B)
    assert_as_numpy(getattr(np, name), A, B[0])


@pytest.mark.parametrize("name", OF_SCIPY)
def test_functions_of_scipy(name):
    assert_as_numpy(getattr(scipy.special, name), A - 0.5)


@pytest.mark.parametrize("name", OTHER_UFUNCS)
def test_other_ufuncs(name):
    f, *operands = OTHER_UFUNCS[name]
    assert_as_numpy(f, *operands)


@pytest.mark.parametrize("name", REDUCED)
def test_reductions_by_a_ufunc(name):
    assert_as_numpy(REDUCED[name], A)


@pytest.mark.parametrize("function", CALLED, ids=lambda f: f.__name__)
def test_functions_and_methods(function):
    for f in CALLED[function]:
        assert_as_numpy(f, A)


@pytest.mark.parametrize("f", INDEXED)
def test_indexing(f):
    assert_as_numpy(f, A)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: 1 - x,
        lambda x: 2 / x,
        lambda x: 2**x,
        lambda x: x**-1,
        lambda x: x**0.5,
        lambda x: -x + +x,
        lambda x: abs(x - 0.5),
        lambda x: (x > 0.5).astype(x.dtype),
        lambda x: x @ np.ones((3, 2), x.dtype),
        lambda x: np.ones((4, 2), x.dtype) @ x,
        lambda x: np.float32(2) * x,
    ],
)
def test_operators(f):
    assert_as_numpy(f, A)


def test_a_strong_float64_promotes_and_a_python_float_does_not():
    x = np.ones(3, np.float32)
    assert bp.trace(lambda x: x * np.float64(2), x).nodes[-1].dtype == np.float64
    assert bp.trace(lambda x: x * 2.0, x).nodes[-1].dtype == np.float32


@pytest.mark.parametrize(
    "shapes",
    [
        ((2, 3), (3, 4)),
        ((3,), (3, 4)),
        ((2, 3), (3,)),
        ((3,), (3,)),
        ((5, 2, 3), (3, 4)),
        ((5, 2, 3), (5, 3, 1)),
        ((1, 2, 3), (6, 3, 2)),
        ((3,), (4, 3, 2)),
    ],
)
def test_matrix_products_of_every_rank(shapes):
    assert_as_numpy(np.matmul, *(RNG.uniform(-1, 1, shape) for shape in shapes))
