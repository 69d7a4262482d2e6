"""backpath's training loop, on either engine."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

import backpath as bp
from backpath.training.examples import InMemory
from backpath.training.loop import Loop
from backpath.training.rows import rows_of
from benchmarks.peers.cases import MOMENTUM, RATE, Case
from benchmarks.peers.runners import Runner


def loop(case: Case, engine: str, dtype: type = np.float32) -> Loop:
    """A loop at the case's initial weights, in the examples' own order."""
    network = case.network
    flat = np.empty(network.parameter_count, dtype)
    for view, value in zip(network.views(flat).values(), network.init(0).values(), strict=True):
        view[...] = value
    X, y = case.data()
    examples = InMemory(rows_of(X), y)
    optimizer = bp.optimizers.sgd(RATE, MOMENTUM)
    options = engine_option(Loop, engine)
    return Loop(network, flat, examples, case.batch, optimizer, 0, shuffle=False, **options)


def engine_option(function: Callable[..., Any], engine: str) -> dict[str, Any]:
    """The argument that chooses the engine.

    Raises:
        NotImplementedError: if there is no choice yet, and it is not NumPy.
    """
    if "engine" in inspect.signature(function).parameters:
        return {"engine": engine}
    if engine not in ("numpy", "auto"):
        raise NotImplementedError(f"backpath has no {engine} engine yet")
    return {}


def numpy_engine(case: Case) -> Runner:
    return _runner(case, "numpy")


def compiled_engine(case: Case) -> Runner:
    return _runner(case, "compiled")


def _runner(case: Case, engine: str) -> Runner:
    made = loop(case, engine)
    return lambda: made.epoch().loss
