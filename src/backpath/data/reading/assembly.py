"""Columns put together from blocks of text: numbers as soon as they are seen, all else as text until all is known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from backpath.data import cells
from backpath.data.detection import has_decimal_comma, kind_of
from backpath.data.kinds import PLAIN, Kind, Moment, Name, Truth
from backpath.data.reading.options import Reading
from backpath.data.words import Words

if TYPE_CHECKING:
    import polars as pl

REPEATED = 4
FEW = 10_000
"""So many different texts or fewer are kept as numbers with a list of what they stand for."""

SPARE = 1.05
"""How much more than what is likely is set apart."""

Blocks = Iterator[tuple["pl.DataFrame", float]]
"""Some rows after one another, and what part of the file is read by then."""


class _Growing:
    """A column of which the blocks so far were numbers, or were not.

    Numbers fill an array that is as long as all of them are likely to be: what is never written takes no memory, and
    nothing is put together at the end.
    """

    def __init__(self, words: Words, *, numbers: bool, comma: bool):
        self.words, self.numbers, self.comma = words, numbers, comma
        self.values, self.count = np.empty(0), 0
        self.pieces: list[pl.Series] = []
        self.dtype: pl.DataType | None = None
        self.again = False

    def add(self, text: pl.Series, values: pl.Series | None, likely: int) -> None:
        """The next block, of a column that is likely to be so long; where it contradicts those before, read again.

        Args:
            text: its cells.
            values: as numbers, if they plainly are.
            likely: how long the column will be.
        """
        if self.numbers:
            values = self._as_numbers(text) if values is None else values
            if values is not None:
                return self._append(values.to_numpy(), likely)
            self.numbers, self.again = False, self.count > 0
            self.values = np.empty(0)
        if not self.again:
            self.keep(text)
        return None

    def keep(self, text: pl.Series) -> None:
        """The next block as text; where texts repeat, as numbers that stand for them."""
        import polars as pl

        if not self.pieces and text.n_unique() < len(text) / REPEATED:
            self.dtype = pl.Categorical(pl.Categories.random())
        self.pieces.append(text.cast(self.dtype or pl.String))

    def _append(self, values: np.ndarray, likely: int) -> None:
        until = self.count + len(values)
        if until > len(self.values):
            longer = np.empty(max(likely, until))
            longer[: self.count] = self.values[: self.count]
            self.values = longer
        self.values[self.count : until] = values
        self.count = until

    def _as_numbers(self, text: pl.Series) -> pl.Series | None:
        if cells.codes(text).any() or (self.comma and text.str.contains(".", literal=True).any()):
            return None
        values = cells.numbers(text, self.words)
        return None if values.is_nan().any() else values

    def whole(self, name: str) -> pl.Series:
        """All blocks as one, which are then let go."""
        import polars as pl

        if self.numbers:
            column = pl.Series(name, self.values[: self.count])
            self.values = np.empty(0)
        else:
            column = pl.concat(self.pieces, rechunk=True)
            self.pieces.clear()
        return column


def assembled(
    blocks: Callable[[], Blocks], names: Iterable[str], reading: Reading, as_text: Collection[str]
) -> tuple[pl.DataFrame, dict[str, Kind]]:
    """The columns of all blocks, and their kinds.

    Args:
        blocks: makes the blocks from the first on, each of columns of text.
        names: of the columns.
        reading: what cannot be known from a file.
        as_text: columns that stay text, whatever they may be read as.
    """
    import polars as pl

    words, growing, comma = reading.words, {}, reading.decimal == ","
    rows = 0
    for block, read in blocks():
        if not growing:
            comma = comma or (reading.decimal is None and any(has_decimal_comma(column, words) for column in block))
            growing = {n: _Growing(words, numbers=n not in as_text, comma=comma) for n in names}
        rows += block.height
        likely = int(rows / read * SPARE) + 1 if read else 2 * rows
        plain = _plain_numbers(block, [n for n, column in growing.items() if column.numbers], words, comma=comma)
        for name, column in growing.items():
            column.add(block[name], plain.get(name), likely)
    if again := {name: column for name, column in growing.items() if column.again}:
        for column in again.values():
            column.pieces.clear()
            column.again = False
        for block, _ in blocks():
            for name, column in again.items():
                column.keep(block[name])
    settled = {}
    kinds: dict[str, Kind] = {}
    for name, column in growing.items():
        whole = column.whole(name)
        if column.numbers:
            settled[name], kinds[name] = whole, PLAIN
        else:
            different = whole.unique(maintain_order=True).cast(pl.String)
            settled[name], kinds[name] = _settled(whole, different, reading, comma, name in as_text)
    return pl.DataFrame(list(settled.values())), kinds


def _plain_numbers(block: pl.DataFrame, names: list[str], words: Words, *, comma: bool) -> dict[str, pl.Series]:
    """Those columns of which every cell is a number without doubt; all are tried at once, on all cores."""
    import polars as pl

    if comma or words.numbers or not names:
        return {}
    values = block.select(pl.col(names).cast(pl.Float64, strict=False))
    doubtful = block.select(cells.maybe_codes(pl.col(names)).any()) if block.height else block
    nan = values.select(pl.col(names).is_nan().any())
    doubts = zip(names, doubtful.row(0), nan.row(0), strict=True)
    return {n: values[n] for n, code, none in doubts if not (code or none or values[n].null_count())}


def settle(
    column: pl.Series, reading: Reading, *, comma: bool = False, as_text: bool = False
) -> tuple[pl.Series, Kind]:
    """A column with its cells made what its kind says, and the kind."""
    import polars as pl

    words = reading.words
    if column.dtype != pl.String:
        return column, kind_of(column, words)
    return _settled(column, column.drop_nulls().unique(maintain_order=True), reading, comma, as_text)


def _settled(
    column: pl.Series, different: pl.Series, reading: Reading, comma: bool, as_text: bool
) -> tuple[pl.Series, Kind]:
    import polars as pl

    words = reading.words
    kind = kind_of(different, words, reading.decimal, comma=comma)
    if isinstance(kind, Name) or as_text:
        return column.cast(pl.Enum(different) if len(different) <= FEW else pl.String), kind
    text = column.cast(pl.String)
    if isinstance(kind, Moment):
        return cells.moments(text, words, kind.formats)[0], kind
    values = cells.numbers(text, words, kind)
    return (values.cast(pl.Boolean) if isinstance(kind, Truth) else values), kind
