"""Many networks at once: ``fit_many`` against a loop of fits and against JAX's vmap over a scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import backpath as bp
from benchmarks.peers.cases import MOMENTUM, RATE, Case
from benchmarks.peers.jax_runners import step_of
from benchmarks.peers.settings import Settings
from benchmarks.peers.tables import compared
from benchmarks.peers.timing import in_turn

NETWORKS, EPOCHS = 256, 5
CASE = Case((64, 32, 10), "relu", 32, examples=1024)
TOLERANCE = 0.02
LOOP, AT_ONCE, VMAP = "backpath, a loop of fits", "backpath fit_many", "JAX vmap over scan"
Means = Callable[[], float]
"""Trains all networks from their beginning, and returns the mean over them of the last epoch's loss."""


def report(settings: Settings) -> str:
    runners: dict[str, Means] = {LOOP: one_by_one, VMAP: vmapped(), AT_ONCE: at_once}
    losses = {name: run() for name, run in runners.items()}
    require_near(losses)
    times = in_turn(runners, settings.rounds(7))
    return "\n\n".join(
        [
            f"{NETWORKS} networks {CASE.name}, {EPOCHS} epochs of {CASE.examples} examples, each with its own "
            "initial weights and order. The whole call, with its preparation; JAX's is compiled before it is timed.",
            compared(times, VMAP, "s", 1),
        ]
    )


def require_near(losses: dict[str, float]) -> None:
    """Orders differ, so the mean losses agree only as well as means over many networks do.

    Raises:
        SystemExit: if they do not.
    """
    least, most = min(losses.values()), max(losses.values())
    if not most - least <= TOLERANCE * most:
        raise SystemExit(f"the mean losses are {losses}: not the same training")


def one_by_one() -> float:
    return float(np.mean([_fit(seed).history[-1].loss for seed in range(NETWORKS)]))


def at_once() -> float:
    X, y = CASE.data()
    options: dict[str, Any] = {"epochs": EPOCHS, "batch": CASE.batch, "optimizer": bp.optimizers.sgd(RATE, MOMENTUM)}
    fits = bp.fit_many(CASE.network, X, y, seeds=range(NETWORKS), **options)
    return float(np.mean([fit.history[-1].loss for fit in fits]))


def _fit(seed: int) -> bp.Fit:
    optimizer = bp.optimizers.sgd(RATE, MOMENTUM)
    return bp.fit(CASE.network, *CASE.data(), epochs=EPOCHS, batch=CASE.batch, optimizer=optimizer, seed=seed)


def vmapped() -> Means:
    """One call trains all: each network shuffles by a key of its own, and scans over its steps."""
    X, y = (jnp.array(part) for part in CASE.data())
    first = [CASE.network.init(seed) for seed in range(NETWORKS)]
    layers = [tuple(jnp.stack([p[f"{kind}{r}"] for p in first]) for kind in "Wb") for r in range(1, len(CASE.sizes))]

    def train(layers: Any, key: Any) -> Any:
        def epoch(state: Any, key: Any) -> Any:
            rows = jax.random.permutation(key, CASE.examples).reshape(CASE.steps, CASE.batch)
            return jax.lax.scan(lambda state, rows: step_of(CASE, state, (X[rows], y[rows])), state, rows)

        state = layers, jax.tree.map(jnp.zeros_like, layers)
        (layers, _), losses = jax.lax.scan(epoch, state, jax.random.split(key, EPOCHS))
        return layers, losses[-1].mean()

    whole, keys = jax.jit(jax.vmap(train)), jax.random.split(jax.random.key(0), NETWORKS)
    return lambda: float(jax.block_until_ready(whole(layers, keys))[1].mean())
