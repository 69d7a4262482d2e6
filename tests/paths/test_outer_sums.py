"""Sums over a diagonal less outer products, against the matrix written out."""

import numpy as np
import pytest

import backpath as bp
from backpath.ops.local import DiagonalLessOuter
from backpath.paths import MASS, PathNorm

RNG = np.random.default_rng(0)


def drawn(*shape):
    return RNG.normal(size=shape)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("pairs", [1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mass_is_that_of_the_matrix(axis, pairs, dtype):
    shape = (3, 5, 4)
    outers = tuple((drawn(*shape).astype(dtype), drawn(*shape).astype(dtype)) for _ in range(pairs))
    outers[0][1][0, 0] = 0
    local = DiagonalLessOuter(drawn(*shape).astype(dtype), outers, axis)
    s = np.abs(drawn(*shape)).astype(dtype)
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    for way in ("pull", "push"):
        found, wanted = getattr(local, way)(s, MASS), getattr(local.dense(), way)(s, MASS)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


def test_squares_of_one_pair():
    local = DiagonalLessOuter(drawn(4, 6), ((drawn(4, 6), drawn(4, 6)),), 1)
    s = np.abs(drawn(4, 6))
    np.testing.assert_allclose(local.pull(s, PathNorm(2)), local.dense().pull(s, PathNorm(2)), rtol=1e-12)


def test_a_divisor_of_zero_takes_the_matrix():
    w = drawn(4, 6)
    w[1, 2] = 0
    local = DiagonalLessOuter(drawn(4, 6), ((drawn(4, 6), drawn(4, 6)), (w, drawn(4, 6))), 1)
    s = np.abs(drawn(4, 6))
    np.testing.assert_allclose(local.pull(s, MASS), local.dense().pull(s, MASS), rtol=1e-12)


def test_softmax_and_standardization():
    x = drawn(3, 7)
    for f in (bp.softmax, bp.standardize):
        lin = bp.linearize(lambda x, f=f: f(x), x)
        jacobian = np.abs(bp.jacobian(f)(x)).sum(axis=(0, 1))
        np.testing.assert_allclose(lin.path_sum(MASS, "x"), jacobian, rtol=1e-10)
