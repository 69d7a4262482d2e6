"""Dense networks in JAX: their loss and their step, in the two manners of ``jax_epochs``."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.peers import jax_epochs
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
    """One call that scans over the epoch's batches."""
    return jax_epochs.scanned(partial(step_of, case), _state(case), _cut(case))


def step_by_step(case: Case) -> Runner:
    """A jitted step called for each batch."""
    return jax_epochs.step_by_step(partial(step_of, case), _state(case), _cut(case))


def _state(case: Case) -> Any:
    # Copied, since arrays that are donated may share NumPy's memory.
    layers = [(jnp.array(W), jnp.array(b)) for W, b in case.layers()]
    return layers, jax.tree.map(jnp.zeros_like, layers)


def _cut(case: Case) -> tuple[Any, ...]:
    """X and y as (steps, batch, ...)."""
    return tuple(jnp.array(part.reshape(case.steps, case.batch, *part.shape[1:])) for part in case.data())
