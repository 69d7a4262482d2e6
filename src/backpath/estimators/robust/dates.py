"""Columns of dates and times: what passed and the year as numbers; month, day of the week and hour as circles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, final

import numpy as np

from backpath.data.columns import text_of
from backpath.data.frame import Frame
from backpath.data.kinds import Moment
from backpath.data.moments import PARTS, read_moments
from backpath.estimators.robust.blocks import CATEGORY, Block, sign
from backpath.estimators.robust.distribution import Distribution
from backpath.estimators.robust.scaled import Scaled, fit_scaled, scaled_from_json

if TYPE_CHECKING:
    import polars as pl

LINES = ("elapsed", "year")
CIRCLES: Mapping[str, float] = MappingProxyType({"month": 12.0, "day of week": 7.0, "hour": 24.0})
"""Parts of a moment that come round, and after how many units."""


@final
@dataclass(frozen=True, slots=True)
class Dates:
    """A column of dates or times.

    Attributes:
        name: the column.
        formats: by which cells of text are read, the first that fits; none for ISO 8601.
        lines: those of ``LINES`` that vary, by name.
        circles: those of ``CIRCLES`` that vary: a sine and a cosine each, 0 where the cell is missing.
        gaps: whether a training row had none, so that a feature tells it.
    """

    name: str
    formats: tuple[str, ...]
    lines: Mapping[str, Scaled]
    circles: tuple[str, ...]
    gaps: bool

    @property
    def blocks(self) -> list[Block]:
        """Of its features."""
        lines = [block for scaled in self.lines.values() for block in scaled.blocks]
        circles = [
            Block(CATEGORY, (f"{self.name}: sine of {part}", f"{self.name}: cosine of {part}")) for part in self.circles
        ]
        return [*lines, *circles, *([sign(self.name)] if self.gaps else [])]

    def encode(self, frame: Frame) -> list[np.ndarray]:
        """Its features, a block each."""
        moments = read_moments(frame, self.name, None, self.formats)
        told = [block for part, line in self.lines.items() for block in line.encode(_part(moments, part))]
        for part in self.circles:
            angle = _part(moments, part) * (2 * np.pi / CIRCLES[part])
            told.append(np.nan_to_num(np.column_stack([np.sin(angle), np.cos(angle)])))
        return [*told, *([moments.is_null().to_numpy()[:, None]] if self.gaps else [])]

    def unknown(self, frame: Frame) -> list[str]:
        """None: what is no moment is refused."""
        return []

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :func:`dates_from_json` makes the same column."""
        return {
            "dates": self.name,
            "formats": list(self.formats),
            "lines": {part: scaled.to_json() for part, scaled in self.lines.items()},
            "circles": list(self.circles),
            "gaps": self.gaps,
        }


def fit_dates(
    frame: Frame, name: str, kind: Moment, rows: np.ndarray | None, weights: np.ndarray | None
) -> Dates | str:
    """The column as these rows show it, or why it is left out.

    Raises:
        DataError: if a cell is no moment.
    """
    moments = read_moments(frame, name, None, kind.formats)
    moments = moments if rows is None else moments.gather(rows)
    gaps = moments.null_count() > 0
    if moments.null_count() == len(moments):
        return "it has no value"
    found = {part: Distribution.of(_part(moments, part), weights) for part in (*LINES, *CIRCLES)}
    lines = {part: scaled for part in LINES if (scaled := fit_scaled(f"{name}: {part}", found[part])) is not None}
    circles = tuple(part for part in CIRCLES if len(found[part]) > 1)
    if not lines and not gaps:
        return f"always {moments.drop_nulls()[0]}"
    return Dates(name, kind.formats, MappingProxyType(lines), circles, gaps)


def _part(moments: pl.Series, part: str) -> np.ndarray:
    """As float64, NaN where missing."""
    return PARTS[part](moments).cast(float).to_numpy()


def dates_from_json(data: Mapping[str, Any]) -> Dates:
    """The column that ``data`` describe; KeyError, TypeError or ValueError if they describe none."""
    lines = {part: scaled_from_json(told) for part, told in data["lines"].items()}
    circles = tuple(data["circles"])
    if not set(lines) <= {*LINES} or not set(circles) <= {*CIRCLES}:
        raise ValueError(f"{data!r} are no parts of a moment")
    formats = tuple(text_of(form) for form in data["formats"])
    return Dates(text_of(data["dates"]), formats, MappingProxyType(lines), circles, bool(data["gaps"]))
