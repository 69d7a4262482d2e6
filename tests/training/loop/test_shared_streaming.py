"""Several processes, here threads, that share out the reading of Parquet files and make the batches of a single one."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from backpath.data.reading import parquet as parquet_module
from backpath.data.reading.parquet import ParquetSource
from backpath.engines.processes.company import ALONE, Company
from backpath.engines.processes.shares import Shares
from backpath.graph import DataError, ProcessError
from backpath.training.loop import streaming
from backpath.training.loop.streaming import Streamed
from backpath.training.runs.experiment import Experiment
from backpath.training.runs.settings import Settings

ROWS = 1000


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """A MiB is 1,000 bytes, so that the buffer is refilled often; few rows are read together."""
    monkeypatch.setattr(streaming, "MEBIBYTE", 1000)
    monkeypatch.setattr(streaming, "TOGETHER", 19)
    monkeypatch.setattr(parquet_module, "DECODED", 37)


@pytest.fixture
def path(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 3))
    table = pa.table({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": np.arange(ROWS) * 1.0})
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=150)
    return tmp_path / "t.parquet"


@dataclass
class Table:
    """What the threads of a company put on it for one another."""

    barrier: threading.Barrier
    held: list[Any]


@dataclass(frozen=True)
class Threads(Company):
    """Processes played by threads."""

    table: Any = None

    def _all(self, value):
        self.table.held[self.rank] = value
        self.table.barrier.wait(20)
        found = list(self.table.held)
        self.table.barrier.wait(20)
        return found

    def gathered(self, array):
        return np.stack(self._all(array))

    def exchanged(self, parts):
        return np.stack([given[self.rank] for given in self._all(parts)])


def in_company(size, work):
    """What ``work(company)`` returns, or the error that it raises, in each of so many threads."""
    table = Table(threading.Barrier(size), [None] * size)
    found = [None] * size

    def run(rank):
        try:
            found[rank] = work(Threads(rank, size, table))
        except Exception as error:
            found[rank] = error

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def batches(path, company, batch, stream, devices, epochs=2, first=0):
    """X and y of each step of some epochs, as this process takes them, and its feed."""
    s = Settings(layers=(4,), batch=batch, stream=stream, test=0.1)
    e = Experiment.prepare(ParquetSource(path), "y", s)
    seen = []

    def make(X, y, batch, weights):
        return lambda steps: seen.extend((batch, X.take(rows, float), y[rows].copy()) for rows in steps)

    streamed = Streamed(e.data, e.features, e.target, stream)
    feed = streamed.feed(e.network, make, batch, True, Shares(company, devices))
    rng = np.random.default_rng(0)
    for _ in range(epochs):
        feed.shuffle(rng)
        for steps, rows in feed.stretches(first, feed.steps):
            steps(rows)
    return seen, feed


@pytest.mark.parametrize(
    ("batch", "stream", "size", "devices", "first"),
    [(16, 1, 2, 2, 0), (16, 3, 2, 4, 20), (24, 2, 3, 3, 0), (12, 1000, 2, 2, 3), (4000, 1, 2, 2, 0), (18, 2, 3, 6, 0)],
)
def test_the_batches_are_those_of_one_process(path, batch, stream, size, devices, first):
    expected, alone = batches(path, ALONE, batch, stream, 1, first=first)
    found = in_company(size, lambda company: batches(path, company, batch, stream, devices, first=first))
    assert not [each for each in found if isinstance(each, Exception)], found
    assert {len(seen) for seen, _ in found} == {len(expected)}
    for k, (whole, X, y) in enumerate(expected):
        parts = [seen[k] for seen, _ in found]
        assert {part[0] for part in parts} == {whole}
        if whole % devices:
            for _, own, targets in parts:
                np.testing.assert_array_equal(own, X)
                np.testing.assert_array_equal(targets, y)
        else:
            assert {len(part[1]) for part in parts} == {whole // size}
            np.testing.assert_array_equal(np.concatenate([part[1] for part in parts]), X)
            np.testing.assert_array_equal(np.concatenate([part[2] for part in parts]), y)
    for _, feed in found:
        assert len(feed.X) <= alone.capacity // size + batch


def test_each_process_reads_a_part_of_the_rows(path, monkeypatch):
    read = {}
    stretch = ParquetSource.stretch

    def counting(self, group, first, until, columns=None):
        for frame in stretch(self, group, first, until, columns):
            read.setdefault(threading.get_ident(), []).append(len(frame))
            yield frame

    def work(company):
        s = Settings(layers=(4,), batch=16, stream=2, test=0.1)
        e = Experiment.prepare(ParquetSource(path), "y", s)
        streamed = Streamed(e.data, e.features, e.target, 2)
        feed = streamed.feed(e.network, lambda *_: None, 16, True, Shares(company, 2))
        feed.shuffle(np.random.default_rng(0))
        read[threading.get_ident()] = []
        for _ in feed.stretches(0, feed.steps):
            pass
        return sum(read[threading.get_ident()])

    monkeypatch.setattr(ParquetSource, "stretch", counting)
    found = in_company(2, work)
    assert max(found) < 0.6 * ROWS
    assert sum(found) < 1.2 * ROWS


def test_what_one_cannot_read_stops_all(path, monkeypatch):
    def work(company):
        if company.rank == 1:
            monkeypatch.setattr(Streamed, "stretch", failing_for(threading.get_ident(), Streamed.stretch))
        return batches(path, company, 16, 2, 2)

    first, second = in_company(2, work)
    assert isinstance(second, DataError)
    assert isinstance(first, ProcessError)
    assert str(first) == f"process 1 of 2 stopped: {second}"


def failing_for(thread, stretch):
    def read(self, groups, first, until):
        if threading.get_ident() == thread and first > 400:
            raise DataError("the disk is gone")
        return stretch(self, groups, first, until)

    return read


def test_shares_of_a_batch():
    two = Shares(Company(1, 2), 4)
    assert (two.rows(16), two.rows(16, 0), two.size(16), two.split(16)) == (slice(8, 16), slice(0, 8), 8, True)
    assert (two.rows(10), two.size(10), two.split(10)) == (slice(0, 10), 10, False)
    assert Shares().rows(7) == slice(0, 7)
