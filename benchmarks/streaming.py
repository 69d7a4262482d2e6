"""Memory and speed of training on a Parquet file that stays on disk, at growing sizes, each in a process of its own.

Prints peak resident memory over that of the process before training, and rows a second; in memory for comparison.

Run with ``python benchmarks/streaming.py [--rows 250000 1000000 4000000]``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from own_process import act, acted, peak

COLUMNS, GROUP, BUFFER = 50, 65_536, 64


def write(path: str, rows: str) -> None:
    """A file of random float32 columns and two classes, made a row group at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    rng = np.random.default_rng(0)
    schema = pa.schema([*((f"x{k}", pa.float32()) for k in range(COLUMNS)), ("way", pa.string())])
    with parquet.ParquetWriter(path, schema) as file:
        for start in range(0, int(rows), GROUP):
            X = rng.standard_normal((min(GROUP, int(rows) - start), COLUMNS)).astype(np.float32)
            way = np.where(X[:, :5].sum(axis=1) > 0, "up", "down")
            file.write_table(pa.Table.from_arrays([*X.T, way], schema=schema), row_group_size=GROUP)


def measure(path: str, stream: str) -> dict[str, float]:
    """What it takes to train for an epoch."""
    import polars  # noqa: F401

    from backpath.data.reading.files import read_frame
    from backpath.data.reading.parquet import ParquetSource
    from backpath.training.runs.experiment import Experiment
    from backpath.training.runs.settings import Settings

    settings = Settings(epochs=1, layers=(64,), batch=256, stream=int(stream))
    # A first run on few rows, so that code and libraries are loaded.
    Experiment.prepare(ParquetSource(f"{path}.small.parquet"), "way", settings).train()
    before, started = peak(), time.perf_counter()
    experiment = Experiment.prepare(ParquetSource(path) if int(stream) else read_frame(path), "way", settings)
    rows = experiment.data.sizes["train"]
    prepared = time.perf_counter()
    trained = experiment.train()
    ended = time.perf_counter()
    scores = experiment.tallies(experiment.model(trained))["test"].scores()
    told = {"grown": peak() - before, "prepare": prepared - started, "rate": rows / (ended - prepared)}
    return {**told, **scores}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[250_000, 1_000_000, 4_000_000])
    options = parser.parse_args()
    print(f"{COLUMNS} float32 columns, row groups of {GROUP:,}, buffer {BUFFER} MiB\n")
    print("| rows | file MiB | | memory grew by MiB | prepare s | training rows/s | test accuracy |")
    print("|---:|---:|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for rows in options.rows:
            path = Path(folder) / f"{rows}.parquet"
            for file, count in ((path, rows), (path.with_name(f"{path.name}.small.parquet"), 1000)):
                act(__file__, "write", file, count)
            for stream in (BUFFER, 0):
                told = act(__file__, "measure", path, stream)
                print(
                    f"| {rows:,} | {path.stat().st_size / 2**20:.0f} | {'streamed' if stream else 'in memory'} | "
                    f"{told['grown']:.0f} | {told['prepare']:.1f} | {told['rate']:,.0f} | {told['accuracy']:.4f} |",
                    flush=True,
                )
            path.unlink()


if __name__ == "__main__" and not acted({"write": write, "measure": measure}):
    main()
