"""Local derivatives as linear maps: push and pull are transposes, in the sum-product semiring and in others."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpath.ops import (
    Broadcast,
    Cast,
    Composition,
    Contract,
    Cumulate,
    DiagonalLessOuter,
    Gather,
    LocalDerivative,
    Mask,
    Reshape,
    Scale,
    Scatter,
    Sum,
    Transpose,
    local,
)
from backpath.ops.semiring import Semiring
from backpath.paths import PATH_COUNT, SUM_PRODUCT

F8, F4 = np.dtype(np.float64), np.dtype(np.float32)


class MaxProduct(Semiring):
    """The strongest path: plus is the maximum, times the product of sizes. Written for this test alone."""

    name = "max-product"

    def zero(self, shape, dtype):
        return np.zeros(shape)

    def one(self, shape, dtype):
        return np.ones(shape)

    def plus(self, s, t):
        return np.maximum(s, t)

    def multiply(self, s, z):
        return s * np.abs(z)

    def reduce(self, s, axes):
        return s.max(axis=axes, initial=0.0)

    def scatter(self, s, index, shape):
        y = np.zeros(shape)
        np.maximum.at(y, index, s)
        return y

    def contract(self, s, s_letters, z, z_letters, out_letters):
        letters = "".join(dict.fromkeys(s_letters + z_letters))
        size = {**dict(zip(s_letters, np.shape(s), strict=True)), **dict(zip(z_letters, np.shape(z), strict=True))}
        y = np.zeros([size[c] for c in out_letters])
        for at in itertools.product(*(range(size[c]) for c in letters)):
            where = dict(zip(letters, at, strict=True))
            term = s[tuple(where[c] for c in s_letters)] * abs(z[tuple(where[c] for c in z_letters)])
            out = tuple(where[c] for c in out_letters)
            y[out] = max(y[out], term)
        return y

    def move(self, s, rearrange):
        return rearrange(s)


@st.composite
def maps(draw):
    """A local derivative, and the shapes of its source and target."""
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    a, b, c = (draw(st.integers(1, 3)) for _ in range(3))

    def numbers(*shape):
        return rng.uniform(0.5, 2.0, shape) * rng.choice([-1, 1], shape)

    axis = draw(st.integers(0, 1))
    kept = draw(st.booleans())
    reduced = tuple(1 if k == axis else n for k, n in enumerate((a, b)) if kept or k != axis)
    rows = rng.integers(0, a, c)
    d, u, v = numbers(a, b), numbers(a, b), numbers(a, b)
    return draw(
        st.sampled_from(
            [
                (Scale(numbers(a, b)), (a, b), (a, b)),
                (Scale(numbers(b)), (a, b), (a, b)),
                (Mask(rng.choice([0.5, 1.0], (a, b))), (a, b), (a, b)),
                (Contract("xy", numbers(b, c), "yz", "xz"), (a, b), (a, c)),
                (Contract("yz", numbers(a, b), "xy", "xz"), (b, c), (a, c)),
                (Contract("bxy", numbers(a, c, b), "bzy", "bxz"), (a, c, b), (a, c, c)),
                (Contract("y", numbers(a), "x", "xy"), (b,), (a, b)),
                (Sum((a, b), (axis,), reduced), (a, b), reduced),
                (Sum((a, b), (0, 1), ()), (a, b), ()),
                (Cumulate((a, b, c), axis, kept), (a, b, c), (a, b, c)),
                (Broadcast((b,), (a, b)), (b,), (a, b)),
                (Broadcast((a, 1), (c, a, b)), (a, 1), (c, a, b)),
                (Reshape((a, b), (b * a,)), (a, b), (b * a,)),
                (Transpose((2, 0, 1)), (a, b, c), (c, a, b)),
                (Cast(F8, F8), (a,), (a,)),
                (Gather((slice(None), slice(0, 1)), (a, b)), (a, b), (a, 1)),
                (Gather(rows, (a, b)), (a, b), (c, b)),
                (Scatter(rows, (a, b)), (c, b), (a, b)),
                (local.TakeRows(rows, (a, b)), (a, b), (c, b)),
                (local.AddRows(rows, (a, b)), (c, b), (a, b)),
                (DiagonalLessOuter(d, ((u, v), (v, u)), axis), (a, b), (a, b)),
                (Composition(), (a, b), (a, b)),
                (Composition((Scale(d), Transpose((1, 0)), Gather(0, (b, a)))), (a, b), (a,)),
            ]
        )
    )


def matrix(z, source, target):
    """dy/dx by pushing every unit vector."""
    size = int(np.prod(source))
    units = np.eye(size).reshape(size, *source)
    return np.stack([z.push(unit, SUM_PRODUCT).reshape(-1) for unit in units], 1).reshape(-1, size)


def test_every_kind_is_drawn():
    kinds = {Scale, Mask, Contract, Sum, Cumulate, Broadcast, Reshape, Transpose, Cast, Gather, Scatter}
    kinds |= {DiagonalLessOuter, Composition, local.TakeRows, local.AddRows}
    defined = {c for c in vars(local).values() if isinstance(c, type) and issubclass(c, LocalDerivative)}
    # Joint maps are tested with the loops that have them.
    assert defined - {LocalDerivative, local.Move, local.Within} == kinds


@settings(max_examples=300, deadline=None)
@given(maps(), st.integers(0, 2**31))
def test_pull_is_the_transpose_of_push(drawn, seed):
    z, source, target = drawn
    rng = np.random.default_rng(seed)
    tangent, adjoint = rng.standard_normal(source), rng.standard_normal(target)
    pushed, pulled = z.push(tangent, SUM_PRODUCT), z.pull(adjoint, SUM_PRODUCT)
    assert (np.shape(pushed), np.shape(pulled)) == (target, source)
    jacobian = matrix(z, source, target)
    np.testing.assert_allclose(np.ravel(pushed), jacobian @ tangent.ravel(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(np.ravel(pulled), jacobian.T @ adjoint.ravel(), rtol=1e-12, atol=1e-12)


@settings(max_examples=200, deadline=None)
@given(maps(), st.integers(0, 2**31))
def test_the_strongest_path_over_the_scalar_edges(drawn, seed):
    z, source, target = drawn
    rng = np.random.default_rng(seed)
    tangent, adjoint = rng.uniform(0.1, 1, source), rng.uniform(0.1, 1, target)
    edges = np.abs(matrix(z, source, target))
    pushed, pulled = z.push(tangent, MaxProduct()), z.pull(adjoint, MaxProduct())
    np.testing.assert_allclose(np.ravel(pushed), (edges * tangent.reshape(1, -1)).max(1, initial=0), rtol=1e-12)
    np.testing.assert_allclose(np.ravel(pulled), (edges * adjoint.reshape(-1, 1)).max(0, initial=0), rtol=1e-12)


@settings(max_examples=200, deadline=None)
@given(maps())
def test_the_number_of_paths_over_the_scalar_edges(drawn):
    z, source, target = drawn
    edges = (matrix(z, source, target) != 0).astype(int)
    pushed = z.push(PATH_COUNT.one(source, object), PATH_COUNT)
    pulled = z.pull(PATH_COUNT.one(target, object), PATH_COUNT)
    np.testing.assert_array_equal(np.ravel(pushed).astype(int), edges.sum(1))
    np.testing.assert_array_equal(np.ravel(pulled).astype(int), edges.sum(0))


@pytest.mark.parametrize("axis", [0, 1])
def test_a_diagonal_less_outer_products_is_its_matrix(axis):
    rng = np.random.default_rng(0)
    d, u, v = (rng.standard_normal((2, 3)) for _ in range(3))
    z = DiagonalLessOuter(d, ((u, v), (v * v, d)), axis)
    jacobian = np.zeros((2, 3, 2, 3))
    for i, j, k, m in np.ndindex(2, 3, 2, 3):
        same_row = i == k if axis == 1 else j == m
        jacobian[i, j, k, m] = same_row * (d[i, j] * ((i, j) == (k, m)) - u[i, j] * v[k, m] - v[i, j] ** 2 * d[k, m])
    np.testing.assert_allclose(matrix(z, (2, 3), (2, 3)), jacobian.reshape(6, 6), atol=1e-15)
    np.testing.assert_allclose(matrix(z.dense(), (2, 3), (2, 3)), jacobian.reshape(6, 6), atol=1e-15)


def test_a_cast_changes_the_type_both_ways():
    z = Cast(F4, F8)
    assert z.push(np.ones(2, F4), SUM_PRODUCT).dtype == F8
    assert z.pull(np.ones(2, F8), SUM_PRODUCT).dtype == F4
