"""Epochs of a step in JAX: a jitted step called for each batch, or one call that scans over them.

Buffers are donated, and the batches are on the device before the first step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.peers.runners import Runner

Step = Callable[[Any, Any], tuple[Any, Any]]
"""From a state and a batch to the next state and the loss."""


def scanned(step: Step, state: Any, batches: tuple[Any, ...]) -> Runner:
    """One call an epoch; ``batches`` are arrays of shape (steps, batch, ...)."""

    @partial(jax.jit, donate_argnums=0)
    def whole(state: Any, batches: Any) -> Any:
        return jax.lax.scan(step, state, batches)

    def epoch() -> float:
        nonlocal state
        state, losses = whole(state, batches)
        jax.block_until_ready(state)
        return float(losses.mean())

    return epoch


def step_by_step(step: Step, state: Any, batches: tuple[Any, ...]) -> Runner:
    """One call a step; arguments as of :func:`scanned`."""
    jitted = jax.jit(step, donate_argnums=0)
    each = list(zip(*batches, strict=True))

    def epoch() -> float:
        nonlocal state
        losses = []
        for batch in each:
            state, loss = jitted(state, batch)
            losses.append(loss)
        jax.block_until_ready(state)
        return float(jnp.stack(losses).mean())

    return epoch
