"""Real processes over loopback: what they train together is what one process trains."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import hosts_worker
import numpy as np
import pyarrow as pa
import pytest
from hosts_worker import SHARDS, trainings
from pyarrow import parquet

from backpath.training.launch.team import free_address

QUICKLY = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
"""How to compile what runs for less time than its compilation takes."""

WORKER = Path(str(hosts_worker.__file__))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("hosts")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 5))
    table = {f"x{k}": x[:, k] for k in range(5)} | {"y": np.sin(x[:, 0]) + x[:, 1] * x[:, 2]}
    parquet.write_table(pa.table(table), place / "rows.parquet", row_group_size=170)
    return place


def processes(count, devices, *command):
    """Runs a command in so many processes, each with so many devices."""
    where = {"JAX_COORDINATOR_ADDRESS": free_address(), "JAX_NUM_PROCESSES": str(count), "XLA_FLAGS": QUICKLY}
    team = [
        subprocess.Popen(
            [sys.executable, *map(str, command)],
            env={**os.environ, **where, "JAX_PROCESS_ID": str(rank), "JAX_NUM_CPU_DEVICES": str(devices)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(count)
    ]
    try:
        told = [process.communicate(timeout=300)[0] for process in team]
    finally:
        for process in team:
            process.kill()
    assert [process.returncode for process in team] == [0] * count, "\n".join(told)


def test_two_processes_of_two_devices_train_what_one_does(folder):
    processes(2, 2, WORKER, folder)
    found = dict(np.load(folder / "found.npz"))
    expected = dict(trainings(folder, shards=SHARDS[:1]))
    assert len(found) == 4
    for name, values in found.items():
        alone = expected[f"{name.split(',')[0]}, shard=None"]
        assert np.abs(values - alone).max() <= 1e-10 * np.abs(alone).max(), name
