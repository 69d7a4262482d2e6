"""Columns that make features: numbers, standardized, and categories, one feature each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.data import cells
from backpath.data.scaling import fit_scaling, smooth_clip
from backpath.data.tables import Table
from backpath.graph import DataError

MOST_CATEGORIES = 1000
MISSING = ""


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
    """

    name: str
    mean: float
    scale: float
    indicator: bool
    clipped: bool = False

    @property
    def width(self) -> int:
        """How many features the column makes."""
        return 2 if self.indicator else 1

    @property
    def labels(self) -> list[str]:
        """The name of each feature."""
        return [self.name, f"{self.name} is missing"][: self.width]

    def encode(self, table: Table, rows: np.ndarray) -> np.ndarray:
        """The features of these rows, of shape (rows, width)."""
        values = read_numbers(table, self.name, rows)
        gaps = np.isnan(values)
        encoded = np.zeros((len(rows), self.width), np.float32)
        if self.scale > 0:
            with np.errstate(over="ignore", invalid="ignore"):
                scaled = (values - self.mean) / self.scale
                encoded[:, 0] = np.where(gaps, 0.0, smooth_clip(scaled) if self.clipped else scaled)
        if self.indicator:
            encoded[:, 1] = gaps
        wild = ~np.isfinite(encoded[:, 0])
        if wild.any():
            row = rows[np.argmax(wild)]
            raise DataError(
                f"{table.source}, {table.place(row)}: {table[self.name][row]} in column {self.name!r} is too far from "
                f"the mean of the training rows, {self.mean:g}"
            )
        return encoded


@dataclass(frozen=True, slots=True)
class Categorical:
    """A column of categories, one feature each: 1 where the cell is that category, else 0.

    A missing cell is a category of its own, ``""``, if a training row had one. A category that no training
    row had is 0 in all features.
    """

    name: str
    categories: tuple[str, ...]

    @property
    def width(self) -> int:
        """How many features the column makes."""
        return len(self.categories)

    @property
    def labels(self) -> list[str]:
        """The name of each feature."""
        return [f"{self.name}={category or 'missing'}" for category in self.categories]

    def positions(self, table: Table, rows: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """For each row the position of its category, or -1; and the categories that have none, sorted."""
        different, which = np.unique(cells.labels(table[self.name][rows]), return_inverse=True)
        known = {category: k for k, category in enumerate(self.categories)}
        unknown = [str(label) for label in different if label not in known and label != MISSING]
        return np.array([known.get(label, -1) for label in different], int)[which], unknown

    def encode(self, table: Table, rows: np.ndarray) -> np.ndarray:
        """The features of these rows, of shape (rows, width)."""
        return (self.positions(table, rows)[0][:, None] == np.arange(self.width)).astype(np.float32)


def read_numbers(table: Table, name: str, rows: np.ndarray) -> np.ndarray:
    """A column's cells in these rows as floats, NaN where missing.

    Raises:
        DataError: if one of the others is no finite number; it names the cell.
    """
    column = table[name][rows]
    values = cells.numbers(column)
    if values is None:
        first = cells.first_not_number(column)
        raise DataError(
            f"{table.source}, {table.place(rows[first])}: column {name!r} holds numbers, "
            f"and {str(column[first])!r} is none"
        )
    return values


def fit_numeric(table: Table, name: str, rows: np.ndarray, scale: str) -> Numeric | str:
    """The column as the training rows show it, or why it is left out.

    Raises:
        DataError: if a cell is no number, or the numbers are too large.
    """
    values = read_numbers(table, name, rows)
    present = values[~np.isnan(values)]
    indicator = len(present) < len(values)
    if len(present) == 0:
        return "no value in the training rows"
    if present.min() == present.max() and not indicator:
        return f"always {present[0]:g} in the training rows"
    try:
        scaling = fit_scaling(scale, present[:, None])
    except DataError:
        raise DataError(
            f"{table.source}: column {name!r} holds numbers too large to compute with; scale them down"
        ) from None
    assert scaling is not None
    mean, factor = float(scaling.mean[0]), float(scaling.factor[0])
    return Numeric(name, mean, 1 / factor if factor else 0.0, indicator, scaling.clipped)


def fit_categorical(table: Table, name: str, rows: np.ndarray, declared: bool) -> Categorical | str:
    """The column as the training rows show it, or why it is left out.

    Raises:
        DataError: if it has too many categories, or seems to be numbers with a mistake among them.
    """
    column = table[name][rows]
    categories = tuple(str(category) for category in np.unique(cells.labels(column)))
    if len(categories) == 1:
        return f"always {categories[0]!r} in the training rows"
    many = len(categories) > len(rows) / 2
    if (many or len(categories) > MOST_CATEGORIES) and not declared and cells.mostly_numbers(table[name]):
        row = cells.first_not_number(table[name])
        raise DataError(
            f"{table.source}, {table.place(row)}: {str(table[name][row])!r} in column {name!r} is no number, though "
            f"most of the column's cells are: correct the cell, or leave the column out"
        )
    if many and not declared:
        return f"{len(categories)} different texts in {len(rows)} training rows"
    if len(categories) > MOST_CATEGORIES:
        raise DataError(
            f"{table.source}: column {name!r} has {len(categories)} categories, more than {MOST_CATEGORIES}: "
            f"leave it out, or put rare categories together"
        )
    return Categorical(name, categories)


def column_from_json(data: Mapping[str, Any]) -> Numeric | Categorical:
    """The column of which ``data`` holds the fields; KeyError, TypeError or ValueError if it does not."""
    if "categories" in data:
        return Categorical(_text(data["name"]), tuple(_text(category) for category in data["categories"]))
    mean, scale = float(data["mean"]), float(data["scale"])
    if not (np.isfinite(mean) and np.isfinite(scale) and scale >= 0):
        raise ValueError(f"mean {mean}, scale {scale}")
    return Numeric(_text(data["name"]), mean, scale, bool(data["indicator"]), bool(data.get("clipped", False)))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value
