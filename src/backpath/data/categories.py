"""Columns of categories: which there are, which are put together, and one feature for each."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from backpath.data import cells
from backpath.data.frame import Frame
from backpath.data.kinds import Name
from backpath.data.numeric import Rows, mostly_numbers, slip

MOST_CATEGORIES = 1000
"""Beyond them, the rare ones are ``OTHER`` together."""

MISSING = ""
OTHER = "other"


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
