"""Columns of numbers and truth values: read, scaled, and refused where a cell is none."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from backpath.data import cells
from backpath.data.frame import Frame
from backpath.data.kinds import PLAIN, Kind, Truth, kind_to_json
from backpath.data.scaling import fit_scaling, smooth_clip
from backpath.graph import DataError

Rows = np.ndarray | slice
"""Numbers of rows."""


@dataclass(frozen=True, slots=True)
class Numeric:
    """A column of numbers, scaled by one of ``SCALERS``; missing ones become 0, the middle.

    Attributes:
        name: the column.
        mean: of the training rows, or their median, or the middle of their range.
        scale: what distances from it are divided by; 0 if the training rows are all equal, and the feature is then 0
            everywhere.
        indicator: whether a second feature, 0 or 1, says that the cell is missing. It is there if a
            training row had such a cell.
        clipped: whether what lies far out is brought smoothly to at most 3.
        kind: how cells of text are read: as numbers, or as truth values, of which an unknown one is like a missing one.
    """

    name: str
    mean: float
    scale: float
    indicator: bool
    clipped: bool = False
    kind: Kind = PLAIN

    @property
    def width(self) -> int:
        """How many features the column makes."""
        return 2 if self.indicator else 1

    @property
    def labels(self) -> list[str]:
        """The name of each feature."""
        return [self.name, f"{self.name} is missing"][: self.width]

    def encode(self, frame: Frame, rows: Rows, out: np.ndarray) -> None:
        """Write the features of these rows into ``out``, of shape (rows, width)."""
        self.scaled(self.read(frame, rows), out)
        if not np.isfinite(out[:, 0].sum()):
            row = int(numbers_of(rows)[np.argmin(np.isfinite(out[:, 0]))])
            raise DataError(
                f"{frame.cell(self.name, row)} is too far from the mean of the training rows, {self.mean:g}"
            )

    def read(self, frame: Frame, rows: Rows | None) -> np.ndarray:
        """The cells as floats, NaN where missing."""
        if isinstance(self.kind, Truth):
            return cells.numbers(frame.cells(self.name, rows), frame.words, self.kind).to_numpy()
        return read_numbers(frame, self.name, rows, self.kind)

    def scaled(self, values: np.ndarray, out: np.ndarray) -> None:
        """The features of these values, NaN where missing."""
        gaps = np.isnan(values)
        if self.scale > 0:
            with np.errstate(over="ignore", invalid="ignore"):
                scaled = np.subtract(values, self.mean)
                np.divide(scaled, self.scale, out=scaled)
                out[:, 0] = smooth_clip(scaled) if self.clipped else scaled
            if gaps.any():
                out[gaps, 0] = 0
        else:
            out[:, 0] = 0
        if self.indicator:
            out[:, 1] = gaps

    def unknown(self, frame: Frame) -> list[str]:
        """The cells that are no truth values, sorted."""
        if not isinstance(self.kind, Truth):
            return []
        column = frame[self.name]
        read = cells.numbers(column, frame.words, self.kind)
        return cells.different(column.filter(read.is_nan().fill_null(False)), frame.words).to_list()

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :func:`column_from_json` makes the same column."""
        kind = {} if self.kind == PLAIN else {"kind": kind_to_json(self.kind)}
        return {**{k: v for k, v in asdict(self).items() if k != "kind"}, **kind}


def numbers_of(rows: Rows) -> np.ndarray:
    """The rows' numbers, however they are given."""
    return np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows


def read_numbers(frame: Frame, name: str, rows: Rows | None = None, kind: Kind = PLAIN) -> np.ndarray:
    """A column's cells in these rows (by default all) as floats, NaN where missing.

    Raises:
        DataError: if one of the others is no finite number; it names the cell.
    """
    import polars as pl

    column = frame[name]
    if column.dtype == pl.Float64 and not column.null_count() and not frame.words.numbers:
        # As they lie: NaN is what is missing.
        values = column.to_numpy() if rows is None else column.to_numpy()[rows]
        wrong = np.flatnonzero(np.isinf(values)) if not np.isfinite(values.sum()) else np.arange(0)
    else:
        read = cells.numbers(frame.cells(name, rows), frame.words, kind)
        wrong = (~read.is_finite().fill_null(True)).arg_true().to_numpy()
        values = read.to_numpy()
    if len(wrong):
        row = int(wrong[0] if rows is None else numbers_of(rows)[wrong[0]])
        raise not_a_number(frame, name, row, float(values[wrong[0]]))
    return values


def not_a_number(frame: Frame, name: str, row: int, value: float) -> DataError:
    """What to say of a cell that is no finite number."""
    cell = frame[name][row]
    cure = "correct the cell, or say --drop or --categorical with the column's name"
    if not np.isnan(value):
        cure = f"numbers must be finite: correct the cell, or --missing {cell} to read it as no value"
    return DataError(
        f"{frame.source}, {frame.place(row)}: column {name!r} holds numbers, and {str(cell)!r} is none ({cure})"
    )


def fit_numeric(frame: Frame, name: str, rows: np.ndarray, scale: str, kind: Kind) -> Numeric | str:
    """The column as the training rows show it, or why it is left out.

    Raises:
        DataError: if a cell is no number, or the numbers are too large.
    """
    if isinstance(kind, Truth):
        values = cells.numbers(frame[name], frame.words, kind).to_numpy()
    else:
        # All cells, so that one of another part that is no number is told before training.
        values = read_numbers(frame, name, None, kind)
    return numeric_of(frame.source, name, values[rows], scale, kind)


def numeric_of(source: str, name: str, values: np.ndarray, scale: str, kind: Kind = PLAIN) -> Numeric | str:
    """What scales these values, NaN where missing; or why they say nothing.

    Raises:
        DataError: if they are too large.
    """
    gaps = np.isnan(values)
    indicator = bool(gaps.any())
    present = values[~gaps] if indicator else values
    if len(present) == 0:
        return "no value in the training rows"
    if present.min() == present.max() and not indicator:
        return f"always {present[0]:g} in the training rows"
    try:
        scaling = fit_scaling(scale, present[:, None])
    except DataError:
        raise DataError(f"{source}: column {name!r} holds numbers too large to compute with; scale them down") from None
    assert scaling is not None
    mean, factor = float(scaling.mean[0]), float(scaling.factor[0])
    return Numeric(name, mean, 1 / factor if factor else 0.0, indicator, scaling.clipped, kind)


def mostly_numbers(frame: Frame, name: str) -> bool:
    """Whether more than half of the different cells are finite numbers, and not all."""
    read = cells.numbers(frame[name].unique(), frame.words)
    finite = int(read.is_finite().sum() or 0)
    return len(read) - read.null_count() > finite > (len(read) - read.null_count()) / 2


def first_not_number(frame: Frame, name: str, rows: np.ndarray | None = None) -> int:
    """The row of the first cell that is neither missing nor a finite number."""
    wrong = ~cells.numbers(frame.cells(name, rows), frame.words).is_finite().fill_null(True)
    first = int(wrong.arg_true()[0])
    return first if rows is None else int(rows[first])


def slip(frame: Frame, name: str) -> DataError:
    """What to say of a column of numbers of which one is none."""
    row = first_not_number(frame, name)
    cell = str(frame[name][row])
    return DataError(
        f"{frame.source}, {frame.place(row)}: {cell!r} in column {name!r} is no number, though most of the column's "
        f"cells are: correct the cell, say --missing {cell!r} if it stands for no value, or --drop the column"
    )
