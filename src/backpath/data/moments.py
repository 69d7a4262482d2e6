"""Columns of dates and times: what passed, and the year, month, day of week and hour, where they vary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from backpath.data import cells
from backpath.data.columns import column_from_json, text_of
from backpath.data.frame import Frame
from backpath.data.kinds import Moment
from backpath.data.numeric import Numeric, Rows, numbers_of, numeric_of
from backpath.graph import DataError

if TYPE_CHECKING:
    import polars as pl

DAY = 86_400e6
"""In microseconds."""

PARTS: Mapping[str, Callable[[pl.Series], pl.Series]] = MappingProxyType(
    {
        "elapsed": lambda moments: moments.to_physical() / DAY,
        "year": lambda moments: moments.dt.year(),
        "month": lambda moments: moments.dt.month(),
        "day of week": lambda moments: moments.dt.weekday(),
        "hour": lambda moments: moments.dt.hour() + moments.dt.minute() / 60,
    }
)
"""Of a moment: days since 1970, the year, the month from 1, the day of the week from 1 for Monday, hours of the day."""


@dataclass(frozen=True, slots=True)
class Moments:
    """A column of dates or times.

    Attributes:
        name: the column.
        formats: by which cells of text are read, the first that fits; none for ISO 8601.
        parts: those of ``PARTS`` that vary in the training rows, each scaled.
        indicator: whether a feature more says that the cell is missing.
    """

    name: str
    formats: tuple[str, ...]
    parts: tuple[Numeric, ...]
    indicator: bool

    @property
    def width(self) -> int:
        """How many features the column makes."""
        return len(self.parts) + self.indicator

    @property
    def labels(self) -> list[str]:
        """The name of each feature."""
        parts = [f"{self.name}: {part.name}" for part in self.parts]
        return [*parts, f"{self.name} is missing"] if self.indicator else parts

    def encode(self, frame: Frame, rows: Rows, out: np.ndarray) -> None:
        """Write the features of these rows into ``out``, of shape (rows, width)."""
        moments = read_moments(frame, self.name, rows, self.formats)
        for k, part in enumerate(self.parts):
            part.scaled(_floats(PARTS[part.name](moments)), out[:, k : k + 1])
        if self.indicator:
            out[:, -1] = moments.is_null().to_numpy()

    def unknown(self, frame: Frame) -> list[str]:
        """None: what is no moment is refused."""
        return []

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :func:`moments_from_json` makes the same column."""
        parts = [part.to_json() for part in self.parts]
        return {"name": self.name, "formats": list(self.formats), "moments": parts, "indicator": self.indicator}


def fit_moments(frame: Frame, name: str, rows: np.ndarray, scale: str, kind: Moment) -> Moments | str:
    """The column as the training rows show it, or why it is left out.

    Raises:
        DataError: if a cell is no moment.
    """
    moments = read_moments(frame, name, None, kind.formats).gather(rows)
    if moments.null_count() == len(moments):
        return "no value in the training rows"
    found = [numeric_of(frame.source, part, _floats(take(moments.drop_nulls())), scale) for part, take in PARTS.items()]
    parts = tuple(part for part in found if isinstance(part, Numeric))
    indicator = moments.null_count() > 0
    if not parts and not indicator:
        return f"always {moments[0]} in the training rows"
    return Moments(name, kind.formats, parts, indicator)


def read_moments(frame: Frame, name: str, rows: Rows | None, formats: tuple[str, ...]) -> pl.Series:
    """A column's cells in these rows as moments, null where missing.

    Raises:
        DataError: if one of the others is no moment; it names the cell.
    """
    moments, wrong = cells.moments(frame.cells(name, rows), frame.words, formats)
    if wrong.any():
        number = int(wrong.arg_true()[0])
        row = number if rows is None else int(numbers_of(rows)[number])
        told = f" ({', '.join(formats)})" if formats else ""
        raise DataError(
            f"{frame.source}, {frame.place(row)}: column {name!r} holds dates{told}, and {str(frame[name][row])!r} is "
            f"none: correct the cell, or --drop the column"
        )
    return moments


def moments_from_json(data: Mapping[str, Any]) -> Moments:
    """The column of which ``data`` holds the fields; KeyError, TypeError or ValueError if it does not."""
    parts = tuple(column_from_json(part) for part in data["moments"])
    if not all(isinstance(part, Numeric) and part.name in PARTS for part in parts):
        raise TypeError("not the parts of a moment")
    formats = tuple(text_of(form) for form in data["formats"])
    return Moments(text_of(data["name"]), formats, parts, bool(data["indicator"]))  # pyright: ignore


def _floats(values: pl.Series) -> np.ndarray:
    return values.cast(float).to_numpy()
