"""Columns of numbers and truth values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from backpath.data import cells
from backpath.data.columns import text_of
from backpath.data.frame import Frame
from backpath.data.kinds import PLAIN, Kind, Number, Truth, kind_from_json, kind_to_json
from backpath.estimators.robust.blocks import Block, sign
from backpath.estimators.robust.distribution import Distribution
from backpath.estimators.robust.scaled import Scaled, fit_scaled, scaled_from_json
from backpath.graph import DataError


@final
@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers, or of truth values, which are 0 and 1.

    Attributes:
        name: the column.
        kind: how cells of text are read.
        scaled: of its numbers, or None where all are the same.
        gaps: whether a training row had none, so that a feature tells it.
    """

    name: str
    kind: Number | Truth
    scaled: Scaled | None
    gaps: bool

    @property
    def blocks(self) -> list[Block]:
        """Of its features."""
        return [*(self.scaled.blocks if self.scaled else []), *([sign(self.name)] if self.gaps else [])]

    def encode(self, frame: Frame) -> list[np.ndarray]:
        """Its features, a block each."""
        values = read(frame, self.name, self.kind)
        told = self.scaled.encode(values) if self.scaled else []
        return [*told, *([np.isnan(values)[:, None]] if self.gaps else [])]

    def unknown(self, frame: Frame) -> list[str]:
        """None: a number is never unknown."""
        return []

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :func:`numbers_from_json` makes the same column."""
        scaled = None if self.scaled is None else self.scaled.to_json()
        return {"numbers": self.name, "kind": kind_to_json(self.kind), "scaled": scaled, "gaps": self.gaps}


def fit_numbers(
    frame: Frame, name: str, kind: Number | Truth, rows: np.ndarray | None, weights: np.ndarray | None
) -> Numbers | str:
    """The column as these rows show it, or why it is left out.

    Raises:
        DataError: if a cell, be it of another row, is no finite number.
    """
    values = read(frame, name, kind)
    found = Distribution.of(values if rows is None else values[rows], weights)
    scaled = fit_scaled(name, found)
    if scaled is None and (not len(found) or not found.missing):
        return f"always {found.values[0]:g}" if len(found) else "it has no value"
    return Numbers(name, kind, scaled, found.missing > 0)


def read(frame: Frame, name: str, kind: Kind = PLAIN) -> np.ndarray:
    """A column's cells as float64, NaN where missing; so are words that are no truth values.

    Raises:
        DataError: if one of the others is no finite number; it names the cell.
    """
    import polars as pl

    column = frame[name]
    if column.dtype == pl.Float64 and not column.null_count() and not frame.words.numbers:
        values = column.to_numpy()
        wrong = np.isinf(values) if not np.isfinite(values.sum()) else np.zeros(0, bool)
    else:
        found = cells.numbers(column, frame.words, kind)
        values = found.to_numpy()
        wrong = np.isinf(values) if isinstance(kind, Truth) else (~found.is_finite().fill_null(True)).to_numpy()
    if wrong.any():
        raise DataError(
            f"{frame.cell(name, int(np.argmax(wrong)))} is no finite number, and the column holds numbers: correct the "
            f"cell, or let it be missing"
        )
    return values


def numbers_from_json(data: Mapping[str, Any]) -> Numbers:
    """The column that ``data`` describe; KeyError, TypeError or ValueError if they describe none."""
    kind = kind_from_json(data["kind"])
    if not isinstance(kind, Number | Truth):
        raise TypeError(f"{kind} is no kind of numbers")
    scaled = None if data["scaled"] is None else scaled_from_json(data["scaled"])
    return Numbers(text_of(data["numbers"]), kind, scaled, bool(data["gaps"]))
