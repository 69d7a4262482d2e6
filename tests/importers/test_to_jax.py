"""Models of ours as functions of JAX: the same scores and gradients."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backpath as bp
from backpath.nets import Sequential
from backpath.nets.layers import Activation, BatchNorm, Conv, Dense, Flatten, LayerNorm, MaxPool, SelfAttention

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


def test_a_pool_s_gradient_is_not_lost_where_its_operand_is_computed_twice():
    # JAX's own rule compares entries with their maximum, which XLA may round in another way; then none wins.
    model = Sequential([Conv(3, 3, stride=2), BatchNorm(), MaxPool(2, 1), Conv(3, 3), Flatten(), Dense(3)], (11, 12, 2))
    parameters, X = model.init(1, np.float64), np.random.default_rng(4).normal(size=(4, 11, 12, 2))
    f, p = bp.to_jax(model, parameters)
    found = jax.jit(jax.grad(lambda p: jnp.sum(jnp.sin(f(p, X)))))(p)
    wanted = model.named(bp.grad(lambda p: np.sum(np.sin(model.scores(p, X))))(parameters))
    for name, g in wanted.items():
        np.testing.assert_allclose(found[name], g, atol=1e-11, err_msg=name)


TIES = np.array([[1.0, 0.0, 1.0, -1.0], [0.0, 0.0, 0.0, 0.0], [2.0, 1.0, 2.0, 2.0]])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.max(x, axis=1),
        lambda x: np.max(x, axis=(0, 1), keepdims=True)[0],
        lambda x: np.maximum(x[:, 0], x[:, 2]),
        lambda x: np.minimum(x[:, :1], x[:, 1:]),
        lambda x: np.maximum(x, 0.0),
        bp.relu,
        lambda x: bp.nets.max_pool(np.reshape(x, (1, 3, 4, 1)), 2, 1),
        lambda x: bp.nets.max_pool(np.reshape(x, (1, 3, 4, 1)), (3, 2), (1, 2)),
    ],
)
def test_ties_share_the_derivative_as_here(f):
    model = bp.Model(lambda p, X: np.reshape(f(p["x"]), (1, -1)) * X, {"x": TIES})
    g, p = bp.to_jax(model, {"x": TIES})
    size = np.size(f(TIES))
    X = np.arange(1.0, size + 1)[None]
    found = jax.grad(lambda p: jnp.sum(g(p, X)))(p)["x"]
    np.testing.assert_allclose(found, bp.grad(lambda x: np.sum(np.reshape(f(x), -1) * X[0]))(TIES), atol=1e-14)


def test_there_and_back():
    f, p = bp.to_jax(NETWORK, NETWORK.init(0, np.float64))
    X = np.random.default_rng(0).normal(size=(3, 4))
    model = bp.from_jax(f, p, X)
    assert model.agreement.agrees
    np.testing.assert_allclose(model.scores(model.first, X), NETWORK.scores(NETWORK.init(0, np.float64), X), atol=1e-12)


def test_what_is_no_model_is_refused():
    with pytest.raises(bp.SettingError, match="is no model"):
        bp.to_jax(np.tanh)
