"""Training on rows that stay on disk: row groups in a random order, shuffled within a buffer of fixed size."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from backpath.data.features import Features
from backpath.data.frame import Frame
from backpath.data.grids import Grid, shape_of
from backpath.data.parts import DiskData
from backpath.data.target import Target
from backpath.engines import Steps
from backpath.engines.processes.shares import WHOLE, Shares
from backpath.engines.processes.signs import getting_on
from backpath.graph import DataError
from backpath.nets import Model
from backpath.training.loop.examples import Examples, Feed, Make
from backpath.training.loop.rows import DenseRows, Rows, rows_of

MEBIBYTE = 2**20
TOGETHER = 16_384
"""Rows that a process reads before it gives the others theirs."""

Block = tuple[np.ndarray, np.ndarray]
"""Features and targets of some rows."""


@dataclass(frozen=True)
class Streamed(Examples):
    """Training rows that stay on disk, read anew in each epoch.

    An epoch takes the groups of rows in a random order, and the rows that fill the buffer in a random order. In memory
    are the buffer, and one group.

    Attributes:
        data: where they are.
        features: how they are read.
        target: what is learned.
        buffer: MiB of features that are shuffled together.
    """

    data: DiskData
    features: Features | Grid
    target: Target
    buffer: int

    @property
    def at_hand(self) -> Rows:
        return self._sample

    @cached_property
    def _sample(self) -> Rows:
        return rows_of(self.features.transform(*self.data.learning))

    def __len__(self) -> int:
        return self.data.sizes["train"]

    def identity(self) -> str:
        d = self.data
        facts = [self.features.to_json(), self.target.to_json(), self.buffer, d.test, d.validation, d.seed]
        return json.dumps([d.file.identity(), *facts])

    def feed(self, model: Model, make: Make, batch: int, shuffle: bool, shares: Shares = WHOLE) -> Feed:
        kind = _Buffered if shares.company.size == 1 else _Shared
        return kind(self, model, make, batch, shares)

    def blocks(self, groups: np.ndarray) -> Iterator[Block]:
        """Features and targets of these row groups, a few thousand rows at a time."""
        return self._read(self.data.of_groups("train", groups))

    def stretch(self, groups: np.ndarray, first: int, until: int) -> Iterator[Block]:
        """Likewise of some neighbouring rows of these row groups in turn, without the others."""
        counts = self.data.counts["train"][groups]
        begins = np.cumsum(counts) - counts
        for group, begin, count in zip(map(int, groups), map(int, begins), map(int, counts), strict=True):
            inside = max(first - begin, 0), min(until - begin, count)
            if inside[0] < inside[1]:
                yield from self._read(self.data.stretch("train", group, *inside))

    def _read(self, frames: Iterator[tuple[Frame, np.ndarray]]) -> Iterator[Block]:
        for frame, rows in frames:
            getting_on()
            if len(rows):
                X = self.features.transform(frame, rows)
                yield X.reshape(len(rows), -1), self.target.encode(frame, rows)


class _Buffered(Feed):
    """Fills a buffer with rows as they come, and gives batches of it in a random order, until it is used up."""

    def __init__(self, examples: Streamed, model: Model, make: Make, batch: int, shares: Shares):
        self._cut(len(examples), batch)
        self.given, self.model, self.batch, self.shares = examples, model, batch, shares
        width, total = math.prod(shape_of(examples.features)), len(examples)
        dtype = model.input_dtype(np.float32)
        fitting = examples.buffer * MEBIBYTE // (dtype.itemsize * width)
        # Whole batches, so that none is of rows before and after a refill.
        self.capacity = total if fitting >= total else max(batch, fitting // batch * batch)
        room = self._room()
        self.X = np.empty((room, width), dtype)
        self.y = self._as_network_reads(examples.target.encode(*examples.data.learning))[:1].repeat(room, 0)
        self.order = np.arange(room)
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
                start = self._place(within)
                rows = self.order[start : start + whole * len(rows)]
            yield self.makers[self.batch if whole else self.count - within], rows.reshape(max(whole, 1), -1)
            step += max(whole, 1)

    def _room(self) -> int:
        """How many rows there is room for."""
        return self.capacity

    def _place(self, within: int) -> int:
        """Where in the order the batch is that begins so many rows after a fill does."""
        return within

    def examples(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self._rows(step)
        return self.X[rows], self.y[rows]

    def _rows(self, step: int) -> np.ndarray:
        fill, within = divmod(step * self.batch, self.capacity)
        if fill != self.held:
            self._fill(fill)
        start = self._place(within)
        return self.order[start : start + self.shares.size(min(self.batch, self.count - within))]

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


class _Shared(_Buffered):
    """The same batches in company: each process reads a part of a fill, and holds its rows of each batch alone.

    What others need of its part it gives them, so that the rows of a batch do not depend on the number of processes.
    """

    def _room(self) -> int:
        whole, rest = divmod(self.capacity, self.batch)
        return whole * self.shares.size(self.batch) + self.shares.size(rest)

    def _place(self, within: int) -> int:
        return within // self.batch * self.shares.size(self.batch)

    def _fill(self, fill: int) -> None:
        start = fill * self.capacity
        self.count = min(self.capacity, len(self.given) - start)
        order = np.random.default_rng([self.key, fill]).permutation(self.count)
        company = self.shares.company
        wanted = [self._wanted(order, rank) for rank in range(company.size)]
        # Where each process holds the rows of the fill; -1 for those that it does not need.
        places = np.full((company.size, self.count), -1)
        for place, rows in zip(places, wanted, strict=True):
            place[rows] = np.arange(len(rows))
        bounds = np.arange(company.size + 1) * self.count // company.size
        for first in range(0, int(np.diff(bounds).max()), TOGETHER):
            self._round(start, places, np.minimum(bounds[:-1] + first, bounds[1:]), bounds[1:])
        self.order = np.arange(len(wanted[company.rank]))
        self.held = fill

    def _wanted(self, order: np.ndarray, rank: int) -> np.ndarray:
        """The rows of a fill that a process makes steps on, in their order."""
        whole = len(order) // self.batch * self.batch
        batches = order[:whole].reshape(-1, self.batch)[:, self.shares.rows(self.batch, rank)]
        rest = order[whole:]
        return np.concatenate([batches.reshape(-1), rest[self.shares.rows(len(rest), rank)]])

    def _round(self, start: int, places: np.ndarray, firsts: np.ndarray, bounds: np.ndarray) -> None:
        """Each process reads some rows of its part of a fill, and all take what they need of them."""
        company = self.shares.company
        lasts = np.minimum(firsts + TOGETHER, bounds)
        own = slice(int(firsts[company.rank]), int(lasts[company.rank]))
        X, y = company.all_or_none(lambda: self._read(start + own.start, start + own.stop))
        taken = [np.flatnonzero(place[own] >= 0) for place in places]
        most = max(int((places[:, a:b] >= 0).sum(axis=1).max()) for a, b in zip(firsts, lasts, strict=True))
        # Of few different sizes: each new one is compiled.
        most = 1 << most.bit_length()
        for array, into in ((X, self.X), (y, self.y)):
            given = np.zeros((company.size, most, *into.shape[1:]), into.dtype)
            for rank, rows in enumerate(taken):
                given[rank, : len(rows)] = array[rows]
            found = company.exchanged(given)
            for rank, (a, b) in enumerate(zip(firsts, lasts, strict=True)):
                mine = places[company.rank, a:b]
                mine = mine[mine >= 0]
                into[mine] = found[rank, : len(mine)]

    def _read(self, first: int, until: int) -> Block:
        """Rows of the epoch from one number to before another."""
        blocks = list(self.given.stretch(self.groups, first, until))
        X = np.concatenate([X for X, _ in blocks]) if blocks else self.X[:0]
        y = np.concatenate([self._as_network_reads(y) for _, y in blocks]) if blocks else self.y[:0]
        if len(X) != until - first:
            raise DataError(f"{self.given.data.source} has changed on disk since training began")
        return X, y

    def _seek(self, position: int) -> None:
        self.position = position


def _skipped(blocks: Iterator[Block], rows: int) -> Iterator[Block]:
    for X, y in blocks:
        if rows < len(X):
            yield X[rows:], y[rows:]
        rows = max(0, rows - len(X))
