"""Starts that look at data: unit variances, and layers trained one by one."""

import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backpath as bp
from backpath.training.loop.autoencoder import TiedAutoencoder
from backpath.training.loop.rows import rows_of
from backpath.training.loop.starts import STARTS, pretrained, start

RNG = np.random.default_rng(0)
X = RNG.standard_normal((200, 6)) @ RNG.standard_normal((6, 6))


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_every_layers_pre_activations_get_variance_one(activation):
    net = bp.Network([6, 20, 15, 10, 3], activation)
    p = start(net, X, "lsuv", 0, float)
    h = X
    for r in range(1, 5):
        a = h @ p[f"W{r}"] + p[f"b{r}"]
        assert np.var(a) == pytest.approx(1, abs=0.02)
        h = {"relu": bp.relu, "tanh": np.tanh, "sigmoid": bp.sigmoid}[activation](a)


def test_constant_data_have_no_unit_variance():
    with pytest.raises(bp.DataError, match="product with W1 is the same for all examples"):
        start(bp.Network([3, 2]), np.zeros((9, 3)), "lsuv", 0)


def unexplained(h, code):
    """The part of the variance of standardized h that the best linear decoder of ``code`` leaves."""
    h = (h - h.mean(axis=0)) / h.std(axis=0)
    code = np.column_stack([code, np.ones(len(h))])
    return np.mean((code @ np.linalg.lstsq(code, h, rcond=None)[0] - h) ** 2)


@pytest.mark.parametrize("tied", [False, True])
def test_linear_layers_are_pretrained_to_the_principal_components(tied):
    data = RNG.standard_normal((600, 12)) @ RNG.standard_normal((12, 12)) * 3 + 5
    net = bp.Network([12, 4, 2], "identity")
    p = pretrained(net, rows_of(data), 0, float, tied, epochs=60)
    spectrum = np.linalg.svd((data - data.mean(axis=0)) / data.std(axis=0), compute_uv=False) ** 2
    best = spectrum[4:].sum() / spectrum.sum()
    assert best <= unexplained(data, data @ p["W1"] + p["b1"]) < 1.02 * best
    assert unexplained(data, data @ net.init(0, float)["W1"]) > 1.3 * best
    assert np.array_equal(p["W2"], net.init(0, float)["W2"])


def test_pretrained_layers_keep_what_random_ones_lose():
    data = RNG.standard_normal((600, 3)) @ RNG.standard_normal((3, 12)) + 0.1 * RNG.standard_normal((600, 12))
    net = bp.Network([12, 3, 3, 2], "tanh")
    left = []
    for p in (pretrained(net, rows_of(data), 0, float, epochs=30), net.init(0, float)):
        h = np.tanh(data @ p["W1"] + p["b1"])
        left.append(unexplained(data, h) + unexplained(h, np.tanh(h @ p["W2"] + p["b2"])))
    assert left[0] < 0.6 * left[1]


def test_the_tied_autoencoders_gradient_is_jaxs():
    coder = TiedAutoencoder([6, 4, 6], "tanh", "squared_error")
    p = coder.init(0, float)
    assert list(p) == ["W1", "b1", "b2"]

    def theirs(p):
        out = jnp.tanh(X @ p["W1"] + p["b1"]) @ p["W1"].T + p["b2"]
        return 0.5 * jnp.mean(jnp.sum((out - X) ** 2, axis=1))

    ours = bp.grad(lambda p: coder.loss_value(p, X, X))(p)
    scale = float(coder.loss_value(p, X, X)) / float(theirs(p))
    for name, expected in jax.grad(theirs)(p).items():
        np.testing.assert_allclose(ours[name], scale * expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("how", STARTS)
def test_fit_takes_every_start_by_name_and_is_reproducible(how):
    net = bp.Network([6, 5, 4, 2], "tanh")
    y = (X[:, 0] > 0).astype(int)
    first = start(net, X, how, 3)
    a, b = (bp.fit(net, X, y, epochs=2, seed=3, init=init) for init in (how, first))
    for name, value in a.parameters.items():
        assert np.array_equal(value, b.parameters[name])
        assert np.isfinite(value).all()


def test_a_deep_sigmoid_network_learns_from_pretrained_and_critical_starts_alone():
    example = runpy.run_path(str(Path(__file__).parents[3] / "examples" / "deep_sigmoid.py"))
    guessing, slope = example["accuracy"]("auto")
    assert guessing < 0.2
    assert slope < 1e-7
    for how, least in (("critical", 0.7), ("pretrained", 0.93)):
        scored, slope = example["accuracy"](how)
        assert scored > least
        assert slope > 1e-5
