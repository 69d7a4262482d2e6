"""Training on rows that stay on disk: row groups in a random order, shuffled within a buffer of fixed size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from backpath.data.features import Features
from backpath.data.parts import ParquetData
from backpath.data.target import Target
from backpath.engines import Steps
from backpath.graph import DataError
from backpath.nets import Model
from backpath.training.loop.examples import Examples, Feed, Make
from backpath.training.loop.rows import DenseRows, Rows

MEBIBYTE = 2**20
Block = tuple[np.ndarray, np.ndarray]
"""Features and targets of some rows."""


@dataclass(frozen=True)
class Streamed(Examples):
    """The training rows of Parquet files, read anew in each epoch.

    An epoch takes the row groups in a random order, and the rows that fill the buffer in a random order. In memory are
    the buffer, and one row group.

    Attributes:
        data: where they are.
        features: how they are read.
        target: what is learned.
        buffer: MiB of features that are shuffled together.
    """

    data: ParquetData
    features: Features
    target: Target
    buffer: int

    @property
    def at_hand(self) -> Rows:
        return self._sample

    @cached_property
    def _sample(self) -> Rows:
        return DenseRows(self.features.transform(*self.data.learning))

    def __len__(self) -> int:
        return self.data.sizes["train"]

    def identity(self) -> str:
        d = self.data
        facts = [self.features.to_json(), self.target.to_json(), self.buffer, d.test, d.validation, d.seed]
        return json.dumps([d.file.identity(), *facts])

    def feed(self, model: Model, make: Make, batch: int, shuffle: bool) -> Feed:
        return _Buffered(self, model, make, batch)

    def blocks(self, groups: np.ndarray) -> Iterator[Block]:
        """Features and targets of these row groups, a few thousand rows at a time."""
        for frame, rows in self.data.of_groups("train", groups):
            if len(rows):
                yield self.features.transform(frame, rows), self.target.encode(frame, rows)


class _Buffered(Feed):
    """Fills a buffer with rows as they come, and gives batches of it in a random order, until it is used up."""

    def __init__(self, examples: Streamed, model: Model, make: Make, batch: int):
        self._cut(len(examples), batch)
        self.given, self.model, self.batch = examples, model, batch
        width, total = examples.features.width, len(examples)
        fitting = examples.buffer * MEBIBYTE // (4 * width)
        # Whole batches, so that none is of rows before and after a refill.
        self.capacity = total if fitting >= total else max(batch, fitting // batch * batch)
        self.X = np.empty((self.capacity, width), np.float32)
        self.y = self._as_network_reads(examples.target.encode(*examples.data.learning))[:1].repeat(self.capacity, 0)
        self.order = np.arange(self.capacity)
        sizes = {min(batch, total), total % batch} - {0}
        self.makers = {n: make(DenseRows(self.X, changing=True), self.y, n, None) for n in sorted(sizes)}
        self.key, self.held = 0, -1
        self.position, self.count = 0, 0
        self.stream: Iterator[Block] = iter(())
        self.left: Block | None = None

    def shuffle(self, rng: Any) -> None:
        self.key, self.held = int(rng.integers(2**63)), -1
        self.groups = np.random.default_rng(self.key).permutation(len(self.given.data.file.groups))
        self._seek(0)

    def stretches(self, first: int, until: int) -> Iterator[tuple[Steps, np.ndarray]]:
        step = first
        while step < until:
            rows = self._rows(step)
            within = step * self.batch % self.capacity
            whole = min((self.count - within) // self.batch, until - step)
            if whole:
                rows = self.order[within : within + whole * self.batch]
            yield self.makers[len(rows) // max(whole, 1)], rows.reshape(max(whole, 1), -1)
            step += max(whole, 1)

    def examples(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self._rows(step)
        return self.X[rows], self.y[rows]

    def _rows(self, step: int) -> np.ndarray:
        fill, within = divmod(step * self.batch, self.capacity)
        if fill != self.held:
            self._fill(fill)
        return self.order[within : min(within + self.batch, self.count)]

    def _fill(self, fill: int) -> None:
        start = fill * self.capacity
        if self.position != start:
            self._seek(start)
        self.count = min(self.capacity, len(self.given) - start)
        filled = 0
        while filled < self.count:
            block = self.left or next(self.stream, None)
            if block is None:
                raise DataError(f"{self.given.data.source} has changed on disk since training began")
            X, y = block
            taken = min(len(X), self.count - filled)
            self.X[filled : filled + taken] = X[:taken]
            self.y[filled : filled + taken] = self._as_network_reads(y[:taken])
            filled += taken
            self.left = (X[taken:], y[taken:]) if taken < len(X) else None
        self.position = start + self.count
        self.order = np.random.default_rng([self.key, fill]).permutation(self.count)
        self.held = fill

    def _seek(self, position: int) -> None:
        """The stream from so many rows on."""
        counts = self.given.data.counts["train"][self.groups]
        before = np.cumsum(counts) - counts
        first = int(np.searchsorted(before, position, side="right")) - 1
        self.stream = _skipped(self.given.blocks(self.groups[first:]), position - int(before[first]))
        self.position, self.left = position, None

    def _as_network_reads(self, y: np.ndarray) -> np.ndarray:
        return self.model.checked_targets(y)


def _skipped(blocks: Iterator[Block], rows: int) -> Iterator[Block]:
    for X, y in blocks:
        if rows < len(X):
            yield X[rows:], y[rows:]
        rows = max(0, rows - len(X))
