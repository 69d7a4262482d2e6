"""Every primitive's derivatives agree with JAX's, first and second order, in float64, on random shapes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from oracles import BINARY, UNARY, WITHOUT_DERIVATIVE, anywhere, distinct
from special_names import SPECIAL

import backpath as bp
from backpath.nets import readings
from backpath.ops import PRIMITIVES, movement

few = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
more = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
seeds = st.integers(0, 2**31).map(np.random.default_rng)
shapes = hnp.array_shapes(min_dims=0, max_dims=3, max_side=4)

SHAPED = set(
    "integer_power where sum max logsumexp softmax log_softmax standardize softmax_cross_entropy reshape transpose "
    "broadcast_to astype index scatter take add_rows concatenate pad matmul einsum".split()
)
LAYERS = {readings.LINEAR.name, readings.POST_ACTIVATION.name, readings.PRE_ACTIVATION.name}
LAYERS |= {"unroll", "fold", "max_pool", "max_unpool"}
"""Tested with networks."""
BY_CALLS = set("cumsum exp2_share fmod ldexp logaddexp2 pick place remainder sinc".split())
"""Tested by calls of NumPy's functions, in numpy_cases.py."""
LOSSES = set("softmax_residual sigmoid_cross_entropy sigmoid_residual".split())
"""Tested against mpmath."""
LOOPS = {"cond", "scan"}
"""Tested against the loop written out."""
LINEAR_ALGEBRA = set(
    "inv solve det cofactor logabsdet sign_of_det cholesky eigenvectors eigenvalues singular_vectors singular_values "
    "orthonormal complement pinv matrix_rank norm expm expm_frechet".split()
)
"""Tested in ``linalg``."""


def test_every_primitive_has_an_oracle():
    tested = set(UNARY) | set(BINARY) | WITHOUT_DERIVATIVE | SHAPED | LAYERS | BY_CALLS | LOSSES | LOOPS
    tested |= LINEAR_ALGEBRA | SPECIAL
    assert set(PRIMITIVES) == tested


@pytest.mark.parametrize("name", UNARY)
@few
@given(rng=seeds, shape=shapes)
def test_unary(agree, name, rng, shape):
    case = UNARY[name]
    agree(case.ours, case.theirs, [case.sample(rng, shape)], rng)


@pytest.mark.parametrize("name", BINARY)
@few
@given(rng=seeds, shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
def test_binary(agree, name, rng, shapes):
    case = BINARY[name]
    first, second = shapes.input_shapes
    agree(case.ours, case.theirs, [case.first(rng, first), case.second(rng, second)], rng)


@pytest.mark.parametrize("n", [-2, -1, 0, 1, 2, 3, 5])
@few
@given(rng=seeds, shape=shapes)
def test_integer_power(agree, n, rng, shape):
    x = rng.uniform(0.2, 2, shape) * rng.choice([-1, 1], shape)
    agree(lambda x: x**n, lambda x: x**n, [x], rng)


@more
@given(rng=seeds, shapes=hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3))
def test_where(agree, rng, shapes):
    condition, a, b = shapes.input_shapes
    mask = rng.random(condition) < 0.5
    operands = [anywhere(rng, a), anywhere(rng, b)]
    agree(lambda a, b: np.where(mask, a, b), lambda a, b: jnp.where(mask, a, b), operands, rng)


REDUCTIONS = {
    "sum": (np.sum, jnp.sum),
    "max": (np.max, jnp.max),
    "min": (np.min, jnp.min),
    "mean": (np.mean, jnp.mean),
    "var": (np.var, jnp.var),
    "std": (np.std, jnp.std),
    "logsumexp": (bp.logsumexp, jax.scipy.special.logsumexp),
}


@st.composite
def axes_of(draw, ndim):
    choice = draw(st.sampled_from(["all", "one", "some"]))
    if choice == "all":
        return None
    if choice == "one":
        return draw(st.integers(-ndim, ndim - 1))
    return tuple(draw(st.lists(st.integers(0, ndim - 1), min_size=1, unique=True)))


@pytest.mark.parametrize("name", REDUCTIONS)
@few
@given(data=st.data(), rng=seeds, shape=hnp.array_shapes(min_dims=1, max_dims=3, min_side=2, max_side=4))
def test_reductions(agree, name, data, rng, shape):
    axis, keepdims = data.draw(axes_of(len(shape))), data.draw(st.booleans())
    ours, theirs = REDUCTIONS[name]
    agree(
        lambda x: ours(x, axis=axis, keepdims=keepdims),
        lambda x: theirs(x, axis=axis, keepdims=keepdims),
        [distinct(rng, shape)],
        rng,
    )


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "standardize"])
@few
@given(data=st.data(), rng=seeds, shape=hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
def test_softmax_family(agree, name, data, rng, shape):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    ours, theirs = getattr(bp, name), getattr(jax.nn, name)
    agree(lambda x: ours(x, axis), lambda x: theirs(x, axis), [anywhere(rng, shape)], rng)


@more
@given(rng=seeds, shape=hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
def test_softmax_cross_entropy(agree, rng, shape):
    operands = [anywhere(rng, shape), anywhere(rng, shape)]
    theirs = lambda x, t: -(t * jax.nn.log_softmax(x)).sum(-1)  # noqa: E731
    agree(bp.softmax_cross_entropy, theirs, operands, rng)
    labels = rng.integers(shape[-1], size=shape[:-1])
    agree(
        lambda x: bp.softmax_cross_entropy(x, labels),
        lambda x: -jnp.take_along_axis(jax.nn.log_softmax(x), labels[..., None], -1)[..., 0],
        operands[:1],
        rng,
    )


INDICES = [
    0,
    -1,
    slice(None, None, -1),
    slice(1, None),
    (slice(None), 1),
    (..., None, 0),
    (None, slice(0, 2), ..., slice(None, None, 2)),
    np.array([0, 2, 0, 1]),
    (slice(None), np.array([[1, 0], [1, 1]])),
    (np.array([0, 1]), np.array([1, 1])),
    (np.array([0, 1]), slice(None), np.array([1, 1])),
    np.array([True, False, True]),
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_indexing(agree, index):
    rng = np.random.default_rng(0)
    agree(lambda x: np.cos(x)[index], lambda x: jnp.cos(x)[index], [anywhere(rng, (3, 2, 4))], rng)


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_scatter(agree, index):
    rng = np.random.default_rng(0)
    entries = anywhere(rng, np.empty((3, 2, 4))[index].shape)
    agree(
        lambda x: np.sin(movement.scatter(x, index, (3, 2, 4))),
        lambda x: jnp.sin(jnp.zeros((3, 2, 4)).at[index].add(x)),
        [entries],
        rng,
    )


MOVES = {
    "reshape": (lambda np_, x: np_.reshape(x, (-1, 2))),
    "ravel": (lambda np_, x: np_.ravel(x)),
    "transpose": (lambda np_, x: np_.transpose(x, (2, 0, 1))),
    "T": (lambda np_, x: x.T),
    "swapaxes": (lambda np_, x: np_.swapaxes(x, 0, -1)),
    "moveaxis": (lambda np_, x: np_.moveaxis(x, 0, -1)),
    "expand_dims": (lambda np_, x: np_.expand_dims(x, (0, 2))),
    "squeeze": (lambda np_, x: np_.squeeze(x[:1], 0)),
    "broadcast_to": (lambda np_, x: np_.broadcast_to(x[:, :1], (5, 3, 2, 4))),
    "concatenate": (lambda np_, x: np_.concatenate([x, 2 * x[:, :1]], axis=1)),
    "stack": (lambda np_, x: np_.stack([x, np_.sin(x)], axis=1)),
    "hstack": (lambda np_, x: np_.hstack([x, x])),
    "vstack": (lambda np_, x: np_.vstack([x[0], x[1]])),
    "pad": (lambda np_, x: np_.pad(x, ((0, 1), (2, 0), (0, 0)))),
    "pad with a number": (lambda np_, x: np_.pad(x, 1, constant_values=3.0)),
    "flip": (lambda np_, x: np_.flip(x, 1)),
    "take": (lambda np_, x: np_.take(x, np.array([1, 1, 0]), axis=2)),
    "take_along_axis": (lambda np_, x: np_.take_along_axis(x, np.array([[[0], [1]], [[2], [3]], [[1], [1]]]), axis=2)),
    "diagonal": (lambda np_, x: np_.diagonal(x, 1, 0, 2)),
    "trace": (lambda np_, x: np_.trace(x, 0, 0, 2)),
    "clip": (lambda np_, x: np_.clip(x, -0.77, 0.83)),
    "tensordot": (lambda np_, x: np_.tensordot(x, np_.cos(x), axes=([0, 2], [0, 2]))),
    "inner": (lambda np_, x: np_.inner(x, x[0])),
    "outer": (lambda np_, x: np_.outer(x[0], np_.sin(x[1]))),
    "dot": (lambda np_, x: np_.dot(x, np_.swapaxes(x, 1, 2)[0])),
}


@pytest.mark.parametrize("name", MOVES)
def test_rearrangements_and_products(agree, name):
    rng = np.random.default_rng(1)
    move = MOVES[name]
    agree(lambda x: move(np, np.exp(x)), lambda x: move(jnp, jnp.exp(x)), [anywhere(rng, (3, 2, 4))], rng)


def test_casts_carry_derivatives_back_to_their_own_type():
    def ours(np_):
        return lambda x: (x.astype(np_.float64) ** 3).sum()

    x = np.array([0.5, 2.0], np.float32)
    found, expected = bp.grad(ours(np))(x), jax.grad(ours(jnp))(x)
    assert found.dtype == np.float32
    assert np.array_equal(found, expected)


@more
@given(
    rng=seeds,
    sizes=st.tuples(*[st.integers(1, 4)] * 3),
    batch=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3),
    vector=st.sampled_from(["", "first", "second", "both"]),
)
def test_matmul(agree, rng, sizes, batch, vector):
    m, k, n = sizes
    first, second = batch.input_shapes
    a = (k,) if vector in ("first", "both") else (*first, m, k)
    b = (k,) if vector in ("second", "both") else (*second, k, n)
    agree(np.matmul, jnp.matmul, [anywhere(rng, a), anywhere(rng, b)], rng)


EINSUMS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ij,ij->", (2, 3), (2, 3)),
    ("ij,kj->kij", (2, 3), (4, 3)),
    ("bij,bjk->kbi", (2, 3, 4), (2, 4, 2)),
    ("ij,j->i", (2, 3), (3,)),
    ("i,j->ji", (2,), (3,)),
    ("ij->ji", (2, 3)),
    ("ij->", (2, 3)),
    ("ii->i", (3, 3)),
    ("ii", (3, 3)),
    ("iij,jk->ki", (2, 2, 3), (3, 4)),
    ("...ij,...jk->...ik", (5, 2, 3), (5, 3, 4)),
    ("...ij,...jk->...ik", (1, 2, 3), (5, 3, 4)),
    ("...i,i", (2, 3, 4), (4,)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ("ij,ij,ik->jk", (2, 3), (2, 3), (2, 4)),
    ("ij,k->i", (2, 3), (4,)),
]


@pytest.mark.parametrize("case", EINSUMS, ids=str)
def test_einsum(agree, case):
    subscripts, *shapes = case
    rng = np.random.default_rng(2)
    operands = [anywhere(rng, shape) for shape in shapes]
    agree(
        lambda *xs: np.einsum(subscripts, *map(np.sin, xs)),
        lambda *xs: jnp.einsum(subscripts, *map(jnp.sin, xs)),
        operands,
        rng,
    )


@more
@given(data=st.data(), rng=seeds)
def test_random_einsum(agree, data, rng):
    size = dict(zip("abcd", data.draw(st.tuples(*[st.integers(1, 3)] * 4)), strict=True))
    letters = st.lists(st.sampled_from("abcd"), min_size=1, max_size=3)
    parts = ["".join(part) for part in data.draw(st.lists(letters, min_size=1, max_size=3))]
    used = sorted(set("".join(parts)))
    out = "".join(data.draw(st.lists(st.sampled_from(used), unique=True, max_size=3)))
    subscripts = f"{','.join(parts)}->{out}"
    operands = [anywhere(rng, tuple(size[c] for c in part)) for part in parts]
    agree(lambda *xs: np.einsum(subscripts, *xs), lambda *xs: jnp.einsum(subscripts, *xs), operands, rng)


@few
@given(rng=seeds, shape=hnp.array_shapes(min_dims=1, max_dims=3, max_side=4), count=hnp.array_shapes(max_dims=2))
def test_rows_by_whole_numbers(agree, rng, shape, count):
    rows = rng.integers(-shape[0], shape[0], count)
    agree(lambda x: movement.take_rows(x, rows), lambda x: x[rows], [anywhere(rng, shape)], rng)
    agree(
        lambda x: movement.apply(movement.ADD_ROWS, x, rows, shape=shape),
        lambda x: jnp.zeros(shape).at[rows].add(x),
        [anywhere(rng, (*count, *shape[1:]))],
        rng,
    )
