"""Networks of Flax and Equinox as models of ours, beside JAX's own values and gradients."""

from __future__ import annotations

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import backpath as bp

RNG = np.random.default_rng(0)
KEY = jax.random.key(0)


def normal(*shape: int) -> jnp.ndarray:
    return jnp.asarray(RNG.normal(size=shape))


class LinenCnn(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.max_pool(nn.relu(nn.Conv(4, (3, 3), param_dtype=float)(x)), (2, 2), (2, 2))
        x = nn.avg_pool(nn.gelu(nn.Conv(4, (3, 3), strides=2, param_dtype=float)(x)), (2, 2), (2, 2))
        return nn.Dense(3, param_dtype=float)(x.reshape(x.shape[0], -1))


class LinenTransformer(nn.Module):
    @nn.compact
    def __call__(self, tokens):
        x = nn.Embed(11, 8, param_dtype=float)(tokens)
        for _ in range(2):
            h = nn.LayerNorm(param_dtype=float)(x)
            mask = nn.make_causal_mask(tokens)
            x = x + nn.MultiHeadDotProductAttention(num_heads=2, param_dtype=float)(h, h, mask=mask)
            h = nn.LayerNorm(param_dtype=float)(x)
            x = x + nn.Dense(8, param_dtype=float)(nn.gelu(nn.Dense(16, param_dtype=float)(h)))
        return nn.Dense(11, param_dtype=float)(x)


class NnxMlp(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.first = nnx.Linear(4, 8, rngs=rngs, param_dtype=float)
        self.norm = nnx.BatchNorm(8, use_running_average=True, rngs=rngs, param_dtype=float)
        self.drop = nnx.Dropout(0.5, deterministic=True, rngs=rngs)
        self.last = nnx.Linear(8, 3, rngs=rngs, param_dtype=float)

    def __call__(self, x):
        return self.last(self.drop(nnx.silu(self.norm(self.first(x)))))


class EqxCnn(eqx.Module):
    conv: eqx.nn.Conv2d
    norm: eqx.nn.GroupNorm
    pool: eqx.nn.MaxPool2d
    up: eqx.nn.ConvTranspose2d
    last: eqx.nn.Linear

    def __init__(self):
        keys = jax.random.split(KEY, 3)
        self.conv = eqx.nn.Conv2d(2, 4, 3, stride=2, key=keys[0])
        self.norm, self.pool = eqx.nn.GroupNorm(2, 4), eqx.nn.MaxPool2d(2, 2)
        self.up, self.last = eqx.nn.ConvTranspose2d(4, 2, 3, 2, key=keys[1]), eqx.nn.Linear(2, 3, key=keys[2])

    def __call__(self, x):
        return self.last(self.up(self.pool(jax.nn.relu(self.norm(self.conv(x))))).mean((1, 2)))


class EqxTransformer(eqx.Module):
    attend: eqx.nn.MultiheadAttention
    norm: eqx.nn.LayerNorm
    last: eqx.nn.MLP

    def __init__(self):
        keys = jax.random.split(KEY, 2)
        self.attend = eqx.nn.MultiheadAttention(2, 4, key=keys[0])
        self.norm, self.last = eqx.nn.LayerNorm(4), eqx.nn.MLP(4, 3, 8, 1, key=keys[1])

    def __call__(self, x):
        h = jax.vmap(self.norm)(x)
        return self.last((x + self.attend(h, h, h)).mean(0))


def doubles(tree):
    """In double precision, in which not every version of Flax makes statistics."""
    return jax.tree.map(lambda x: x.astype(float) if x.dtype == jnp.float32 else x, tree)


def linen(network: nn.Module, x: jnp.ndarray):
    return (lambda p, x: network.apply(p, x)), network.init(KEY, x), x


def equinox(network: eqx.Module, x: jnp.ndarray):
    return (lambda m, x: jax.vmap(m)(x)), network, x


NETWORKS = {
    "Flax linen CNN": lambda: linen(LinenCnn(), normal(2, 8, 8, 2)),
    "Flax linen transformer": lambda: linen(LinenTransformer(), jnp.asarray(RNG.integers(0, 11, (2, 5)))),
    "Flax nnx MLP": lambda: ((lambda m, x: m(x)), doubles(NnxMlp(nnx.Rngs(0))), normal(3, 4)),
    "Equinox MLP": lambda: equinox(eqx.nn.MLP(4, 3, 8, 2, key=KEY), normal(3, 4)),
    "Equinox CNN": lambda: equinox(EqxCnn(), normal(2, 2, 12, 12)),
    "Equinox transformer": lambda: equinox(EqxTransformer(), normal(2, 5, 4)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name):
    f, parameters, x = NETWORKS[name]()
    model = bp.from_jax(f, parameters, x)
    assert model.agreement.agrees, str(model.agreement)
    assert model.agreement.largest < 1e-12
    assert model.agreement.largest_gradient < 1e-10
    assert len(model.agreement.gradients) == len(model.parameter_shapes) > 0
    scores = model.scores(model.first, np.concatenate([x, x]))
    np.testing.assert_allclose(scores[: len(x)], np.asarray(f(parameters, x)), atol=1e-12)
    assert model.inputs == x.shape[1:]


def test_names_and_modules_are_those_of_flax():
    f, parameters, x = NETWORKS["Flax linen transformer"]()
    model = bp.from_jax(f, parameters, x, compare=False)
    assert "params.MultiHeadDotProductAttention_1.query.kernel" in model.parameter_shapes
    assert model.vocabulary == 11
    scopes = {n.name.rpartition("/")[0] for n in bp.trace(model.scores, model.first, np.asarray(x)).nodes}
    assert "LinenTransformer.Dense_0" in scopes
