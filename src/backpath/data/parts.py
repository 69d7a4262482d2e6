"""Rows parted into those that train, choose and judge: in memory, or streamed from disk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backpath.data.frame import Frame
from backpath.data.reading.on_disk import OnDisk
from backpath.data.split import Split, check_fractions
from backpath.graph import DataError

PARTS = ("train", "validation", "test")
SAMPLE, SAMPLED = 20_000, 1 << 22
"""Training rows from which features are learned where not all are in memory, and the numbers that they may hold."""


class Data(ABC):
    """A frame in three parts."""

    @property
    @abstractmethod
    def source(self) -> str:
        """As messages name it."""

    @property
    @abstractmethod
    def sizes(self) -> Mapping[str, int]:
        """How many rows each of ``PARTS`` has."""

    @property
    @abstractmethod
    def learning(self) -> tuple[Frame, np.ndarray]:
        """A frame and its training rows, from which features and target are learned."""

    @abstractmethod
    def whole(self) -> Iterator[Frame]:
        """All rows, of whatever part."""

    @abstractmethod
    def frames(self, part: str) -> Iterator[tuple[Frame, np.ndarray]]:
        """All rows of a part: frames, each with those of its rows that are of it."""


@dataclass(frozen=True)
class FrameData(Data):
    """A frame in memory.

    Attributes:
        frame: all rows.
        parts: their numbers.
    """

    frame: Frame
    parts: Split

    @property
    def source(self) -> str:
        return self.frame.source

    @property
    def sizes(self) -> Mapping[str, int]:
        return {part: len(getattr(self.parts, part)) for part in PARTS}

    @property
    def learning(self) -> tuple[Frame, np.ndarray]:
        return self.frame, self.parts.train

    def whole(self) -> Iterator[Frame]:
        yield self.frame

    def frames(self, part: str) -> Iterator[tuple[Frame, np.ndarray]]:
        yield self.frame, getattr(self.parts, part)


@dataclass(frozen=True)
class DiskData(Data):
    """Rows on disk; each falls into a part by a draw of its own.

    Attributes:
        file: where they are.
        test: the probability of the test part.
        validation: that of the validation part.
        seed: of the draws.
    """

    file: OnDisk
    test: float
    validation: float
    seed: int

    def __post_init__(self) -> None:
        check_fractions(self.test, self.validation)
        if not self.sizes["train"]:
            raise DataError(f"{self.source} has {len(self.file)} rows, of which none fell into the training part")

    @property
    def source(self) -> str:
        return self.file.source

    @cached_property
    def counts(self) -> Mapping[str, np.ndarray]:
        """How many rows of each row group are in each part."""
        drawn = [np.bincount(self.draw(group), minlength=len(PARTS)) for group in range(len(self.file.groups))]
        return dict(zip(PARTS, np.array(drawn).T, strict=True))

    @property
    def sizes(self) -> Mapping[str, int]:
        return {part: int(counts.sum()) for part, counts in self.counts.items()}

    def draw(self, group: int) -> np.ndarray:
        """The part of each row of a row group, as its position in ``PARTS``."""
        drawn = np.random.default_rng([self.seed, 5, group]).random(self.file.groups[group])
        return (drawn < self.test + self.validation).astype(np.int8) + (drawn < self.test)

    def whole(self) -> Iterator[Frame]:
        return self.file.frames()

    def frames(self, part: str) -> Iterator[tuple[Frame, np.ndarray]]:
        return self.of_groups(part, range(len(self.file.groups)))

    def of_groups(self, part: str, groups: np.ndarray | range) -> Iterator[tuple[Frame, np.ndarray]]:
        """Rows of a part that are in these row groups, in this order."""
        for group in map(int, groups):
            chosen = self.draw(group) == PARTS.index(part)
            for frame in self.file.frames([group]):
                assert frame.numbers is not None
                yield frame, np.flatnonzero(chosen[frame.numbers - self.file.starts[group]])

    def stretch(self, part: str, group: int, first: int, until: int) -> Iterator[tuple[Frame, np.ndarray]]:
        """Some of the rows that a part has in a row group, without the rest of the group."""
        chosen = np.flatnonzero(self.draw(group) == PARTS.index(part))[first:until]
        for frame in self.file.stretch(group, int(chosen[0]), int(chosen[-1]) + 1):
            assert frame.numbers is not None
            yield frame, np.flatnonzero(np.isin(frame.numbers - self.file.starts[group], chosen))

    @property
    def learning(self) -> tuple[Frame, np.ndarray]:
        return self._sample, np.arange(len(self._sample))

    @cached_property
    def _sample(self) -> Frame:
        import polars as pl

        rate = min(SAMPLE, max(SAMPLED // self.file.width, 64)) / self.sizes["train"]
        rng = np.random.default_rng([self.seed, 6])
        taken, numbers, shapes, lines = [], [], {}, None
        for frame, rows in self.frames("train"):
            assert frame.numbers is not None
            some = rows[rng.random(len(rows)) < rate]
            taken.append(frame.data[some])
            numbers.append(frame.numbers[some])
            shapes, lines = frame.shapes, frame.lines
        data, found = pl.concat(taken, rechunk=True), np.concatenate(numbers)
        return Frame(self.source, data, words=self.file.words, numbers=found, shapes=shapes, lines=lines)

    def all_cells(self, column: str) -> Iterator[Frame]:
        """A column of all rows, a part at a time."""
        return self.file.frames(columns=[column])
