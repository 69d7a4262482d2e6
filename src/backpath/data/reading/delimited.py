"""CSV and its kin: the delimiter, the header, and blocks of records as columns of text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from backpath.data.reading.options import Reading
from backpath.data.reading.quotes import QUOTE, end_of_records, lines_with_quotes, quotes_in_place
from backpath.data.reading.text import Text
from backpath.graph import DataError

if TYPE_CHECKING:
    import polars as pl

DELIMITERS = ",;\t|"
SEPARATOR_LINE = re.compile(rb"^\s*sep=(.)\r?\n", re.IGNORECASE)
UNNAMED = "Unnamed: 0"
"""What the first column is called where the header does not name it, as pandas does."""

INDEX = re.compile(r"Unnamed: 0(\.\d+)*$")
START = 1 << 16

MOST_MARKED = 0.5
"""The part of lines with quotes up to which they are read apart from the others."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the beginning of a file says.

    Attributes:
        delimiter: between cells.
        names: of the columns, those without a name as the empty string.
        length: of it, in bytes.
        lines: how many lines it takes.
        trailing: how many delimiters rows end with that the header does not have.
    """

    delimiter: str
    names: tuple[str, ...]
    length: int
    lines: int
    trailing: int


class Delimited:
    """A file of records, one a line unless quotes say otherwise, of which the first names the columns.

    Args:
        path: of the file.
        reading: what cannot be known from it.

    Attributes:
        names: of the columns, but for an empty last one.
        unused: columns that are nothing to learn from, each with the reason.

    Raises:
        DataError: if there is no such file, or it is no table.
    """

    def __init__(self, path: Path, reading: Reading | None = None):
        reading = reading or Reading()
        self.source = str(path)
        self.text = Text(path, reading.encoding)
        self.head = _head(self._start(), self.source, reading.delimiter)
        self.names, self.unused = self._columns()

    def _start(self) -> bytes:
        """Enough bytes for the header and the first record."""
        start = b""
        for block, _ in self.text.blocks():
            start += block
            if len(start) >= START:
                break
        return start

    @property
    def width(self) -> int:
        """Cells in a record."""
        return len(self.head.names) + self.head.trailing

    def _columns(self) -> tuple[tuple[str, ...], dict[str, str]]:
        names = list(self.head.names)
        while len(names) > 1 and not names[-1]:
            names.pop()
        self.empty = [f"\0{k}" for k in range(self.width - len(names))]
        unused = {}
        if len(names) > 1 and not names[0] and UNNAMED not in names:
            names[0] = UNNAMED
            unused[UNNAMED] = "the header gives it no name: an index, as DataFrame.to_csv writes it"
        for name in names:
            if INDEX.match(name):
                unused.setdefault(name, "an index that was once written without a name, as DataFrame.to_csv does")
        return _checked(names, self.source), unused

    def blocks(self, size: int | None = None) -> Iterator[tuple[pl.DataFrame, float]]:
        """The records as text, of so many bytes of the file at a time, and what part of the file is read by then.

        Raises:
            DataError: if a record has more or fewer cells than the header; it names the line.
        """
        columns = [*self.names, *self.empty]
        line = 1 + self.head.lines
        for block, read in self._whole_records(size):
            frame = _parsed(block, columns, self.head.delimiter)
            if frame is None and QUOTE in block:
                frame = self._apart(block, columns)
            if frame is None:
                frame = self._slowly(block, columns, line)
            line += _occurrences(block, b"\n")
            self._require_empty(frame)
            if frame.height:
                yield frame.drop(self.empty), read

    def _whole_records(self, size: int | None = None) -> Iterator[tuple[bytes, float]]:
        """Blocks after the header that end where a record does."""
        skip, left = self.head.length, b""
        for part, read in self.text.blocks(size):
            block = left + part
            left = b""
            if skip:
                if len(block) < skip:
                    left = block
                    continue
                block, skip = block[skip:], 0
            cut = end_of_records(block, self.head.delimiter)
            left = block[cut:]
            if cut:
                yield block[:cut], read
        if left:
            yield left, 1.0

    def _apart(self, block: bytes, columns: Sequence[str]) -> pl.DataFrame | None:
        """Lines with quotes by Python's reader, and all others by Polars; None where those are few, or a mistake is."""
        import polars as pl

        marked = lines_with_quotes(block, self.head.delimiter)
        if marked.mean() > MOST_MARKED:
            return None
        lines = np.array(_cut(block), object)
        plain, rest = b"".join(lines[~marked]), b"".join(lines[marked])
        fast = _parsed(plain, columns, self.head.delimiter)
        if fast is None or fast.height != np.count_nonzero(~marked):
            return None
        try:
            records = list(_records(rest.decode(), self.head.delimiter, self.source, 0, len(columns)))
        except DataError:
            # The reader of the whole block names the line.
            return None
        slow = _frame([record for _, record in records], columns)
        begins = np.flatnonzero(marked)[[begin for begin, _ in records]]
        order = np.argsort(np.concatenate([np.flatnonzero(~marked), begins]))
        return pl.concat([fast, slow])[order]

    def _slowly(self, block: bytes, columns: Sequence[str], line: int) -> pl.DataFrame:
        """By Python's own reader, which knows where a mistake is."""
        records = _records(block.decode(), self.head.delimiter, self.source, line, len(columns))
        return _frame([record for _, record in records], columns)

    def _require_empty(self, frame: pl.DataFrame) -> None:
        """Raises DataError if one of the last columns, which have no name, has a cell."""
        for name in self.empty:
            if frame[name].str.strip_chars().ne("").any():
                number = self.width - len(self.empty) + 1 + int(name[1:])
                raise DataError(f"{self.source}: the header gives column {number} no name, and it is not empty")

    def place(self, row: int) -> str:
        """The line at which a row begins."""
        return f"line {self._lines[row]}"

    @cached_property
    def _lines(self) -> np.ndarray:
        """Of each row; read again from the file, since messages alone need them."""
        lines, line = [], 1 + self.head.lines
        for block, _ in self._whole_records():
            lines += [at for at, _ in _records(block.decode(), self.head.delimiter, self.source, line, self.width)]
            line += _occurrences(block, b"\n")
        return np.array(lines)


def _parsed(block: bytes, columns: Sequence[str], delimiter: str) -> pl.DataFrame | None:
    """The records as Polars reads them; None if it does not, or if a record has not as many cells as the header."""
    import polars as pl

    if QUOTE in block and not quotes_in_place(block, delimiter):
        return None  # Polars would guess.
    try:
        frame = pl.read_csv(
            block,
            has_header=False,
            separator=delimiter,
            schema=dict.fromkeys(columns, pl.String),
            empty_string_is_null=False,
        )
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    # Polars fills records that are too short, and takes an empty line for a record: both lack delimiters.
    lacking = frame.height * (len(columns) - 1) - _occurrences(block, delimiter.encode())
    if QUOTE in block:
        inside = [frame[name].str.count_matches(delimiter, literal=True).sum() for name in columns]
        lacking += sum(int(count) for count in inside)
    if lacking or (len(columns) == 1 and (frame[columns[0]] == "").any()):
        return None
    return frame


def _cut(block: bytes) -> list[bytes]:
    """Lines, each with its end; a carriage return alone ends none."""
    lines = [line + b"\n" for line in block.split(b"\n")]
    return lines[:-1] if block.endswith(b"\n") else [*lines[:-1], lines[-1][:-1]]


def _frame(records: Sequence[Sequence[str]], columns: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    cells = zip(*records, strict=True) if records else [()] * len(columns)
    return pl.DataFrame([pl.Series(name, list(c), pl.String) for name, c in zip(columns, cells, strict=True)])


def _records(text: str, delimiter: str, source: str, line: int, width: int) -> Iterator[tuple[int, list[str]]]:
    """The records that are not empty, each with the line at which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begin = line
    try:
        for record in reader:
            if record:
                if len(record) != width:
                    raise DataError(f"{source}, line {begin}: {len(record)} cells where the header has {width}")
                yield begin, record
            begin = line + reader.line_num
    except csv.Error as error:
        raise DataError(f"{source}, line {begin}: {error} (a quote that is not closed?)") from None


def _occurrences(block: bytes, byte: bytes) -> int:
    """How often a frequent byte occurs; ``bytes.count`` is for rare ones."""
    if len(byte) > 1:
        return block.count(byte)
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == byte[0]))


# The header.


def _head(start: bytes, source: str, delimiter: str | None) -> Head:
    if not start.strip():
        raise DataError(f"{source} is empty: a table needs a header row, and rows below it")
    length = len(start) - len(start.lstrip(b"\r\n"))
    if said := SEPARATOR_LINE.match(start[length:]):
        delimiter = delimiter or said[1].decode()
        length += said.end()
    lines = start[:length].count(b"\n")
    text = start[length:].decode(errors="replace")
    blank = len(text) - len(text.lstrip("\r\n"))
    delimiter = delimiter or _delimiter(text[blank:])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = next((record for record in reader if record), [])
        taken = reader.line_num
        first = next((record for record in reader if record), None)
    except csv.Error as error:
        raise DataError(f"{source}, line {1 + lines + reader.line_num}: {error}") from None
    end = _after_lines(start, length, taken)
    if first is None:
        raise DataError(f"{source} has a header and no rows below it")
    more = first[len(names) :]
    trailing = 0 if any(cell.strip() for cell in more) else len(more)
    return Head(delimiter, tuple(name.strip() for name in names), end, lines + taken, trailing)


def _delimiter(text: str) -> str:
    """The one that parts the header most often; where none does, one that parts no row."""
    line = text.split("\n", 1)[0]
    widths = {d: len(next(csv.reader([line], delimiter=d), [""])) for d in DELIMITERS}
    if max(widths.values()) > 1:
        return max(widths, key=lambda d: widths[d])
    return next((d for d in DELIMITERS if _parts_nothing(text, d)), ",")


def _parts_nothing(text: str, delimiter: str) -> bool:
    return all(len(record) < 2 for record in csv.reader(io.StringIO(text[:START], newline=""), delimiter=delimiter))


def _after_lines(text: bytes, start: int, lines: int) -> int:
    """Where so many more lines end."""
    for _ in range(lines):
        start = text.find(b"\n", start) + 1 or len(text)
    return start


def _checked(names: list[str], source: str) -> tuple[str, ...]:
    for k, name in enumerate(names):
        if not name:
            raise DataError(f"{source}: the header gives column {k + 1} no name")
        if name in names[:k]:
            raise DataError(f"{source}: two columns are called {name!r}; each needs a name of its own")
    if all(_is_number(name) for name in names):
        raise DataError(f"{source}: the first line holds numbers only; it must be a header that names the columns")
    return tuple(names)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
