"""backpath's training loop on models of layers."""

from __future__ import annotations

import numpy as np

import backpath as bp
from backpath.training.loop.cores import usable_cores
from backpath.training.loop.epochs import Loop
from backpath.training.loop.examples import InMemory
from backpath.training.loop.rows import rows_of
from benchmarks.peers.models.cases import MOMENTUM, RATE, ModelCase
from benchmarks.peers.runners import Runner


def compiled_engine(case: ModelCase) -> Runner:
    return _runner(case, "compiled")


def xla_engine(case: ModelCase) -> Runner:
    return _runner(case, "xla")


def _runner(case: ModelCase, engine: str) -> Runner:
    model = case.model
    flat = np.empty(model.parameter_count, np.float32)
    for name, view in model.views(flat).items():
        view[...] = case.parameters()[name]
    X, y = case.data()
    made = Loop(
        model, flat, InMemory(rows_of(X), y), case.batch, bp.optimizers.sgd(RATE, MOMENTUM), 0, shuffle=False,
        engine=engine, threads=usable_cores(),
    )  # fmt: skip

    def run() -> float:
        with made.blas():
            return made.epoch().loss

    return run
