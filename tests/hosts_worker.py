"""One process of several, started by test_hosts.py: trains in each way, and process 0 writes what came out."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

import backpath as bp
from backpath.data.reading.parquet import ParquetSource
from backpath.engines.processes.discovery import discovered
from backpath.engines.processes.joining import join, leave
from backpath.engines.xla import steps
from backpath.training.loop import streaming
from backpath.training.loop.streaming import Streamed
from backpath.training.runs.experiment import Experiment
from backpath.training.runs.settings import Settings

SHARDS = (None, "parameters")


def trainings(folder: Path, cut=(), **where):
    """Flat parameters and losses of each way of training, by name; 200 steps each, the last of an epoch uneven.

    Those whose names are ``cut`` have their parameters in pieces, where each device holds all.
    """
    flat_up_to = steps.PIECES
    streaming.MEBIBYTE = 4000  # The buffer is filled several times an epoch.
    streaming.TOGETHER = 50
    s = Settings(layers=(12,), batch=16, stream=2, test=0.1)
    e = Experiment.prepare(ParquetSource(folder / "rows.parquet"), "y", s)
    streamed = Streamed(e.data, e.features, e.target, s.stream)
    X, y = e.examples
    network = bp.Network([X.shape[1], 12, 1], loss="squared_error", dropout=0.1)
    optimizer = bp.optimizers.chain(bp.optimizers.ClipByGlobalNorm(1.0), bp.optimizers.adam(1e-3))
    epochs = -(-200 // -(-len(streamed) // 16))
    weights = np.random.default_rng(3).uniform(0.5, 1, len(X))
    for shard in where.pop("shards", SHARDS):
        for name, given in (("streamed", (streamed,)), ("in memory", (X, y))):
            steps.PIECES = 0 if name in cut else flat_up_to
            extra = {"weights": weights} if len(given) == 2 else {}
            fitted = bp.fit(
                network,
                *given,
                epochs=epochs,
                batch=16,
                optimizer=optimizer,
                average=bp.PolyakAverage(),
                dtype=np.float64,
                engine="xla",
                shard=shard,
                seed=5,
                **extra,
                **where,
            )
            flat = np.concatenate([np.ravel(p) for p in bp.ops.leaves_of(fitted.parameters)])
            yield f"{name}, shard={shard}", np.append(flat, [epoch.loss for epoch in fitted.history])


if __name__ == "__main__":
    ours = join(discovered(os.environ))
    found = dict(trainings(Path(sys.argv[1]), cut=["streamed"]))
    if ours.first:
        np.savez(Path(sys.argv[1]) / "found.npz", **found)
    leave(ours)
