"""Normalization, dropout, the NTK parametrization and input scales, against JAX and against their plain equals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backpath as bp

SIZES = [4, 7, 5, 3]
RNG = np.random.default_rng(0)
X, Y = RNG.normal(3, 2, (12, 4)), RNG.integers(0, 3, 12)


def network(**options):
    return bp.Network(SIZES, activation=["tanh", "mish"], **options)


def drawn(net, seed=0):
    """Parameters whose gains, shifts and biases are not trivial."""
    rng = np.random.default_rng(seed)
    return {name: value + rng.normal(0, 0.3, value.shape) for name, value in net.init(seed, float).items()}


def jax_scores(net, p, X, noise):
    h = X * p["scale"] if net.input_scale else X
    for r in range(1, len(net.sizes)):
        W = p[f"W{r}"] / np.sqrt(net.sizes[r - 1]) if net.ntk else p[f"W{r}"]
        a = h @ W
        if r < len(net.sizes) - 1 and net.norm:
            axis = 0 if net.norm == "batch" else 1
            a = (a - a.mean(axis, keepdims=True)) / jnp.sqrt(a.var(axis, keepdims=True) + 1e-5)
            a = a * p[f"gain{r}"] + p[f"shift{r}"]
        else:
            a = a + p[f"b{r}"]
        if r == len(net.sizes) - 1:
            return a
        h = (jnp.tanh, jax.nn.mish)[r - 1](a)
        if f"h{r}" in noise:
            h = jnp.where(noise[f"h{r}"] >= net.dropout[r - 1], h / (1 - net.dropout[r - 1]), 0)
    return None


ALL = [
    {"norm": "batch"},
    {"norm": "layer"},
    {"ntk": True},
    {"input_scale": True},
    {"dropout": 0.3},
    {"dropout": [0.0, 0.5], "norm": "batch", "ntk": True, "input_scale": True},
    {"norm": "layer", "ntk": True, "input_scale": True},
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("options", ALL, ids=str)
def test_loss_and_gradient_are_those_of_jax(options, weighted):
    net = network(**options)
    p, weights = drawn(net), RNG.uniform(0, 2, 12) if weighted else None
    noise = {name: RNG.random(shape) for name, shape in net.noise_shapes(12).items()}

    def loss(p):
        log_p = jax.nn.log_softmax(jax_scores(net, p, X, noise))
        return jnp.average(-log_p[jnp.arange(12), Y], weights=weights)

    with jax.enable_x64(True):
        value, gradient = jax.value_and_grad(loss)({name: jnp.asarray(v) for name, v in p.items()})
    ours, by = bp.value_and_grad(net.loss_value)(p, X, Y, weights, noise)
    np.testing.assert_allclose(ours, value, rtol=1e-11)
    for name in p:
        np.testing.assert_allclose(by[name], gradient[name], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("options", ALL, ids=str)
def test_folded_has_the_same_scores(options):
    net = network(**options)
    p = drawn(net)
    plain, q = net.folded(p, X)
    np.testing.assert_allclose(plain.scores(q, X), net.scores(p, X), rtol=1e-10, atol=1e-12)
    assert set(plain.options) <= {"norm"}
    assert plain.options.get("norm") in (None, "layer")


def test_folded_keeps_its_statistics_for_other_rows():
    net = network(norm="batch")
    p = drawn(net)
    plain, q = net.folded(p, X)
    np.testing.assert_allclose(plain.scores(q, X[:1])[0], net.scores(p, X)[0], rtol=1e-10)


@pytest.mark.parametrize("norm", [None, "layer"])
def test_folded_reads_no_example_without_batch_normalization(norm, monkeypatch):
    """Estimators fold after each epoch: a pass over all examples would take as long as the epoch."""
    net = network(norm=norm, ntk=True, input_scale=True)
    p = drawn(net)
    monkeypatch.setattr("backpath.nets.forward.pre_activations", None)
    _, q = net.folded(p, np.full_like(X, np.nan))
    assert all(np.isfinite(array).all() for array in q.values())


@pytest.mark.parametrize("options", ALL, ids=str)
def test_trains(options):
    rng = np.random.default_rng(1)
    X = rng.normal(0, 1, (300, 4)).astype(np.float32)
    y = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 1)
    net = bp.Network([4, 32, 32, 3], "relu", **options)
    trained = bp.fit(net, X, y, epochs=60, optimizer=bp.optimizers.adam(0.01))
    assert np.mean(trained.predict(X) == y) > 0.93


def test_the_same_seed_drops_out_the_same_neurons():
    net = bp.Network([4, 16, 3], dropout=0.5)
    runs = [bp.fit(net, X, Y, epochs=3, seed=seed).parameters["W1"] for seed in (0, 0, 1)]
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_a_dropped_out_training_goes_on_to_the_same_bits(tmp_path):
    net, file = bp.Network([4, 16, 3], dropout=0.5, norm="batch"), tmp_path / "checkpoint"
    whole = bp.fit(net, X, Y, epochs=6)
    from backpath.training.checkpoints.saver import Saver

    bp.fit(net, X, Y, epochs=3, checkpoint=Saver(file, 0.0))
    gone_on = bp.fit(net, X, Y, epochs=6, checkpoint=Saver(file))
    for name, value in whole.parameters.items():
        assert np.array_equal(value, gone_on.parameters[name])


def test_weights_count_examples():
    net = bp.Network([4, 6, 3], "tanh")
    counts = RNG.integers(0, 3, 12)
    rows = np.repeat(np.arange(12), counts)
    options = {"epochs": 20, "dtype": float, "batch": 100}
    weighted = bp.fit(net, X, Y, weights=counts, **options)
    repeated = bp.fit(net, X[rows], Y[rows], **options)
    for name, value in weighted.parameters.items():
        np.testing.assert_allclose(value, repeated.parameters[name], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("width", [16, 256])
def test_ntk_starts_with_scores_of_the_same_size(width):
    net = bp.Network([64, width, width, 10], "relu", ntk=True)
    p = net.init(0, float)
    assert np.std(p["W2"]) == pytest.approx(np.sqrt(2), rel=0.1)
    assert 0.5 < np.std(net.scores(p, RNG.normal(0, 1, (500, 64)))) < 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm": "group"}, "norm='group': it is 'batch' or 'layer', or None"),
        ({"dropout": 1.0}, "a number from 0 to 1"),
        ({"dropout": [0.1]}, "each of 2 hidden layers"),
        ({"norm": "batch", "variables": "pre"}, "without norm"),
    ],
)
def test_refuses_what_makes_no_network(options, message):
    with pytest.raises(bp.GraphError, match=message):
        network(**options)


def test_refuses_recursions_and_starts_of_plain_layers():
    net = network(norm="batch")
    with pytest.raises(bp.GraphError, match="plain layers"):
        net.recursion(drawn(net), X, Y)
    with pytest.raises(bp.SettingError, match="plain dense layers"):
        bp.fit(net, X, Y, init="pretrained")
    with pytest.raises(bp.SettingError, match="drops out"):
        bp.minimize(network(dropout=0.1), X, Y)
    with pytest.raises(bp.DataError, match="not negative"):
        bp.fit(net, X, Y, weights=-np.ones(12))
    with pytest.raises(bp.ShapeError, match="12 examples"):
        bp.fit(net, X, Y, weights=np.ones(3))


def test_a_loss_of_ones_own():
    from backpath.nets import Loss

    cubic = Loss(lambda s, t: np.sum(np.abs(s - t) ** 3, axis=-1), lambda s: s, False)
    net = bp.Network([4, 8, 1], "tanh", loss=cubic)
    y = np.tanh(X[:, 0] - 3)
    trained = bp.fit(net, X, y, epochs=200, optimizer=bp.optimizers.adam(0.01))
    assert trained.history[-1].loss < 0.1 * trained.history[0].loss
    with pytest.raises(bp.GraphError, match="no name"):
        net.to_json()


def test_round_trips_through_json():
    net = network(norm="layer", dropout=[0.1, 0.0])
    again = bp.Network.from_json(net.to_json())
    assert repr(again) == repr(net)
