"""Tables: named columns of cells, from CSV files and from scikit-learn's data sets."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from backpath.graph import DataError

DELIMITERS = ",;\t|"
CHUNK = 10_000
# NumPy's own strings: 16 bytes a cell, however long the longest cell of a column is.
TEXT = np.dtypes.StringDType()


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of equal length.

    Attributes:
        source: the file or data set, as messages name it.
        names: the columns' names, in order.
        columns: for each name a one-dimensional array, of stripped strings or of numbers.
        lines: the line of the file at which each row begins, or None if it has none.
        numbers: of its rows in a longer table of which this is a part, from 0, or None.
        shapes: of arrays whose entries are columns, ``NAME_0``, ``NAME_1``, ..., by the array's name.
    """

    source: str
    names: tuple[str, ...]
    columns: tuple[np.ndarray, ...]
    lines: np.ndarray | None = None
    numbers: np.ndarray | None = None
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, name: str) -> np.ndarray:
        """The column of that name.

        Raises:
            DataError: if there is none; it names the closest ones.
        """
        if name not in self.names:
            close = difflib.get_close_matches(name, self.names, n=3)
            hint = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
            raise DataError(f"{self.source} has no column {name!r}: {hint}It has {listed(self.names)}")
        return self.columns[self.names.index(name)]

    def without(self, names: Iterable[str]) -> Table:
        """The table with some columns left out.

        Raises:
            DataError: if it has not all of them.
        """
        left_out = set(names)
        for name in left_out:
            self[name]
        kept = [k for k, name in enumerate(self.names) if name not in left_out]
        return replace(self, names=tuple(self.names[k] for k in kept), columns=tuple(self.columns[k] for k in kept))

    def place(self, row: int) -> str:
        """Where a row is, for messages: its line in the file, or its number from 1."""
        if self.lines is not None:
            return f"line {self.lines[row]}"
        return f"row {(row if self.numbers is None else self.numbers[row]) + 1}"


def listed(names: Sequence[Any], most: int = 12) -> str:
    """The first names, separated by commas, with how many follow."""
    more = f", and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more


# CSV files.


def read_csv(path: str | Path) -> Table:
    """Read a table from a CSV file with a header row, in UTF-8.

    The delimiter is the one of comma, semicolon, tab and ``|`` that parts the header most often. Cells are
    stripped; empty lines are skipped.

    Raises:
        DataError: if there is no such file, or it is no table.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"there is no file {path}")
    if path.is_dir():
        raise DataError(f"{path} is a folder: give a CSV file")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(file, str(path))
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text: save it as CSV in UTF-8") from None


def _read(file: TextIO, source: str) -> Table:
    first = file.readline()
    while first and not first.strip():
        first = file.readline()
    if not first:
        raise DataError(f"{source} is empty: a table needs a header row, and rows below it")
    file.seek(0)
    delimiter = max(DELIMITERS, key=lambda d: len(next(csv.reader([first], delimiter=d))))
    records = _records(file, delimiter, source)
    names = _header(next(records)[1], source)
    chunks: list[list[np.ndarray]] = []
    lines: list[int] = []
    while rows := list(islice(records, CHUNK)):
        for line, row in rows:
            if len(row) != len(names):
                raise DataError(f"{source}, line {line}: {len(row)} cells where the header has {len(names)}")
        lines += [line for line, _ in rows]
        chunks.append([np.array(cells, TEXT) for cells in zip(*(row for _, row in rows), strict=True)])
    if not lines:
        raise DataError(f"{source} has a header and no rows below it")
    columns = tuple(np.strings.strip(np.concatenate(parts)) for parts in zip(*chunks, strict=True))
    return Table(source, names, columns, np.array(lines))


def _records(file: TextIO, delimiter: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """The records that are not empty, each with the line at which it begins."""
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    begin = 1
    try:
        for row in reader:
            if row:
                yield begin, row
            begin = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{source}, line {begin}: {error} (a quote that is not closed?)") from None


def _header(cells: Sequence[str], source: str) -> tuple[str, ...]:
    names = tuple(cell.strip() for cell in cells)
    for k, name in enumerate(names):
        if not name:
            raise DataError(f"{source}: the header gives column {k + 1} no name")
        if name in names[:k]:
            raise DataError(f"{source}: two columns are called {name!r}; each needs a name of its own")
    if all(_is_number(name) for name in names):
        raise DataError(f"{source}: the first line holds numbers only; it must be a header that names the columns")
    return names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# scikit-learn's data sets.

NAMED = {
    "digits": "digit",
    "breast_cancer": "diagnosis",
    "wine": "cultivar",
    "iris": "species",
    "diabetes": "progression",
}
"""The data sets that come with scikit-learn, each with its target column."""


def load_named(name: str) -> tuple[Table, str]:
    """A data set that comes with scikit-learn, and the name of its target column.

    Raises:
        DataError: if there is none of that name.
    """
    if name not in NAMED:
        raise DataError(f"no data set is called {name!r}; there are {', '.join(NAMED)}")
    from sklearn import datasets

    data = getattr(datasets, f"load_{name}")()
    target = data.target
    if name in ("iris", "wine", "breast_cancer"):
        target = data.target_names.astype(TEXT)[target]
    features = [np.ascontiguousarray(column) for column in data.data.T]
    names, shapes = (*map(str, data.feature_names), NAMED[name]), {"pixel": (8, 8)} if name == "digits" else {}
    return Table(name, names, (*features, target), shapes=shapes), NAMED[name]
