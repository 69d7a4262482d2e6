"""Layers trained on rows that stay on disk."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from stopping import Stopping

import backpath as bp
from backpath.data.reading.parquet import ParquetSource
from backpath.nets import layers
from backpath.training.checkpoints.saver import Interrupted
from backpath.training.runs.experiment import Experiment
from backpath.training.runs.settings import Settings


def test_layers_learn_from_disk_and_go_on_to_the_same_bits(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((600, 3))
    table = pa.table({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "way": np.where(x.sum(axis=1) > 0, "up", "down")})
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=90)
    settings = Settings(epochs=6, layers=(4,), batch=16, stream=1)
    e = Experiment.prepare(ParquetSource(tmp_path / "t.parquet"), "way", settings)
    parts = [layers.Dense(8), layers.BatchNorm(), layers.Activation("tanh"), layers.Dropout(0.1), layers.Dense(2)]
    e = replace(e, network=bp.nets.Sequential(parts, inputs=3))
    whole = e.train()
    assert whole.history[-1].loss < 0.5 * whole.history[0].loss
    with pytest.raises(Interrupted):
        e.train(saver=Stopping(tmp_path / "c", 70))
    again = e.train(saver=Stopping(tmp_path / "c", 10**6))
    assert all(np.array_equal(again.parameters[name], value) for name, value in whole.parameters.items())
