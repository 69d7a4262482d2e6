"""Loops of a thousand steps and more, as they occur: their derivatives are known in closed form, or are JAX's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backpath as bp

STEPS = 1500


def test_a_recurrent_network():
    rng = np.random.default_rng(0)
    at = 0.4 * rng.standard_normal((4, 4)), rng.standard_normal((4, 2)), rng.standard_normal((STEPS, 2))

    def loss(xp, scan):
        def f(w, v, xs):
            _, ys = scan(lambda h, x: (xp.tanh(w @ h + v @ x),) * 2, xp.zeros(4), xs)
            return (ys**2).mean()

        return f

    expected = jax.jit(jax.grad(loss(jnp, jax.lax.scan), (0, 1, 2)))(*at)
    ours = bp.grad(loss(np, bp.scan), (0, 1, 2))
    for found in (ours(*at), bp.compile(ours)(*at)):
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-16)


def test_a_linear_recursion():
    """s' = a s + x from 0 is the sum of a^(n-1-k) x_k, so the derivative by x_k is a^(n-1-k)."""
    a = 0.999

    def f(a, xs):
        return bp.scan(lambda s, x: (a * s + x, None), 0.0, xs)[0]

    powers = a ** np.arange(STEPS - 1.0, -1.0, -1.0)
    by_a, by_xs = bp.grad(f, (0, 1))(a, np.ones(STEPS))
    np.testing.assert_allclose(by_xs, powers, rtol=1e-12)
    k = np.arange(1.0, STEPS)
    assert by_a == pytest.approx(np.sum(k * a ** (k - 1)), rel=1e-12)
    second = bp.hessian(f)(a, np.ones(STEPS))
    assert second == pytest.approx(np.sum(k * (k - 1) * a ** (k - 2)), rel=1e-12)


def test_a_cumulative_sum_and_maximum():
    x = np.random.default_rng(1).standard_normal(STEPS)

    def sums(x):
        return bp.scan(lambda s, x: (s + x, s + x), 0.0, x)[1]

    def maxima(x):
        return bp.scan(lambda m, x: (np.maximum(m, x),) * 2, -np.inf, x)[1]

    np.testing.assert_allclose(sums(x), np.cumsum(x), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(bp.compile(maxima)(x), np.maximum.accumulate(x))
    np.testing.assert_array_equal(bp.grad(lambda x: sums(x).sum())(x), np.arange(STEPS, 0, -1))
    leads = [np.flatnonzero(x == m)[0] for m in np.maximum.accumulate(x)]
    np.testing.assert_array_equal(bp.grad(lambda x: maxima(x).sum())(x), np.bincount(leads, minlength=STEPS))


def test_newton_s_iteration():
    """The derivative of the root of x^3 = a is that of the cube root, however the root was found."""

    def root(a):
        return bp.scan(lambda x, _: (x - 0.01 * (x**3 - a) / x**2, None), 1.0 + 0.0 * a, length=2000)[0]

    assert root(5.0) == pytest.approx(np.cbrt(5.0), rel=1e-14)
    assert bp.grad(root)(5.0) == pytest.approx(np.cbrt(5.0) / 15, rel=1e-12)
    assert bp.grad(bp.grad(root))(5.0) == pytest.approx(-2 * np.cbrt(5.0) / 225, rel=1e-12)
    assert bp.jvp(root, (5.0,), (1.0,))[1] == pytest.approx(np.cbrt(5.0) / 15, rel=1e-12)


def runge_kutta(f, y, h, steps):
    """The classical method of fourth order."""

    def step(y, _):
        k1 = f(y)
        k2 = f(y + 0.5 * h * k1)
        k3 = f(y + 0.5 * h * k2)
        k4 = f(y + h * k3)
        return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None

    return bp.scan(step, y, length=steps)[0]


def test_the_decay_of_an_ordinary_differential_equation():
    """y' = -k y: y(1) = exp(-k), and so are its derivatives by k, but for signs."""

    def end(k):
        return runge_kutta(lambda y: -k * y, 1.0 + 0.0 * k, 0.001, 1000)

    for n, derivative in enumerate((end, bp.grad(end), bp.grad(bp.grad(end)))):
        assert derivative(1.3) == pytest.approx((-1) ** n * np.exp(-1.3), rel=1e-11)


def test_a_pendulum_keeps_its_energy():
    """The flow of q' = p, p' = -sin q keeps areas: the Jacobian's determinant is 1."""

    def flow(y):
        return runge_kutta(lambda y: np.stack([y[1], -np.sin(y[0])]), y, 0.002, 2000)

    start = np.array([1.0, 0.3])
    end = bp.compile(flow)(start)
    energy = [y[1] ** 2 / 2 - np.cos(y[0]) for y in (start, end)]
    assert energy[0] == pytest.approx(energy[1], rel=1e-11)
    assert np.linalg.det(bp.jacobian(flow)(start)) == pytest.approx(1.0, rel=1e-10)
    assert np.linalg.det(bp.compile(bp.jacobian(flow))(start)) == pytest.approx(1.0, rel=1e-10)


def test_path_lengths_of_many_layers():
    def f(w, x):
        return bp.scan(lambda h, _: (np.tanh(w @ h), None), x, length=150)[0].sum()

    spectrum = bp.explain(f, (np.eye(2), np.ones(2)), wrt="w").length_spectrum()
    assert list(spectrum.parts) == list(range(1, 151))
    total = sum(part["w"] for part in spectrum.parts.values())
    np.testing.assert_allclose(total, bp.grad(f)(np.eye(2), np.ones(2)), rtol=1e-12)
