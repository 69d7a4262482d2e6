"""What a CSV file costs: time and memory until training starts, of a short training as a whole, and of predicting.

Each figure is of a process of its own; processor seconds are told beside those of the clock, since a busy machine has
few of the latter to give. Polars and pandas read the same file for comparison.

Run with ``python benchmarks/tables.py [--rows 1000000]``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from own_process import act, acted, peak

SHORT = 300_000
"""Rows of the training that is timed as a whole."""

ONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""Whole commands compute on one thread: where others use the cores, two would wait for one another."""


def write(path: str, rows: str) -> None:
    """Eight numbers, a category, and two classes to predict."""
    import polars as pl

    rng = np.random.default_rng(0)
    X = rng.standard_normal((int(rows), 8)).round(6)
    columns = {f"x{k}": X[:, k] for k in range(8)}
    columns["city"] = rng.choice(["Oslo", "Rome", "Paris", "Lima"], int(rows))
    columns["way"] = np.where(X[:, 0] + X[:, 1] > 0, "up", "down")
    pl.DataFrame(columns).write_csv(path)


def measure(what: str, path: str) -> dict[str, float]:
    """What it takes to do one thing."""
    act = _ACTS[what]()
    before, started, worked = peak(), time.perf_counter(), time.process_time()
    act(path)
    took = {"seconds": time.perf_counter() - started, "processor": time.process_time() - worked}
    return {**took, "peak": peak(), "grown": peak() - before}


def _polars() -> Callable[[str], Any]:
    import polars as pl

    return pl.read_csv


def _pandas() -> Callable[[str], Any]:
    import pandas as pd

    return pd.read_csv


def _ours() -> Callable[[str], Any]:
    from backpath.data.reading.files import read_frame

    return lambda path: read_frame(path, as_text=["way"])


def _start() -> Callable[[str], Any]:
    """All that is done before the first step: reading, splitting, features."""
    import polars  # noqa: F401

    from backpath.cli.sources import open_source
    from backpath.training.runs.experiment import Experiment
    from backpath.training.runs.settings import Settings

    def start(path: str) -> None:
        frame, _ = open_source(path, as_text=["way"])
        experiment = Experiment.prepare(frame, "way", Settings())
        print(len(experiment.examples[0]), file=sys.stderr)

    return start


_ACTS: dict[str, Callable[[], Callable[[str], Any]]] = {
    "read by Polars": _polars,
    "read by pandas": _pandas,
    "read by backpath": _ours,
    "until training starts": _start,
}


def _command(*words: str) -> dict[str, float]:
    """What ``backpath`` takes from the start of its process to its end."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "backpath", *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **ONE})
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, words
    took = {"seconds": time.perf_counter() - started, "processor": used.ru_utime + used.ru_stime}
    return {**took, "peak": used.ru_maxrss / 1024}


def _told(what: str, path: Path, took: dict[str, float]) -> None:
    size = path.stat().st_size / 2**20
    print(
        f"| {what} | {size:.0f} | {took['seconds']:.2f} | {took['processor']:.2f} | {took['peak']:.0f} | "
        f"{took['peak'] / size:.1f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    print("| | file MiB | s | processor s | peak MiB | in sizes of the file |\n|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        path, short, run = Path(folder) / "long.csv", Path(folder) / "short.csv", str(Path(folder) / "run")
        for file, rows in ((path, options.rows), (short, SHORT)):
            act(__file__, "write", file, rows)
        for what in _ACTS:
            _told(f"{what}, {options.rows:,} rows", path, act(__file__, "measure", what, path))
        words = ("train", str(short), "--target", "way", "--epochs", "2", "--threads", "1", "--out", run)
        _told(f"two epochs of {SHORT:,} rows, the whole process", short, _command(*words))
        words = ("predict", run, str(path), "--out", str(Path(folder) / "p.csv"))
        _told(f"predict {options.rows:,} rows, the whole process", path, _command(*words))


if __name__ == "__main__" and not acted({"write": write, "measure": measure}):
    main()
