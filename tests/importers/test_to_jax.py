"""Models of ours as functions of JAX: the same scores and gradients."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import backpath as bp
from backpath.nets import Sequential
from backpath.nets.layers import Activation, Conv, Dense, Flatten, LayerNorm, MaxPool, SelfAttention

pytest.importorskip("backpath.engines.xla")

IMAGES = Sequential([Conv(4, 3), Activation("gelu"), MaxPool(2), Flatten(), Dense(3)], inputs=(8, 8, 2))
SEQUENCES = Sequential([SelfAttention(heads=2), LayerNorm(), Flatten(), Dense(3)], inputs=(5, 6))
NETWORK = bp.Network([4, 8, 3], activation="elu")


@pytest.mark.parametrize("model", [IMAGES, SEQUENCES, NETWORK], ids=["images", "sequences", "network"])
def test_scores_and_gradients(model):
    parameters = model.init(0, np.float64)
    X = np.random.default_rng(0).normal(size=(3, *model.inputs))
    f, p = bp.to_jax(model, parameters)
    np.testing.assert_allclose(jax.jit(f)(p, X), model.scores(parameters, X), atol=1e-12)
    found = jax.grad(lambda p: (f(p, X) ** 2).sum())(p)
    wanted = model.named(bp.grad(lambda p: np.sum(np.square(model.scores(p, X))))(parameters))
    for name, g in wanted.items():
        np.testing.assert_allclose(found[name], g, atol=1e-10, err_msg=name)


def test_there_and_back():
    f, p = bp.to_jax(NETWORK, NETWORK.init(0, np.float64))
    X = np.random.default_rng(0).normal(size=(3, 4))
    model = bp.from_jax(f, p, X)
    assert model.agreement.agrees
    np.testing.assert_allclose(model.scores(model.first, X), NETWORK.scores(NETWORK.init(0, np.float64), X), atol=1e-12)


def test_what_is_no_model_is_refused():
    with pytest.raises(bp.SettingError, match="is no model"):
        bp.to_jax(np.tanh)
