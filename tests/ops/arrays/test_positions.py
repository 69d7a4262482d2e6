"""Entries at traced positions: any index that NumPy takes, with some of its parts computed inside the function."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpath as bp
from backpath.paths import linearize

X = np.random.default_rng(0).uniform(-1, 1, (3, 2, 4))
A = np.array([2, 0, -1])
B = np.array([[1, 0], [-2, 1]])


@st.composite
def indices(draw):
    """An index of a (3, 2, 4) array, and which of its integer arrays are traced."""
    parts: list = []
    axis = 0
    fresh = draw(st.integers(0, 2))
    shape = draw(st.sampled_from([(), (2,), (2, 1), (1, 3)]))
    while axis < 3:
        kind = draw(st.sampled_from(["whole", "step", "number", "traced", "known"]))
        size = X.shape[axis]
        if axis == fresh and draw(st.booleans()):
            parts.append(None)
        if kind in ("traced", "known"):
            numbers = np.random.default_rng(draw(st.integers(0, 99))).integers(-size, size, shape)
            parts.append((kind == "traced", np.asarray(numbers)))
        else:
            parts.append({"whole": slice(None), "step": slice(None, None, -1), "number": size - 1}[kind])
        axis += 1
    if draw(st.booleans()) and isinstance(parts[-1], slice) and parts[-1] == slice(None):
        parts[-1] = ...
    return parts


@settings(max_examples=150, deadline=None)
@given(indices(), st.integers(0, 9))
def test_any_index_with_traced_parts_is_numpys(parts, seed):
    traced = [p[1] for p in parts if isinstance(p, tuple) and p[0]]

    def take(x, *positions):
        given = iter(positions)
        index = tuple(
            next(given) if isinstance(p, tuple) and p[0] else p[1] if isinstance(p, tuple) else p for p in parts
        )
        return x[index]

    expected = take(X, *traced)
    p = linearize(take, X, *traced)
    np.testing.assert_array_equal(p.values[p.outputs[0]], expected)
    weights = np.random.default_rng(seed).uniform(-1, 1, expected.shape)
    scattered = np.zeros(X.shape)
    known = tuple(q[1] if isinstance(q, tuple) else q for q in parts)
    np.add.at(scattered, known, weights)
    found = bp.grad(lambda x: np.sum(take(x, *[np.asarray(t) for t in traced]) * weights))(X)
    np.testing.assert_allclose(found, scattered, atol=1e-15)


def test_positions_found_inside_have_derivatives_of_every_order():
    def f(np_):
        def of(x):
            order = np_.argsort(x[0, 0])
            y = x[:, 1][:, order] ** 3
            return (y[np_.argmax(x[:, 0, 0])] * np_.arange(4.0)).sum() + (y * y).sum()

        return of

    v = np.cos(X)
    gradient, product = jax.jit(lambda x: jax.jvp(jax.grad(f(jnp)), (x,), (v,)))(X)
    np.testing.assert_allclose(bp.grad(f(np))(X), gradient, atol=1e-14)
    np.testing.assert_allclose(bp.hvp(f(np), (X,), (v,))[0], product, atol=1e-13)
    third = bp.grad(lambda x: bp.hvp(f(np), (x,), (v,))[0].sum())(X)
    of_jax = jax.jit(jax.grad(lambda x: jax.jvp(jax.grad(f(jnp)), (x,), (v,))[1].sum()))(X)
    np.testing.assert_allclose(third, of_jax, atol=1e-12)


def test_a_position_beyond_the_end_is_refused_when_it_is_known():
    f = lambda x, k: x[k + 1]  # noqa: E731
    with pytest.raises(bp.ShapeError, match="index 3 is out of bounds for an axis of size 3"):
        linearize(f, np.ones(3), np.array([0, 2]))
    with pytest.raises(bp.ShapeError, match="index 5 is out of bounds for an axis of size 4"):
        linearize(lambda x, k: x[:, k + 1], np.ones((3, 4)), np.array([0, 4]))
    graph = bp.trace(f, np.ones(3), np.array([0, 2]))
    assert graph.nodes[graph.outputs[0]].shape == (2,)


def test_a_mask_is_refused_with_what_to_write():
    with pytest.raises(bp.TraceError, match=r"np\.where\(mask, a, b\)"):
        bp.trace(lambda x: x[x > 0], np.ones(3))


def test_compiled_functions_sort_and_search():
    f = lambda x: np.median(np.sort(x, axis=0)[1:] ** 2, axis=1)  # noqa: E731
    np.testing.assert_allclose(bp.compile(f)(X[:, 0]), f(X[:, 0]), atol=1e-15)
    gradient = bp.grad(lambda x: np.sum(f(x)))
    np.testing.assert_allclose(bp.compile(gradient)(X[:, 0]), gradient(X[:, 0]), atol=1e-15)
    with pytest.raises(bp.SettingError, match="argsort"):
        bp.compile(f, engine="compiled")(X[:, 0])


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.cumprod(x, axis=1),
        lambda x: np.prod(x, axis=0),
        lambda x: np.roll(x, 1, axis=1),
        lambda x: np.tile(x, (2, 1)),
        lambda x: np.kron(x, x[0]),
        lambda x: np.convolve(x[0], x[1]),
        lambda x: np.diag(x[0]),
        lambda x: np.diff(x, axis=0),
        lambda x: np.trapezoid(x, axis=1),
        lambda x: np.gradient(x, axis=1),
        lambda x: np.cov(x),
        lambda x: np.rot90(x),
        lambda x: np.linspace(x[0], x[1], 3),
    ],
)
def test_what_is_made_of_slices_and_arithmetic_runs_in_both_engines(f, engine):
    x = X[:, 0]
    np.testing.assert_allclose(bp.compile(f, engine=engine)(x), f(x), atol=1e-14)
    gradient = bp.grad(lambda x: np.sum(f(x) ** 2))
    np.testing.assert_allclose(bp.compile(gradient, engine=engine)(x), gradient(x), atol=1e-13)
