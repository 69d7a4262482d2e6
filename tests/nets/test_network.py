"""Networks: parameters, graphs, and gradients against JAX and PyTorch."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

import backpath as bp
from backpath.nets import ACTIVATIONS, LOSSES, smoothed

JAX_ACTIVATIONS = {
    "identity": lambda a: a,
    "relu": jax.nn.relu,
    "leaky_relu": jax.nn.leaky_relu,
    "elu": jax.nn.elu,
    "selu": jax.nn.selu,
    "gelu": lambda a: jax.nn.gelu(a, approximate=False),
    "silu": jax.nn.silu,
    "mish": jax.nn.mish,
    "softplus": jax.nn.softplus,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
}


def _weston_watkins(s, t):
    if s.shape[1] == 1:
        return jnp.mean(jnp.maximum(0, 1 - (2 * t - 1) * s))
    true = jnp.sum(s * t, axis=1, keepdims=True)
    return jnp.mean(jnp.sum(jnp.where(t == 1, 0, jnp.maximum(0, 1 + s - true)), axis=1))


JAX_LOSSES = {
    "squared_error": lambda s, t: 0.5 * jnp.mean(jnp.sum((s - t) ** 2, axis=1)),
    "cross_entropy": lambda s, t: -jnp.mean(jnp.sum(t * jax.nn.log_softmax(s), axis=1)),
    "sigmoid_cross_entropy": lambda s, t: (
        -jnp.mean(jnp.sum(t * jax.nn.log_sigmoid(s) + (1 - t) * jax.nn.log_sigmoid(-s), axis=1))
    ),
    "hinge": _weston_watkins,
    "huber": lambda s, t: jnp.mean(
        jnp.sum(jnp.where(jnp.abs(s - t) <= 1, 0.5 * (s - t) ** 2, jnp.abs(s - t) - 0.5), axis=1)
    ),
    "poisson": lambda s, t: jnp.mean(jnp.sum(jnp.exp(s) - t * s, axis=1)),
}


def jax_gradient(net, parameters, X, targets):
    def loss(p):
        h = X
        for r, activation in enumerate((*net.activations, "identity"), 1):
            h = JAX_ACTIVATIONS[activation](h @ p[f"W{r}"] + p[f"b{r}"])
        return JAX_LOSSES[net.loss](h, targets)

    return jax.grad(loss)({name: jnp.asarray(value) for name, value in parameters.items()})


def relative_error(ours, theirs):
    return max(
        np.abs(ours[name] - np.asarray(theirs[name])).max() / max(np.abs(np.asarray(theirs[name])).max(), 1e-3)
        for name in ours
    )


def random_case(seed, sizes, activation, loss):
    rng = np.random.default_rng(seed)
    net = bp.Network(sizes, activation, loss)
    parameters = net.init(seed, np.float64)
    for value in parameters.values():
        value += 0.1 * rng.standard_normal(value.shape)
    X = rng.standard_normal((5, sizes[0]))
    classes = rng.integers(sizes[-1], size=5)
    y = np.eye(sizes[-1])[classes] if LOSSES[loss].classifies else rng.random((5, sizes[-1]))
    return net, parameters, X, y


def test_every_activation_and_loss_has_an_oracle():
    assert set(JAX_ACTIVATIONS) == set(ACTIVATIONS)
    assert set(JAX_LOSSES) == set(LOSSES)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_agree_with_jax(activation, loss):
    net, parameters, X, y = random_case(3, (4, 6, 5, 3), activation, loss)
    ours = bp.grad(net.loss_value)(parameters, X, y)
    assert relative_error(ours, jax_gradient(net, parameters, X, y)) < 1e-12


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    sizes=st.lists(st.integers(1, 7), min_size=2, max_size=8),
    loss=st.sampled_from(sorted(LOSSES)),
    data=st.data(),
)
def test_random_networks_agree_with_jax(seed, sizes, loss, data):
    if loss == "cross_entropy":
        sizes[-1] += 1
    smooth = sorted(set(ACTIVATIONS) - {"relu", "leaky_relu"})
    hidden = len(sizes) - 2
    activations = data.draw(st.lists(st.sampled_from(smooth), min_size=hidden, max_size=hidden))
    net, parameters, X, y = random_case(seed, tuple(sizes), activations, loss)
    ours = bp.grad(net.loss_value)(parameters, X, y)
    assert relative_error(ours, jax_gradient(net, parameters, X, y)) < 1e-10


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_a_digits_network_agrees_with_pytorch(dtype, tolerance):
    X, y = load_digits(return_X_y=True)
    X = (X[:128] / 16).astype(dtype)
    net = bp.Network([64, 64, 64, 10], activation="relu")
    parameters = net.init(0, dtype)
    ours = bp.grad(net.loss_value)(parameters, X, y[:128])

    theirs = {name: torch.tensor(value, requires_grad=True) for name, value in parameters.items()}
    h = torch.tensor(X)
    for r in (1, 2):
        h = torch.relu(h @ theirs[f"W{r}"] + theirs[f"b{r}"])
    torch.nn.functional.cross_entropy(h @ theirs["W3"] + theirs["b3"], torch.tensor(y[:128])).backward()
    assert relative_error(ours, {name: value.grad.numpy() for name, value in theirs.items()}) < tolerance
    assert all(g.dtype == dtype for g in ours.values())


def test_biases_are_weights_of_a_neuron_fixed_at_one():
    net = bp.Network([3, 2], loss="squared_error")
    graph = net.graph(batch=4)
    layer = next(n for n in graph.nodes if n.primitive == "linear")
    neuron, weights = (graph.nodes[p] for p in layer.parents[2:])
    assert weights.name == "parameters.b1"
    assert neuron.primitive == "constant"
    assert (neuron.params["value"] == 1).all()


def test_parameters_are_views_of_one_array():
    net = bp.Network([4, 5, 3])
    flat = np.arange(net.parameter_count, dtype=np.float32)
    views = net.views(flat)
    assert [v.shape for v in views.values()] == [(4, 5), (5,), (5, 3), (3,)]
    assert all(np.shares_memory(v, flat) for v in views.values())
    assert np.array_equal(np.concatenate([v.ravel() for v in views.values()]), flat)
    with pytest.raises(bp.ShapeError, match="43 parameters"):
        net.views(flat[1:])


def test_initial_weights_keep_the_scale_of_relu_layers():
    X = np.random.default_rng(0).standard_normal((300, 200))
    shallow, deep = (bp.Network([200] * n) for n in (3, 12))
    scales = [np.std(net.scores(net.init(1, np.float64), X)) for net in (shallow, deep)]
    assert 0.5 < scales[1] / scales[0] < 2


def test_json_round_trip():
    net = bp.Network([4, 5, 6, 1], ["tanh", "relu"], "huber")
    again = bp.Network.from_json(net.to_json())
    assert (again.sizes, again.activations, again.loss) == (net.sizes, net.activations, net.loss)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([4],), "two or more"),
        (([4, 0],), "positive whole"),
        (([4, 2.5],), "positive whole"),
        (([4, 5, 2], "rleu"), "no activation is called 'rleu'"),
        (([4, 5, 5, 2], ["relu"]), "1 activations were given for 2 hidden"),
        (([4, 2], "relu", "mse"), "no loss is called 'mse'"),
        (([4, 1],), "two or more outputs"),
    ],
)
def test_impossible_networks_are_refused(arguments, message):
    with pytest.raises(bp.GraphError, match=message):
        bp.Network(*arguments)


@pytest.mark.parametrize("data", [{}, {"sizes": None, "activations": [], "loss": "huber"}])
def test_impossible_descriptions_are_refused(data):
    with pytest.raises(bp.GraphError, match="not the description"):
        bp.Network.from_json(data)


def test_wrong_shapes_and_classes_are_refused():
    net = bp.Network([4, 3])
    parameters = net.init(0)
    with pytest.raises(bp.ShapeError, match=r"needs \(batch, 4\)"):
        net.scores(parameters, np.zeros((2, 5)))
    with pytest.raises(bp.ShapeError, match="from 0 to 2"):
        net.loss_value(parameters, np.zeros((2, 4)), np.array([0, 3]))
    with pytest.raises(bp.ShapeError, match="float64"):
        net.loss_value(parameters, np.zeros((2, 4)), np.array([0.0, 1.0]))
    with pytest.raises(bp.ShapeError, match="class indices"):
        net.targets(np.zeros((2, 4)))


def test_predictions_and_probabilities():
    X = np.random.default_rng(0).standard_normal((7, 4))
    many = bp.Network([4, 3])
    p = many.probabilities(many.init(0), X)
    assert np.allclose(p.sum(axis=1), 1)
    assert np.array_equal(p.argmax(axis=1), many.predict(many.init(0), X))
    one = bp.Network([4, 1], loss="sigmoid_cross_entropy")
    p = one.probabilities(one.init(0), X)
    assert p.shape == (7, 2)
    assert np.array_equal(p.argmax(axis=1), one.predict(one.init(0), X))
    assert bp.Network([4, 1], loss="poisson").predict(one.init(0), X).shape == (7,)
    with pytest.raises(bp.GraphError, match="no probabilities"):
        bp.Network([4, 3], loss="hinge").probabilities(many.init(0), X)


@pytest.mark.parametrize(("loss", "classes"), [("cross_entropy", 4), ("sigmoid_cross_entropy", 2)])
def test_smoothed_losses_are_optaxs(loss, classes):
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (6, 4))
    targets = np.eye(4)[rng.integers(0, 4, 6)]
    ours = smoothed(LOSSES[loss], 0.1, classes).function(scores, targets)
    if loss == "cross_entropy":
        expected = optax.softmax_cross_entropy(scores, optax.smooth_labels(targets, 0.1))
    else:
        expected = optax.sigmoid_binary_cross_entropy(scores, 0.9 * targets + 0.05).sum(axis=1)
    np.testing.assert_allclose(ours, expected, rtol=1e-6)


@pytest.mark.parametrize(("outputs", "loss"), [(3, "cross_entropy"), (1, "sigmoid_cross_entropy"), (1, "hinge")])
def test_scores_that_are_nan_are_no_class(outputs, loss):
    net = bp.Network([2, 4, outputs], loss=loss)
    parameters = net.init(0)
    X = np.ones((5, 2))
    X[3, 1] = np.nan
    with pytest.raises(bp.NonFiniteError, match="1 of 5 examples are nan, first those of row 3"):
        net.predict(parameters, X)
    assert net.predict(parameters, X[:3]).shape == (3,)
