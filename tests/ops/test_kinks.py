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


CUT = {
    "where": (lambda x: np.where(x > 0, np.sqrt(x), 0.0), 0.0),
    "x log x": (lambda x: np.where(x > 0, x * np.log(x), 0.0), 0.0),
    "division": (lambda x: np.where(x == 0, 1.0, np.sin(x) / x), 0.0),
    "maximum of hypot": (lambda x: np.maximum(np.hypot(x, x), 1e-6), 0.0),
    "maximum of std": (lambda x: np.maximum(np.std(x), 1e-6) + 0 * x, 0.0),
    "maximum of a norm": (lambda x: np.maximum(np.sqrt(np.sum(x * x)), 1e-6) + 0 * x, 0.0),
    "clip": (lambda x: np.clip(1 / x, -5.0, 5.0), 0.0),
    "minimum": (lambda x: np.minimum(np.cbrt(x) + 3, 1.0), 0.0),
    "root of a maximum": (lambda x: np.sqrt(np.maximum(x, 0.0)), -1.0),
    "root of relu": (lambda x: np.sqrt(bp.relu(x - 1)), 0.0),
    "overflow": (lambda x: np.where(x < 500, 1.0, np.exp(2 * x)), 400.0),
    "logarithm": (lambda x: np.where(x > 0, np.log(x) ** 2, 0.0), 0.0),
    "arcsin": (lambda x: np.where(np.abs(x) < 1, np.arcsin(x), 0.0), 1.0),
    "largest of several": (lambda x: np.max(np.stack([np.sqrt(x), 1 + 0 * x]), axis=0), 0.0),
}
"""Functions that are constant around a point where a slope that they leave out is infinite or undefined."""


@pytest.mark.parametrize("name", CUT)
@np.errstate(all="ignore")
def test_a_path_that_is_cut_has_no_share(name):
    f, at = CUT[name]
    x, ones = np.full(2, at), np.ones(2)

    def total(x):
        return np.sum(f(x))

    np.testing.assert_array_equal(bp.grad(total)(x), 0.0)
    np.testing.assert_array_equal(bp.jvp(total, (x,), (ones,))[1], 0.0)
    np.testing.assert_array_equal(bp.hvp(total, (x,), (ones,))[0], 0.0)
    np.testing.assert_array_equal(bp.hessian(total)(x), 0.0)
    for method in ("reverse", "forward"):
        np.testing.assert_array_equal(bp.linearize(total, x).gradient("x", method=method), 0.0)
    for engine in ("numpy", "compiled"):
        np.testing.assert_array_equal(bp.compile(bp.grad(total), engine=engine)(x), 0.0)


def test_the_other_entries_keep_their_derivatives():
    with np.errstate(all="ignore"):
        gradient = slope(lambda x: np.where(x > 0, np.sqrt(x), 0.0), [4.0, 0.0, -1.0])
    np.testing.assert_array_equal(gradient, [0.25, 0.0, 0.0])


UNDEFINED = {
    "a square undoes the root": lambda x: np.sqrt(x) ** 2,
    "hypot at 0": lambda x: np.hypot(x, x),
    "a norm at 0": lambda x: np.sqrt(np.sum(x * x)),
    "std of equal entries": np.std,
}


@pytest.mark.parametrize("name", UNDEFINED)
@np.errstate(all="ignore")
def test_what_no_product_of_slopes_tells_is_nan(name):
    """A zero that is no cut must not hide it: the first of these has the derivative 1."""
    f, x = UNDEFINED[name], np.zeros(2)
    assert np.isnan(bp.grad(lambda x: np.sum(f(x)))(x)).all()
    assert np.isnan(bp.compile(bp.grad(lambda x: np.sum(f(x))))(x)).all()


def test_nan_is_not_hidden():
    x = np.array([np.nan, 2.0])
    assert np.isnan(slope(lambda x: np.where(x > 1, x * x, x * x * x), x)[0])
    assert np.isnan(slope(np.tanh, x)[0])


def test_every_primitive_with_a_kink_says_so():
    stated = {name for name, primitive in PRIMITIVES.items() if primitive.kink}
    smooth_but_for_steps = set("round floor_divide spacing exponent remainder fmod".split())
    smooth_but_for_steps |= set("argsort argpartition searchsorted".split())
    assert stated - smooth_but_for_steps == set(
        "relu leaky_relu elu selu abs maximum minimum sign floor ceil rint trunc power max max_pool cond "
        "norm singular_values xlogy xlog1py entr rel_entr kl_div i0e ive".split()
    )
    assert smooth_but_for_steps <= stated
