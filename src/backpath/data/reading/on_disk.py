"""Rows that stay on disk, of which a few are in memory at a time."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from backpath.data.frame import Frame
from backpath.data.words import Words
from backpath.graph import DataError

GROUP = 1 << 20
"""Bytes of the rows that are read together, where a file has no groups of its own."""


class OnDisk(ABC):
    """Rows in groups, each of which can be read without the others.

    Attributes:
        source: as messages name it.
        names: of the columns; an array is one.
        words: what says that a cell has no value.
        groups: how many rows each group has, in order.
        starts: the number of each group's first row.
        width: about how many numbers a row holds.
    """

    source: str
    names: tuple[str, ...]
    words: Words
    groups: np.ndarray
    width: int

    def _grouped(self, groups: Iterable[int]) -> None:
        self.groups = np.array(list(groups), int)
        if not self.groups.sum():
            raise DataError(f"{self.source} has no rows")
        self.starts = np.cumsum(self.groups) - self.groups

    def _in_even_groups(self, rows: int, row_bytes: float) -> None:
        """Groups of about ``GROUP`` bytes."""
        each = max(1, int(GROUP // max(row_bytes, 1)))
        self._grouped(np.minimum(each, rows - np.arange(0, rows, each)))

    def __len__(self) -> int:
        return int(self.groups.sum())

    @abstractmethod
    def identity(self) -> str:
        """The same for the same rows, and for no others that are likely to stand there."""

    def frames(self, groups: Iterable[int] | None = None, columns: list[str] | None = None) -> Iterator[Frame]:
        """These groups (by default all), some thousand rows at a time."""
        for group in range(len(self.groups)) if groups is None else groups:
            yield from self.stretch(group, 0, int(self.groups[group]), columns)

    @abstractmethod
    def stretch(self, group: int, first: int, until: int, columns: list[str] | None = None) -> Iterator[Frame]:
        """Some neighbouring rows of a group, some thousand at a time."""


def digest_of(path: Path) -> str:
    """Of all that a file holds."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
