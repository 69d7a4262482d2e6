"""Memory and speed of training on a Parquet file that stays on disk, at growing sizes, each in a process of its own.

Prints peak resident memory over that of the process before training, and rows a second; in memory for comparison.

Run with ``python benchmarks/streaming.py [--rows 250000 1000000 4000000]``.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

COLUMNS, GROUP, BUFFER = 50, 65_536, 64


def write(path: Path, rows: int) -> None:
    """A file of random float32 columns and two classes, made a row group at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    rng = np.random.default_rng(0)
    schema = pa.schema([*((f"x{k}", pa.float32()) for k in range(COLUMNS)), ("way", pa.string())])
    with parquet.ParquetWriter(path, schema) as file:
        for start in range(0, rows, GROUP):
            X = rng.standard_normal((min(GROUP, rows - start), COLUMNS)).astype(np.float32)
            way = np.where(X[:, :5].sum(axis=1) > 0, "up", "down")
            file.write_table(pa.Table.from_arrays([*X.T, way], schema=schema), row_group_size=GROUP)


def peak() -> float:
    """MiB of resident memory at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(path: str, stream: int) -> None:
    """Train for an epoch, and print what it took."""
    import polars  # noqa: F401

    from backpath.data.reading.files import read_frame
    from backpath.data.reading.parquet import ParquetSource
    from backpath.training.runs.experiment import Experiment
    from backpath.training.runs.settings import Settings

    settings = Settings(epochs=1, layers=(64,), batch=256, stream=stream)
    # A first run on few rows, so that code and libraries are loaded.
    Experiment.prepare(ParquetSource(f"{path}.small.parquet"), "way", settings).train()
    before, started = peak(), time.perf_counter()
    experiment = Experiment.prepare(ParquetSource(path) if stream else read_frame(path), "way", settings)
    rows = experiment.data.sizes["train"]
    prepared = time.perf_counter()
    trained = experiment.train()
    ended = time.perf_counter()
    scores = experiment.tallies(experiment.model(trained))["test"].scores()
    told = {"grown": peak() - before, "prepare": prepared - started, "rate": rows / (ended - prepared)}
    print(json.dumps({**told, **scores}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[250_000, 1_000_000, 4_000_000])
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--write", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write(Path(options.write[0]), int(options.write[1]))
        return
    if options.measure:
        measure(options.measure[0], int(options.measure[1]))
        return
    print(f"{COLUMNS} float32 columns, row groups of {GROUP:,}, buffer {BUFFER} MiB\n")
    print("| rows | file MiB | | memory grew by MiB | prepare s | training rows/s | test accuracy |")
    print("|---:|---:|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for rows in options.rows:
            path = Path(folder) / f"{rows}.parquet"
            # In processes of their own, since memory at most is handed on to those that are started.
            for file, count in ((path, rows), (path.with_name(f"{path.name}.small.parquet"), 1000)):
                subprocess.run([sys.executable, __file__, "--write", str(file), str(count)], check=True)
            for stream in (BUFFER, 0):
                command = [sys.executable, __file__, "--measure", str(path), str(stream)]
                told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                print(
                    f"| {rows:,} | {path.stat().st_size / 2**20:.0f} | {'streamed' if stream else 'in memory'} | "
                    f"{told['grown']:.0f} | {told['prepare']:.1f} | {told['rate']:,.0f} | {told['accuracy']:.4f} |",
                    flush=True,
                )
            path.unlink()


if __name__ == "__main__":
    main()
