"""The models in JAX: their layers and their step, in the two manners of ``jax_epochs``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backpath.nets import layers
from backpath.nets.layers.chain import within
from benchmarks.peers import jax_epochs
from benchmarks.peers.models.cases import MOMENTUM, RATE, ModelCase
from benchmarks.peers.runners import Runner

Parameters = Mapping[str, Any]
EPSILON = 1e-5


def normalized(x: Any, axes: tuple[int, ...], p: Parameters) -> Any:
    """Mean 0 and variance 1 over these axes, then a gain and a shift."""
    mean, variance = jnp.mean(x, axes, keepdims=True), jnp.var(x, axes, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + EPSILON) * p["gain"] + p["shift"]


def attended(x: Any, p: Parameters, heads: int) -> Any:
    """Self-attention in heads."""
    batch, length, width = x.shape
    q, k, v = x @ p["W_query"] + p["b_query"], x @ p["W_key"], x @ p["W_value"] + p["b_value"]
    q, k, v = (part.reshape(batch, length, heads, -1) for part in (q, k, v))
    return jax.nn.dot_product_attention(q, k, v).reshape(batch, length, width) @ p["W_output"] + p["b_output"]


def block(x: Any, p: Parameters, heads: int) -> Any:
    """Attention and two dense layers, each beside a skip and behind a layer normalization."""
    first, second = within(p, "residual_1"), within(p, "residual_2")
    x = x + attended(normalized(x, (-1,), within(first, "layer_norm_1")), within(first, "self_attention_2"), heads)
    inner, outer = within(second, "dense_2"), within(second, "dense_4")
    y = normalized(x, (-1,), within(second, "layer_norm_1")) @ inner["W"] + inner["b"]
    return x + jax.nn.gelu(y, approximate=False) @ outer["W"] + outer["b"]


def applied(layer: layers.Layer, x: Any, p: Parameters) -> Any:
    """What a layer makes of a batch."""
    match layer:
        case layers.Conv():
            return lax.conv_general_dilated(
                x, p["W"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
            ) + p["b"]  # fmt: skip
        case layers.MaxPool(int(size)):
            window = (1, size, size, 1)
            return lax.reduce_window(x, -jnp.inf, lax.max, window, window, "VALID")
        case layers.BatchNorm():
            return normalized(x, tuple(range(x.ndim - 1)), p)
        case layers.LayerNorm():
            return normalized(x, (-1,), p)
        case layers.Activation():
            return jax.nn.relu(x)
        case layers.Flatten():
            return x.reshape(len(x), -1)
        case layers.Dense():
            return x @ p["W"] + p["b"]
        case layers.Embedding():
            return p["table"][x]
        case layers.PositionalEncoding():
            return x + layer.apply({}, np.zeros(x.shape[1:], np.float32))
        case layers.TransformerBlock(heads):
            return block(x, p, heads)
        case layers.GlobalMeanPool():
            return x.mean(1)
    raise TypeError(f"no such layer here: {layer!r}")


def step_of(case: ModelCase, state: Any, batch: Any) -> tuple[Any, Any]:
    """One step of SGD with momentum: the new parameters and velocities, and the loss."""
    parameters, velocity = state
    X, y = batch

    def loss_of(parameters: Parameters) -> Any:
        x = X
        for k, layer in enumerate(case.layers, 1):
            x = applied(layer, x, within(parameters, f"{layer.word}_{k}"))
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(x), y[:, None], axis=1))

    loss, gradient = jax.value_and_grad(loss_of)(parameters)
    velocity = jax.tree.map(lambda v, g: MOMENTUM * v + g, velocity, gradient)
    parameters = jax.tree.map(lambda p, v: p - RATE * v, parameters, velocity)
    return (parameters, velocity), loss


def _state(case: ModelCase) -> Any:
    # Copied, since arrays that are donated may share NumPy's memory.
    parameters = {name: jnp.array(value) for name, value in case.parameters().items()}
    return parameters, jax.tree.map(jnp.zeros_like, parameters)


def _cut(case: ModelCase) -> tuple[Any, ...]:
    return tuple(jnp.array(part.reshape(case.steps, case.batch, *part.shape[1:])) for part in case.data())


def scan(case: ModelCase) -> Runner:
    """One call that scans over the epoch's batches."""
    return jax_epochs.scanned(partial(step_of, case), _state(case), _cut(case))


def step_by_step(case: ModelCase) -> Runner:
    """A jitted step called for each batch."""
    return jax_epochs.step_by_step(partial(step_of, case), _state(case), _cut(case))
