"""What derivatives do where there is none: the conventions that docs/reference.md states."""

import numpy as np
import pytest

import backpath as bp
from backpath.ops import PRIMITIVES

ZERO = np.zeros(3)
TIE = np.array([1.0, 3.0, 3.0, 3.0])


def slope(f, x):
    return bp.grad(lambda x: np.sum(f(x)))(np.asarray(x, float))


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (bp.relu, 0.0),
        (np.abs, 0.0),
        (bp.leaky_relu, 0.01),
        (lambda x: bp.leaky_relu(x, 0.3), 0.3),
        (lambda x: bp.elu(x, 0.7), 0.7),
        (bp.selu, 1.7580993408473766),
    ],
)
def test_activations_at_zero(f, expected):
    np.testing.assert_allclose(slope(f, ZERO), expected, rtol=1e-14)


@pytest.mark.parametrize("f", [np.maximum, np.minimum])
def test_a_tie_of_two_is_shared(f):
    assert bp.grad(f, (0, 1))(2.0, 2.0) == (0.5, 0.5)


def test_clip_at_its_ends():
    np.testing.assert_array_equal(slope(lambda x: np.clip(x, -1.0, 1.0), [-1.0, 0.0, 1.0, 2.0]), [0.5, 1, 0.5, 0])


@pytest.mark.parametrize(("f", "expected"), [(np.max, [0, 1 / 3, 1 / 3, 1 / 3]), (np.min, [1, 0, 0, 0])])
def test_ties_of_an_extreme_share_equally(f, expected):
    np.testing.assert_allclose(slope(f, TIE), expected, rtol=1e-15)
    np.testing.assert_allclose(slope(f, -TIE), [0, 1 / 3, 1 / 3, 1 / 3] if f is np.min else [1, 0, 0, 0], rtol=1e-15)


@pytest.mark.parametrize("f", [np.sign, np.floor, np.ceil, np.rint, np.trunc])
def test_steps_are_flat_everywhere(f):
    np.testing.assert_array_equal(slope(f, [-1.0, 0.0, 0.5, 2.0]), 0.0)


def test_a_power_by_its_exponent_at_zero():
    assert bp.grad(lambda p: np.power(0.0, p))(2.0) == 0.0


def test_where_gives_each_branch_its_part():
    def f(x, safe):
        return np.sum(np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0) if safe else x), 0.0))

    x = np.array([4.0, 0.0])
    np.testing.assert_array_equal(bp.grad(f)(x, True), [0.25, 0.0])
    with np.errstate(divide="ignore", invalid="ignore"):
        assert np.isnan(bp.grad(f)(x, False)[1])


def test_every_primitive_with_a_kink_says_so():
    stated = {name for name, primitive in PRIMITIVES.items() if primitive.kink}
    assert stated == set("relu leaky_relu elu selu abs maximum minimum sign floor ceil rint trunc power max".split())
