"""The textbook's recursions, every method on every reading of a network, and JAX: one gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpath as bp
from backpath.nets import ACTIVATIONS, LOSSES
from backpath.nets.recursions import LOSS_SLOPES, PHI, RECURSIONS
from backpath.paths import METHODS, TooManyPathsError


def case(seed, sizes, activations, loss, batch=3):
    rng = np.random.default_rng(seed)
    net = bp.Network(sizes, activations, loss)
    parameters = net.init(seed % 1000, np.float64)
    for value in parameters.values():
        value += 0.1 * rng.standard_normal(value.shape)
    X = rng.standard_normal((batch, sizes[0]))
    y = (
        np.eye(sizes[-1])[rng.integers(sizes[-1], size=batch)]
        if LOSSES[loss].classifies
        else rng.random((batch, sizes[-1]))
    )
    return net, parameters, X, y


def assert_equal_gradients(a, b, tolerance=1e-12):
    assert list(a) == list(b)
    for name in a:
        scale = max(np.abs(b[name]).max(), 1e-3)
        assert np.abs(a[name] - b[name]).max() <= tolerance * scale, name


def test_the_recursions_know_every_activation_and_loss():
    assert set(PHI) == set(ACTIVATIONS)
    assert set(LOSS_SLOPES) == set(LOSSES)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_and_loss(activation, loss):
    net, parameters, X, y = case(5, (3, 4, 4, 2), activation, loss)
    expected = net.backprop(parameters, X, y)
    for variables in RECURSIONS:
        for method in ("recursion", "reverse"):
            found = net.backprop(parameters, X, y, variables=variables, method=method)
            assert_equal_gradients(found, expected)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    sizes=st.lists(st.integers(1, 4), min_size=2, max_size=9),
    loss=st.sampled_from(sorted(LOSSES)),
    data=st.data(),
)
def test_random_networks_up_to_depth_eight(seed, sizes, loss, data):
    if loss == "cross_entropy":
        sizes[-1] += 1
    hidden = len(sizes) - 2
    activations = data.draw(st.lists(st.sampled_from(sorted(ACTIVATIONS)), min_size=hidden, max_size=hidden))
    net, parameters, X, y = case(seed, tuple(sizes), activations, loss)
    expected = net.recursion(parameters, X, y, variables="post").gradient
    for variables in RECURSIONS:
        for method in ("recursion", *METHODS):
            found = net.backprop(parameters, X, y, variables=variables, method=method)
            assert_equal_gradients(found, expected, 1e-11)


@pytest.mark.parametrize("variables", RECURSIONS)
def test_many_outputs_against_jax(variables):
    net, p, X, _ = case(1, (3, 5, 4, 2), ["tanh", "sigmoid"], "squared_error")
    found = net.recursion(p, X, variables=variables)

    def outputs(p):
        h = jnp.tanh(X @ p["W1"] + p["b1"])
        h = jax.nn.sigmoid(h @ p["W2"] + p["b2"])
        return jnp.sum(h @ p["W3"] + p["b3"], axis=0)

    expected = jax.jacobian(outputs)({name: jnp.asarray(value) for name, value in p.items()})
    assert_equal_gradients(found.gradient, {name: np.asarray(expected[name]) for name in found.gradient})


def test_every_delta_is_the_derivative_by_that_layer():
    net, p, X, y = case(2, (3, 5, 4, 2), ["tanh", "sigmoid"], "squared_error")

    def loss_from(layer, kind):
        def loss(value):
            h = value if kind == "Delta" else [None, jnp.tanh, jax.nn.sigmoid, lambda a: a][layer](value)
            for r in range(layer + 1, 4):
                a = h @ p[f"W{r}"] + p[f"b{r}"]
                h = [None, jnp.tanh, jax.nn.sigmoid, lambda a: a][r](a)
            return 0.5 * jnp.mean(jnp.sum((h - y) ** 2, axis=1))

        return loss

    a1 = X @ p["W1"] + p["b1"]
    a2 = np.tanh(a1) @ p["W2"] + p["b2"]
    h2 = 1 / (1 + np.exp(-a2))
    at = {"a": [None, a1, a2, h2 @ p["W3"] + p["b3"]], "h": [None, np.tanh(a1), h2, h2 @ p["W3"] + p["b3"]]}
    deltas = net.recursion(p, X, y, variables="both").deltas
    assert list(deltas) == ["delta_1", "Delta_1", "delta_2", "Delta_2", "delta_3", "Delta_3"]
    for name, value in deltas.items():
        kind, layer = name.split("_")
        expected = jax.grad(loss_from(int(layer), kind))(at["h" if kind == "Delta" else "a"][int(layer)])
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-15)


def test_the_readings_have_the_nodes_that_they_say():
    net, p, X, y = case(3, (2, 3, 3, 1), "tanh", "squared_error")
    primitives = {
        v: {n.primitive for n in net.linearize(p, X, y, v).graph.nodes}
        & {"linear", "tanh", "post_activation", "pre_activation"}
        for v in ("post", "pre", "both")
    }
    assert primitives == {"post": {"post_activation"}, "pre": {"pre_activation"}, "both": {"linear", "tanh"}}


def test_derivatives_through_every_reading_are_differentiable_again():
    net, p, X, y = case(4, (2, 3, 2), "tanh", "squared_error")

    def norm(variables):
        reading = bp.Network(net.sizes, net.activations, net.loss, variables)
        return bp.grad(lambda p: sum((g * g).sum() for g in bp.grad(reading.loss_value)(p, X, y).values()))(p)

    expected = norm("both")
    for variables in ("post", "pre"):
        assert_equal_gradients(norm(variables), expected)


def test_unknown_routes_are_refused():
    net, p, X, y = case(4, (2, 3, 2), "tanh", "squared_error")
    with pytest.raises(bp.GraphError, match="'post', 'pre' or 'both'"):
        net.backprop(p, X, y, variables="posts")
    with pytest.raises(bp.GraphError, match="'post', 'pre' or 'both'"):
        net.backprop(p, X, y, variables="posts", method="recursion")
    with pytest.raises(bp.GraphError, match="reverse"):
        net.backprop(p, X, y, method="backward")
    with pytest.raises(TooManyPathsError, match="limit=2"):
        net.backprop(p, X, y, method="paths", limit=2)
