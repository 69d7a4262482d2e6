"""Columns that make features: numbers and truth values, scaled, and categories, one feature each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from backpath.data import cells
from backpath.data.frame import Frame
from backpath.data.kinds import PLAIN, Kind, Name, Number, Truth, kind_from_json, kind_to_json
from backpath.data.scaling import fit_scaling, smooth_clip
from backpath.graph import DataError

MOST_CATEGORIES = 1000
"""Beyond them, the rare ones are ``OTHER`` together."""

MISSING = ""
OTHER = "other"

Rows = np.ndarray | slice


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


@dataclass(frozen=True, slots=True)
class Categorical:
    """A column of categories, one feature each: 1 where the cell is that category, else 0.

    A missing cell is a category of its own, ``""``, if a training row had one. With ``other``, the last feature is 1
    for every category that is not listed: those that are rare, and those that no training row had. Without it, such
    a category is 0 in all features.
    """

    name: str
    categories: tuple[str, ...]
    other: bool = False

    @property
    def width(self) -> int:
        """How many features the column makes."""
        return len(self.categories) + self.other

    @property
    def labels(self) -> list[str]:
        """The name of each feature."""
        listed = [f"{self.name}={category or 'missing'}" for category in self.categories]
        return [*listed, f"{self.name} is another"] if self.other else listed

    def positions(self, frame: Frame, rows: Rows | None = None) -> np.ndarray:
        """For each row the position of its category; the number of categories if it has none, -1 if it is missing."""
        column = frame.cells(self.name, rows)
        different = column.unique()
        known = {category: k for k, category in enumerate(self.categories)} | (
            {} if MISSING in self.categories else {MISSING: -1}
        )
        positions = [known.get(label, len(self.categories)) for label in cells.labels(different, frame.words).to_list()]
        return cells.mapped(column, different, positions)

    def encode(self, frame: Frame, rows: Rows, out: np.ndarray) -> None:
        """Write the features of these rows into ``out``, of shape (rows, width)."""
        out[...] = 0
        positions = self.positions(frame, rows)
        has = np.flatnonzero((positions >= 0) & (positions < self.width))
        out[has, positions[has]] = 1

    def unknown(self, frame: Frame) -> list[str]:
        """The categories that are not listed, sorted; if rare ones were put together, none is unknown."""
        if self.other:
            return []
        column = frame[self.name]
        return sorted(set(cells.different(column, frame.words).to_list()) - set(self.categories))

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :func:`column_from_json` makes the same column."""
        return {k: v for k, v in asdict(self).items() if k != "other" or v}


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


def fit_categorical(frame: Frame, name: str, rows: np.ndarray, kind: Name) -> Categorical | str:
    """The column as the training rows show it, or why it is left out.

    Raises:
        DataError: if it seems to be numbers with a mistake among them.
    """
    import polars as pl

    if kind.doubtful or frame[name].dtype.is_nested() or frame[name].dtype in (pl.Binary, pl.Object):
        return kind.why
    counts = _counts(frame, name, rows)
    categories = sorted(counts)
    if len(categories) == 1:
        return f"always {categories[0]!r} in the training rows"
    many = len(categories) > len(rows) / 2
    if not kind.declared:
        if (many or len(categories) > MOST_CATEGORIES) and mostly_numbers(frame, name):
            raise slip(frame, name)
        if many:
            return kind.why or f"{len(categories)} different texts in {len(rows)} training rows"
    if len(categories) <= MOST_CATEGORIES:
        return Categorical(name, tuple(categories))
    frequent = sorted(categories, key=lambda category: (-counts[category], category))[:MOST_CATEGORIES]
    return Categorical(name, tuple(sorted(frequent)), other=True)


def _counts(frame: Frame, name: str, rows: np.ndarray) -> dict[str, int]:
    """How often each label occurs in the training rows."""
    found = frame.cells(name, rows).value_counts()
    counts: dict[str, int] = {}
    for label, count in zip(cells.labels(found[name], frame.words).to_list(), found["count"].to_list(), strict=True):
        counts[label] = counts.get(label, 0) + count
    return counts


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


def column_from_json(data: Mapping[str, Any]) -> Numeric | Categorical:
    """The column of which ``data`` holds the fields; KeyError, TypeError or ValueError if it does not."""
    if "categories" in data:
        categories = tuple(text_of(category) for category in data["categories"])
        return Categorical(text_of(data["name"]), categories, bool(data.get("other", False)))
    mean, scale = float(data["mean"]), float(data["scale"])
    if not (np.isfinite(mean) and np.isfinite(scale) and scale >= 0):
        raise ValueError(f"mean {mean}, scale {scale}")
    kind = kind_from_json(data["kind"]) if "kind" in data else PLAIN
    if not isinstance(kind, Number | Truth):
        raise TypeError(f"{kind} is no kind of numbers")
    return Numeric(text_of(data["name"]), mean, scale, bool(data["indicator"]), bool(data.get("clipped", False)), kind)


def text_of(value: Any) -> str:
    """The text itself; TypeError if it is none."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value
