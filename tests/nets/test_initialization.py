"""Initial weights: the variance that each rule states, and what critical gains do to deep networks."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kstest, norm, uniform

import backpath as bp
from backpath.nets import GAINS, INITIALIZERS, critical_gain
from backpath.nets.activations import ACTIVATIONS

FAN_IN, FAN_OUT = 300, 200
VARIANCES = {
    "auto": 2 / FAN_IN,
    "normal": 1e-4,
    "uniform": 1e-4 / 3,
    "lecun_normal": 1 / FAN_IN,
    "lecun_uniform": 1 / FAN_IN,
    "he_normal": 2 / FAN_IN,
    "he_uniform": 2 / FAN_IN,
    "glorot_normal": 2 / (FAN_IN + FAN_OUT),
    "glorot_uniform": 2 / (FAN_IN + FAN_OUT),
    "critical": 2 / FAN_IN,
}


@pytest.mark.parametrize("name", VARIANCES)
def test_weights_are_drawn_as_their_rule_says(name):
    weights = INITIALIZERS[name].weights(np.random.default_rng(0), FAN_IN, FAN_OUT, "relu").ravel()
    deviation = math.sqrt(VARIANCES[name])
    if INITIALIZERS[name].shape == "uniform":
        stated = uniform(-math.sqrt(3) * deviation, 2 * math.sqrt(3) * deviation)
    else:
        stated = norm(0, deviation)
    assert kstest(weights, stated.cdf).pvalue > 0.01


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
def test_orthogonal_weights_are_orthogonal(shape):
    W = INITIALIZERS["orthogonal"].weights(np.random.default_rng(0), *shape, "relu") / math.sqrt(2)
    small = W.T @ W if shape[0] >= shape[1] else W @ W.T
    np.testing.assert_allclose(small, np.eye(min(shape)), atol=1e-14)


def test_every_rule_is_tested_here():
    assert {*VARIANCES, "orthogonal"} == set(INITIALIZERS)
    assert set(GAINS) <= set(ACTIVATIONS)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gains_keep_values_from_growing_and_from_fading_fast(activation):
    z = np.random.default_rng(0).standard_normal(100_000)
    kept = GAINS.get(activation, 1.0) * np.mean(np.square(ACTIVATIONS[activation](z)))
    # Those without a gain of their own saturate, or pass what they get; softplus passes a mean of its own as well.
    assert (0.7 if activation in GAINS else 0.25) < kept < (1.9 if activation == "softplus" else 1.02)


def mean_square(f, q):
    """E[f(sqrt(q) z)^2] for normal z, by SciPy."""
    parts = [quad(lambda z: f(math.sqrt(q) * z) ** 2 * norm.pdf(z), a, b, limit=400)[0] for a, b in [(-12, 0), (0, 12)]]
    return sum(parts)


def test_the_critical_gain_of_sigmoid_solves_both_equations():
    g = critical_gain("sigmoid")
    sigmoid = lambda a: 1 / (1 + math.exp(-a))  # noqa: E731
    q = 40.0
    for _ in range(200):
        q = g * mean_square(sigmoid, q)
    assert q == pytest.approx(g * mean_square(sigmoid, q), rel=1e-9)
    assert g * mean_square(lambda a: sigmoid(a) * (1 - sigmoid(a)), q) == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize(
    ("activation", "gain"), [("relu", 2), ("leaky_relu", 2 / 1.0001), ("identity", 1), ("tanh", 1)]
)
def test_critical_gains_of_the_literature(activation, gain):
    assert critical_gain(activation) == pytest.approx(gain, rel=1e-6)


@pytest.mark.parametrize("activation", ["gelu", "silu", "softplus"])
def test_activations_without_a_critical_gain_are_refused(activation):
    with pytest.raises(bp.SettingError, match=f"{activation} has no gain"):
        critical_gain(activation)
    with pytest.raises(bp.SettingError, match=activation):
        bp.Network([3, 4, 2], activation).init(0, weights="critical")


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_gradients_cross_twenty_wide_layers_from_a_critical_start_alone(activation):
    X = np.random.default_rng(0).standard_normal((8, 400))
    net = bp.Network([400] * 21 + [1], activation, "squared_error")

    def shrinks(weights):
        p = net.init(0, float, weights)
        g = bp.grad(lambda p: np.sum(net.scores(p, X)))(p)
        return np.linalg.norm(g["b1"]) / np.linalg.norm(g["b20"])

    assert 0.02 < shrinks("critical") < 50
    if activation == "sigmoid":
        assert shrinks("lecun_normal") < 1e-8


def test_the_last_layer_can_start_at_zero():
    net = bp.Network([3, 4, 2])
    p = net.init(0, zero_last=True)
    assert not p["W2"].any()
    assert np.array_equal(p["W1"], net.init(0)["W1"])
    with pytest.raises(bp.SettingError, match="no initializer is called 'he'; there are auto, normal"):
        net.init(0, weights="he")
