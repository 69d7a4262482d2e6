"""backpath's training loop, on each engine."""

from __future__ import annotations

import numpy as np

import backpath as bp
from backpath.training.loop.cores import usable_cores
from backpath.training.loop.epochs import Loop
from backpath.training.loop.examples import InMemory
from backpath.training.loop.rows import rows_of
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
    return Loop(network, flat, examples, case.batch, optimizer, 0, shuffle=False, engine=engine, threads=usable_cores())


def numpy_engine(case: Case) -> Runner:
    return _runner(case, "numpy")


def compiled_engine(case: Case) -> Runner:
    return _runner(case, "compiled")


def xla_engine(case: Case) -> Runner:
    return _runner(case, "xla")


def _runner(case: Case, engine: str) -> Runner:
    made = loop(case, engine)

    def run() -> float:
        with made.blas():
            return made.epoch().loss

    return run
