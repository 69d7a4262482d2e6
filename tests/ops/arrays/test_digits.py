"""Elementwise functions that the NumPy engine alone has, to the last digits of mpmath's."""

import mpmath
import numpy as np
import pytest

import backpath as bp

m = mpmath.MPContext()
m.prec = 400
RNG = np.random.default_rng(0)
PAIRS = [*RNG.uniform(-1000, 1000, (60, 2)), *RNG.uniform(-3, 3, (60, 2)), (5.0, 5.0), (0.0, 1e-9)]


def ulps(ours, exact):
    return abs(float(m.mpf(float(ours)) - exact)) / np.spacing(abs(float(exact)))


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_logaddexp2_in_both_tails(pair):
    a, b = map(float, pair)
    gap = m.mpf(a - b)
    share, other = 1 / (1 + m.mpf(2) ** -gap), 1 / (1 + m.mpf(2) ** gap)
    first = bp.grad(np.logaddexp2, (0, 1))(a, b)
    second = bp.grad(bp.grad(np.logaddexp2))(a, b)
    assert max(ulps(first[0], share), ulps(first[1], other)) <= 4
    assert ulps(second, m.ln2 * share * other) <= 8


@pytest.mark.parametrize(
    "x", [1e-300, 1e-9, 0.1, 0.4, 0.49, 0.8, 0.999, 1.0, 1.4303, 2.5, 7.75, 101.3, 4e5 + 0.1, 1e17]
)
def test_sinc_wherever_it_is(x):
    sine, cosine, t = m.sinpi(x), m.cospi(x), m.pi * x
    value = sine / t
    first = (cosine - value) / x if x > 1e-20 else -(m.pi**2) * x / 3
    second = -(m.pi**2) * value - 2 * first / x if x > 1e-20 else -(m.pi**2) / 3
    sizes = [value, min(m.pi**2 * x / 3, 2 / m.mpf(x)), min(m.pi**2 / 3, 5 / m.mpf(x))]
    found = [lambda x: bp.linearize(np.sinc, x).values[-1], bp.grad(np.sinc), bp.grad(bp.grad(np.sinc))]
    for f, exact, size in zip(found, (value, first, second), sizes, strict=True):
        assert abs(m.mpf(float(f(x))) - exact) <= 8 * np.finfo(float).eps * max(abs(size), m.mpf(1e-308))


@pytest.mark.parametrize("f", [np.remainder, np.fmod])
def test_slopes_of_remainders_are_whole(f):
    a, b = RNG.uniform(-50, 50, 100), RNG.uniform(0.1, 9, 100) * RNG.choice([-1, 1], 100)
    by_a, by_b = bp.grad(lambda a, b: np.sum(f(a, b)), (0, 1))(a, b)
    np.testing.assert_array_equal(by_a, 1.0)
    np.testing.assert_array_equal(by_b, -(np.floor(a / b) if f is np.remainder else np.trunc(a / b)))
