"""JAX in its two manners: a jitted step called for each batch, and one call that scans over the epoch's batches.

Buffers are donated, and the batches are cut and on the device before the first step.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers.cases import MOMENTUM, RATE, Case
from benchmarks.peers.runners import Runner


def loss_of(case: Case, layers: Any, X: Any, y: Any) -> Any:
    """The mean loss of a batch; y is class indices or values."""
    activation = jax.nn.relu if case.activation == "relu" else jnp.tanh
    h = X
    for W, b in layers[:-1]:
        h = activation(h @ W + b)
    W, b = layers[-1]
    scores = h @ W + b
    if case.loss == "cross_entropy":
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(scores), y[:, None], axis=1))
    return 0.5 * jnp.mean(jnp.sum((scores - y) ** 2, axis=1))


def step_of(case: Case, state: Any, batch: Any) -> tuple[Any, Any]:
    """One step of SGD with momentum: the new layers and velocities, and the loss."""
    layers, velocity = state
    loss, gradient = jax.value_and_grad(lambda layers: loss_of(case, layers, *batch))(layers)
    velocity = jax.tree.map(lambda v, g: MOMENTUM * v + g, velocity, gradient)
    layers = jax.tree.map(lambda p, v: p - RATE * v, layers, velocity)
    return (layers, velocity), loss


def scan(case: Case) -> Runner:
    state, batches = _state(case), tuple(map(jnp.array, _cut(case)))

    @partial(jax.jit, donate_argnums=0)
    def whole(state: Any, batches: Any) -> Any:
        return jax.lax.scan(lambda state, batch: step_of(case, state, batch), state, batches)

    def epoch() -> float:
        nonlocal state
        state, losses = whole(state, batches)
        jax.block_until_ready(state)
        return float(losses.mean())

    return epoch


def step_by_step(case: Case) -> Runner:
    state = _state(case)
    batches = [(jnp.array(X), jnp.array(y)) for X, y in zip(*_cut(case), strict=True)]
    step = jax.jit(lambda state, batch: step_of(case, state, batch), donate_argnums=0)

    def epoch() -> float:
        nonlocal state
        losses = []
        for batch in batches:
            state, loss = step(state, batch)
            losses.append(loss)
        jax.block_until_ready(state)
        return float(jnp.stack(losses).mean())

    return epoch


def _state(case: Case) -> Any:
    # Copied, since arrays that are donated may share NumPy's memory.
    layers = [(jnp.array(W), jnp.array(b)) for W, b in case.layers()]
    return layers, jax.tree.map(jnp.zeros_like, layers)


def _cut(case: Case) -> Iterator[np.ndarray]:
    """X and y as (steps, batch, ...)."""
    return (part.reshape(case.steps, case.batch, *part.shape[1:]) for part in case.data())
