"""Curvature: products against JAX's Hessians, and minima that scikit-learn and closed forms know."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

import backpath as bp
from backpath.training.loop.rows import rows_of
from backpath.training.minimize import METHODS, _Problem

RNG = np.random.default_rng(0)
X = RNG.standard_normal((80, 4))
CLASSES = (X @ RNG.standard_normal((4, 3)) + RNG.standard_normal((80, 3))).argmax(axis=1)


def test_products_with_the_hessian_are_jaxs():
    net = bp.Network([4, 5, 3], "tanh")
    problem = _Problem(net, rows_of(X), CLASSES, 0.1, None)

    def loss(w):
        p = unflat(net, w)
        scores = jnp.tanh(X @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
        return -jnp.mean(jax.nn.log_softmax(scores)[jnp.arange(80), CLASSES]) + 0.05 * w @ w

    for seed in range(3):
        w, v = np.random.default_rng(seed).standard_normal((2, net.parameter_count))
        value, gradient = problem.value_and_gradient(w)
        assert value == pytest.approx(float(loss(w)), rel=1e-12)
        np.testing.assert_allclose(gradient, jax.grad(loss)(w), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(problem.hessian_product(w, v), jax.hessian(loss)(w) @ v, rtol=1e-8, atol=1e-10)


def unflat(net, w):
    parts, start = {}, 0
    for name, shape in net.parameter_shapes.items():
        size = int(np.prod(shape))
        parts[name] = w[start : start + size].reshape(shape)
        start += size
    return parts


def test_hvp_nests_as_its_arguments():
    def f(a, p):
        return np.sum(np.sin(a) * p["b"] ** 3)

    a, b, u, v = RNG.standard_normal((4, 3))
    ours = bp.hvp(f, (a, {"b": b}), (u, {"b": v}))
    theirs = jax.jvp(jax.grad(lambda a, b: jnp.sum(jnp.sin(a) * b**3), (0, 1)), (a, b), (u, v))[1]
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-12)
    np.testing.assert_allclose(ours[1]["b"], theirs[1], rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_a_linear_network_finds_the_minimum_that_scikit_learn_finds(method):
    net = bp.Network([4, 3])
    fitted = bp.minimize(net, X, CLASSES, method, l2=0.02, iterations=500, tolerance=1e-9)
    theirs = LogisticRegression(C=1 / (0.02 * 80), tol=1e-10, max_iter=5000).fit(X, CLASSES)
    # scikit-learn's penalty leaves the biases out; they are small here, and both see the same classes.
    assert (fitted.predict(X) == theirs.predict(X)).mean() > 0.95
    p = fitted.parameters
    gradient = bp.grad(lambda p: net.loss_value(p, X, CLASSES) + 0.01 * sum(np.sum(a * a) for a in p.values()))(p)
    assert max(np.abs(g).max() for g in gradient.values()) < 1e-5
    losses = [epoch.loss for epoch in fitted.history]
    assert losses[-1] <= losses[0]


@pytest.mark.parametrize("method", METHODS)
def test_least_squares_are_the_closed_form(method):
    y = X @ np.array([1.0, -2.0, 0.5, 3.0]) + 0.1 * RNG.standard_normal(80)
    net = bp.Network([4, 1], loss="squared_error")
    fitted = bp.minimize(net, X, y, method, iterations=500, tolerance=1e-10)
    ridge = Ridge(alpha=0.0).fit(X, y)
    np.testing.assert_allclose(fitted.parameters["W1"][:, 0], ridge.coef_, rtol=1e-5)
    assert fitted.parameters["b1"][0] == pytest.approx(ridge.intercept_, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_deep_networks_are_fitted_too(method):
    net = bp.Network([4, 8, 8, 3], "tanh")
    seen = []
    fitted = bp.minimize(net, X, CLASSES, method, iterations=100, on_epoch=seen.append)
    assert (fitted.predict(X) == CLASSES).mean() > 0.95
    assert tuple(seen) == fitted.history


@pytest.mark.parametrize("setting", [{"method": "sgd"}, {"iterations": 0}, {"l2": -1.0}])
def test_bad_settings_are_refused(setting):
    with pytest.raises(bp.SettingError, match=next(iter(setting))):
        bp.minimize(bp.Network([4, 3]), X, CLASSES, **setting)
