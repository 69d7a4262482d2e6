"""Frames: named columns of cells, held by Polars, and where each row stands in what they were read from."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from backpath.data.kinds import Kind
from backpath.data.words import Words
from backpath.graph import DataError

if TYPE_CHECKING:
    import polars as pl


class Lines(Protocol):
    """What knows at which line of a file a row begins."""

    def place(self, row: int) -> str:
        """As messages name it: ``line 7``."""
        ...


@dataclass(frozen=True)
class Frame:
    """Columns of equal length.

    Attributes:
        source: the file or data set, as messages name it.
        data: the columns; those of text as they were written.
        kinds: of columns that were text, what their cells were read as.
        words: what says that a cell has no value.
        unused: columns that are nothing to learn from, each with the reason.
        lines: tells the line of a row, if there are any.
        numbers: of its rows in a longer frame of which this is a part, from 0, or None.
        shapes: of arrays whose entries are columns, ``NAME_0``, ``NAME_1``, ..., by the array's name. ``data`` may hold
            such an array whole, as one column of that name; its entries are columns of the frame all the same.
    """

    source: str
    data: pl.DataFrame
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    words: Words = field(default_factory=Words)
    unused: Mapping[str, str] = field(default_factory=dict)
    lines: Lines | None = None
    numbers: np.ndarray | None = None
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, source: str, columns: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]] | None = None) -> Frame:
        """A frame of sequences or arrays."""
        import polars as pl

        data = pl.DataFrame([pl.Series(name, cells) for name, cells in columns.items()])
        return cls(source, data, shapes=shapes or {})

    def __len__(self) -> int:
        return self.data.height

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        if not self._whole:
            return tuple(self.data.columns)
        names: list[str] = []
        for name in self.data.columns:
            names += entries_of(name, self.shapes[name]) if name in self._whole else [name]
        return tuple(names)

    @cached_property
    def _whole(self) -> dict[str, np.ndarray]:
        """The arrays that ``data`` holds whole, each example as a row of numbers."""
        held = [name for name in self.shapes if name in self.data.columns]
        return {name: self.data[name].to_numpy().reshape(len(self), -1) for name in held}

    @property
    def megabytes(self) -> float:
        """MiB that the columns take."""
        return self.data.estimated_size("mb")

    def __getitem__(self, name: str) -> pl.Series:
        """The column of that name.

        Raises:
            DataError: if there is none; it names the closest ones.
        """
        import polars as pl

        array, _, number = name.rpartition("_")
        if array in self._whole and number.isdecimal() and int(number) < self._whole[array].shape[1]:
            return pl.Series(name, np.ascontiguousarray(self._whole[array][:, int(number)]))
        require_column(self.source, self.names, name)
        return self.data[name]

    def entries(self, names: Sequence[str]) -> np.ndarray | None:
        """The array of which these columns are the entries, in order, if it is held whole: (rows, entries)."""
        array = names[0].rpartition("_")[0]
        if array not in self._whole or tuple(names) != tuple(entries_of(array, self.shapes[array])):
            return None
        return self._whole[array]

    def cells(self, name: str, rows: np.ndarray | slice | None = None) -> pl.Series:
        """A column's cells in some rows, by default all."""
        column = self[name]
        if rows is None:
            return column
        return column[rows] if isinstance(rows, slice) else column.gather(rows)

    def without(self, names: Iterable[str]) -> Frame:
        """The frame with some columns left out.

        Raises:
            DataError: if it has not all of them.
        """
        left_out = set(names)
        for name in left_out:
            self[name]
        data = self.data
        if self._whole and not left_out <= set(data.columns):
            import polars as pl

            data = pl.DataFrame([self[name] for name in self.names])
        return replace(self, data=data.drop(left_out))

    def place(self, row: int) -> str:
        """Where a row is, for messages: its line in the file, or its number from 1."""
        number = int(row if self.numbers is None else self.numbers[row])
        return f"row {number + 1}" if self.lines is None else self.lines.place(number)

    def cell(self, name: str, row: int) -> str:
        """Where a cell is, and what it holds, for the beginning of a message."""
        return f"{self.source}, {self.place(row)}: {self[name][int(row)]!r} in column {name!r}"


def entries_of(name: str, shape: tuple[int, ...]) -> list[str]:
    """What the columns of an array are called."""
    return [f"{name}_{k}" for k in range(math.prod(shape))]


def require_column(source: str, names: Sequence[str], name: str) -> None:
    """Raises DataError if there is no column of that name; it names the closest ones."""
    if name not in names:
        close = difflib.get_close_matches(name, names, n=3)
        hint = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
        raise DataError(f"{source} has no column {name!r}: {hint}It has {listed(names)}")


def listed(names: Sequence[Any], most: int = 12) -> str:
    """The first names, separated by commas, with how many follow."""
    more = f", and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more
