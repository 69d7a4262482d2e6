"""What the derivatives of sorting, remainders and their like do where there is none: docs/reference.md states it."""

import mpmath
import numpy as np
import pytest

import backpath as bp

TIE = np.array([1.0, 3.0, 3.0, 3.0])


def slope(f, x, weights=1.0):
    return bp.grad(lambda x: np.sum(f(x) * weights))(np.asarray(x, float))


def test_entries_that_tie_keep_their_order_when_sorted():
    np.testing.assert_array_equal(slope(np.sort, TIE[::-1], np.arange(4.0)), [1, 2, 3, 0])


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (np.median, [0, 0.5, 0.5, 0]),
        (lambda x: np.quantile(x, 1.0), [0, 0, 0, 1]),
        (lambda x: x[np.argmax(x)], [0, 1, 0, 0]),
        (np.ptp, [-1, 1 / 3, 1 / 3, 1 / 3]),
        (np.nanmax, [0, 1 / 3, 1 / 3, 1 / 3]),
    ],
)
def test_ties(f, expected):
    np.testing.assert_allclose(slope(f, TIE), expected, rtol=1e-15)


@pytest.mark.parametrize("f", [lambda x: np.remainder(x, 2.0), lambda x: np.fmod(x, 2.0), lambda x: np.modf(x)[0]])
def test_a_remainder_has_the_slope_of_either_side(f):
    np.testing.assert_array_equal(slope(f, [2.0, -4.0, 0.0]), 1.0)


@pytest.mark.parametrize("f", [np.round, np.fix, lambda x: x // 1.0, np.spacing, lambda x: np.frexp(x)[1] * 1.0])
def test_steps_are_flat_everywhere(f):
    np.testing.assert_array_equal(slope(f, [-1.0, 0.5, 2.0]), 0.0)


def test_interpolation_at_a_point_has_the_slope_of_its_right_side():
    f = lambda x: np.interp(x, [0.0, 1.0, 2.0], [0.0, 1.0, 5.0])  # noqa: E731
    np.testing.assert_array_equal(slope(f, [0.0, 1.0, 1.5]), [1.0, 4.0, 4.0])


def test_copysign_at_zero():
    np.testing.assert_array_equal(slope(lambda x: np.copysign(x, -1.0), [0.0, -0.0, 2.0]), [0.0, 0.0, -1.0])


def test_what_is_left_out_gets_nothing():
    x = [1.0, np.nan, -np.inf]
    np.testing.assert_array_equal(slope(np.nan_to_num, x), [1.0, 0.0, 0.0])
    np.testing.assert_array_equal(slope(np.nansum, [1.0, np.nan, 2.0]), [1.0, 0.0, 1.0])
    np.testing.assert_array_equal(slope(lambda x: np.fmax(x, 0.5), [1.0, np.nan]), [1.0, 0.0])


def test_products_with_zeros_have_all_their_derivatives():
    x = np.array([0.0, 2.0, 0.0, 3.0])
    np.testing.assert_array_equal(slope(np.prod, x), 0.0)
    hessian = bp.hessian(np.prod)(x)
    expected = np.zeros((4, 4))
    expected[0, 2] = expected[2, 0] = 6.0
    np.testing.assert_array_equal(hessian, expected)
    np.testing.assert_array_equal(slope(np.cumprod, x), [9 - 9 + 3.0, 0.0, 0.0, 0.0])


@pytest.mark.parametrize("order", range(5))
def test_sinc_near_zero_to_any_order(order):
    f = np.sinc
    for _ in range(order):
        f = bp.grad(f)
    with mpmath.workdps(60):
        for x in (0.0, 1e-9, 1e-4, 0.02, 0.3, 0.8, 1.1, 1.7, 2.4, 5.0, 40.3):
            exact = mpmath.diff(lambda t: mpmath.sinc(mpmath.pi * t), mpmath.mpf(x), order)
            assert float(f(x)) == pytest.approx(float(exact), rel=1e-12, abs=1e-12)
