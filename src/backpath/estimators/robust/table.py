"""A table as robust estimators see it: each column as numbers of the order of one, learned from the training rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from backpath.data.columns import text_of
from backpath.data.detection import kind_of
from backpath.data.frame import Frame, listed
from backpath.data.kinds import Kind, Moment, Name, Number, Truth
from backpath.estimators.robust.blocks import CATEGORY, NUMBER, Block
from backpath.estimators.robust.dates import Dates, dates_from_json, fit_dates
from backpath.estimators.robust.inputs import read_rows
from backpath.estimators.robust.levels import Levels, fit_levels, levels_from_json
from backpath.estimators.robust.numbers import Numbers, fit_numbers, numbers_from_json
from backpath.estimators.robust.texts import Text, text_from_json
from backpath.graph import DataError

Column = Numbers | Levels | Dates | Text

NOTHING = Block(CATEGORY, ("nothing",))
"""The one column of a matrix where no column of the table says anything: zeros."""


@final
@dataclass(frozen=True)
class Table:
    """How each column becomes features.

    Attributes:
        feature_names: of the columns, ``x0``, ``x1``, ... those of an array.
        named: whether they were given.
        columns: those that are used, in their order.
        dropped: those that say nothing, each with the reason.
    """

    feature_names: tuple[str, ...]
    named: bool
    columns: tuple[Column, ...]
    dropped: Mapping[str, str]

    @classmethod
    def fit(cls, X: Any, weights: np.ndarray | None = None) -> Table:
        """Learn from rows, in whatever order they come: one of weight 2 is two equal ones, one of weight 0 none.

        Weights that are not whole numbers count by their proportions, and are as many rows together as there are.

        Args:
            X: an array or a frame (pandas, Polars, PyArrow or another that Narwhals knows), with missing values.
            weights: of the rows, not negative, or None for 1 each.

        Raises:
            DataError: if a column cannot be read; it names the cell.
            ValueError: scikit-learn's, if X is no table.
        """
        frame, named = read_rows(X)
        rows = None
        if weights is not None:
            rows = np.flatnonzero(weights)
            weights = np.asarray(weights, float)[rows]
            if not np.array_equal(weights, np.rint(weights)):
                weights = weights / weights.mean()
        found = {name: _fit_column(frame, name, _kind(frame, name), rows, weights) for name in frame.names}
        columns = tuple(column for column in found.values() if not isinstance(column, str))
        dropped = {name: why for name, why in found.items() if isinstance(why, str)}
        return cls(frame.names, named, columns, dropped)

    @cached_property
    def _blocks(self) -> list[tuple[int, int, Block]]:
        """Column, number among its blocks, and block, in the order of the matrix."""
        blocks = [(k, b, block) for k, column in enumerate(self.columns) for b, block in enumerate(column.blocks)]
        return sorted(blocks, key=lambda found: found[2].group)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The name of each column of the matrix."""
        blocks = [block for _, _, block in self._blocks] or [NOTHING]
        return tuple(label for block in blocks for label in block.labels)

    @cached_property
    def source(self) -> tuple[int, ...]:
        """The position of the column of the table that each column of the matrix comes from."""
        where = {name: k for k, name in enumerate(self.feature_names)}
        return tuple(where[self.columns[k].name] for k, _, block in self._blocks for _ in block.labels) or (0,)

    @cached_property
    def numbers(self) -> int:
        """How many columns of the matrix are scaled numbers: the first ones."""
        return sum(block.group == NUMBER for _, _, block in self._blocks)

    @property
    def width(self) -> int:
        """How many columns the matrix has."""
        return len(self.names)

    def matrix(self, X: Any) -> np.ndarray:
        """What the network reads of these rows: float32 of shape (rows, width), finite.

        Args:
            X: as of ``fit``. Columns are found by name; without names, here or there, by position.

        Raises:
            DataError: if X lacks a column, or a cell is not what its column holds.
            ValueError: scikit-learn's, if X is no table.
        """
        frame = self.frame(X)
        matrix = np.zeros((len(frame), self.width), np.float32)
        starts = np.cumsum([0, *(len(block.labels) for _, _, block in self._blocks)])
        places = {(k, b): slice(*starts[at : at + 2]) for at, (k, b, _) in enumerate(self._blocks)}
        for k, column in enumerate(self.columns):
            for b, features in enumerate(column.encode(frame)):
                matrix[:, places[k, b]] = features
        return matrix

    def frame(self, X: Any) -> Frame:
        """These rows as a frame that has the columns of the table, under their names."""
        frame, named = read_rows(X)
        if named and self.named:
            if absent := [column.name for column in self.columns if column.name not in frame.names]:
                plural = "s" if len(absent) > 1 else ""
                raise DataError(
                    f"{frame.source} lacks the column{plural} {listed(absent)}; it has {listed(frame.names)}"
                )
            return frame
        if len(frame.names) != len(self.feature_names):
            # In scikit-learn's words, which its checks look for.
            raise DataError(
                f"{frame.source} has {len(frame.names)} features, but Table is expecting {len(self.feature_names)} "
                f"features as input: {listed(self.feature_names)}"
            )
        kinds = {self.feature_names[k]: frame.kinds[name] for k, name in enumerate(frame.names) if name in frame.kinds}
        data = frame.data.rename(dict(zip(frame.names, self.feature_names, strict=True)))
        return Frame(frame.source, data, kinds, frame.words)

    def unseen(self, X: Any) -> dict[str, list[str]]:
        """For each column of categories those of X that no training row had, if there are any."""
        frame = self.frame(X)
        found = {column.name: column.unknown(frame) for column in self.columns}
        return {name: categories for name, categories in found.items() if categories}

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :meth:`from_json` makes the same table."""
        return {
            "feature_names": list(self.feature_names),
            "named": self.named,
            "table": [column.to_json() for column in self.columns],
            "dropped": dict(self.dropped),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Table:
        """The table described by :meth:`to_json`.

        Raises:
            DataError: if the data describe none.
        """
        try:
            names = tuple(map(text_of, data["feature_names"]))
            columns = tuple(_column_from_json(told) for told in data["table"])
            dropped = {text_of(name): text_of(why) for name, why in data["dropped"].items()}
            if not {column.name for column in columns} <= {*names}:
                raise ValueError("a column is none of the table's")
            return cls(names, bool(data["named"]), columns, dropped)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"not the description of a table: {error!r}") from None


def _kind(frame: Frame, name: str) -> Kind:
    """What a column holds: as it was read, or as its type declares; in text that is declared, dates are found."""
    import polars as pl

    if name in frame.kinds:
        return frame.kinds[name]
    kind = kind_of(frame[name], frame.words)
    return Name() if frame[name].dtype == pl.String and isinstance(kind, Number | Truth) else kind


def _fit_column(
    frame: Frame, name: str, kind: Kind, rows: np.ndarray | None, weights: np.ndarray | None
) -> Column | str:
    if name in frame.unused:
        return frame.unused[name]
    if isinstance(kind, Moment):
        return fit_dates(frame, name, kind, rows, weights)
    if isinstance(kind, Name):
        return fit_levels(frame, name, kind, rows, weights)
    return fit_numbers(frame, name, kind, rows, weights)


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Column]] = {
    "numbers": numbers_from_json,
    "levels": levels_from_json,
    "dates": dates_from_json,
    "text": text_from_json,
}


def _column_from_json(data: Mapping[str, Any]) -> Column:
    for key, read in _READERS.items():
        if key in data:
            return read(data)
    raise ValueError(f"{data!r} is no column")
