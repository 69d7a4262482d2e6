"""Features: from a table's columns to the numbers that a network reads, learned from the training rows alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from backpath.data import cells
from backpath.data.columns import Categorical, Numeric, column_from_json, fit_categorical, fit_numeric
from backpath.data.scaling import Scaling, fit_scaling
from backpath.data.tables import Table, listed
from backpath.graph import DataError


@dataclass(frozen=True, slots=True)
class Features:
    """How each column becomes features.

    Attributes:
        columns: those that are used, in the table's order.
        dropped: those that are not, each with the reason.
        whitening: what makes principal components of their features, or None.
    """

    columns: tuple[Numeric | Categorical, ...]
    dropped: Mapping[str, str]
    whitening: Scaling | None = None

    @property
    def width(self) -> int:
        """How many features there are."""
        return self._encoded if self._matrix is None else self._matrix.shape[1]

    @property
    def labels(self) -> list[str]:
        """The name of each feature, in the order of the network's inputs."""
        if self._matrix is not None:
            return [f"component {k + 1}" for k in range(self.width)]
        return [label for column in self.columns for label in column.labels]

    @property
    def _encoded(self) -> int:
        return sum(column.width for column in self.columns)

    @property
    def _matrix(self) -> np.ndarray | None:
        return None if self.whitening is None else self.whitening.matrix

    @classmethod
    def fit(
        cls,
        table: Table,
        rows: np.ndarray | None = None,
        *,
        numeric: Iterable[str] = (),
        categorical: Iterable[str] = (),
        scale: str = "standard",
    ) -> Features:
        """Learn means, scales and categories from some rows.

        A column is numeric if every cell of the table that is not missing is a finite number. Left out, with a
        reason in ``dropped``, are columns that say nothing: those with one value in all rows, and text that is
        different in more than half of them (names, identifiers), unless it is declared categorical.

        Args:
            table: the columns to learn from, without the target.
            rows: the training rows; by default all.
            numeric: columns that must hold numbers.
            categorical: columns whose cells are categories even if they look like numbers.
            scale: how numbers are scaled, one of ``SCALERS``; ``"whiten"`` is of all features together.

        Raises:
            DataError: if a column cannot be read as declared, has too many categories, or none is left.
        """
        rows = np.arange(len(table)) if rows is None else rows
        numeric, categorical = set(numeric), set(categorical)
        for name in numeric | categorical:
            table[name]
        if both := numeric & categorical:
            raise DataError(f"column {listed(sorted(both))} is declared numeric and categorical: choose one")
        columns: list[Numeric | Categorical] = []
        dropped: dict[str, str] = {}
        for name in table.names:
            if name in numeric or (name not in categorical and cells.numbers(table[name]) is not None):
                column = fit_numeric(table, name, rows, "standard" if scale == "whiten" else scale)
            else:
                column = fit_categorical(table, name, rows, declared=name in categorical)
            if isinstance(column, str):
                dropped[name] = column
            else:
                columns.append(column)
        if not columns:
            reasons = "; ".join(f"{name} ({reason})" for name, reason in dropped.items())
            raise DataError(f"{table.source} has no column to learn from. Left out: {reasons or 'none'}")
        features = cls(tuple(columns), dropped)
        if scale != "whiten":
            return features
        whitening = fit_scaling("whiten", features.transform(table, rows))
        return replace(features, whitening=whitening)

    def transform(self, table: Table, rows: np.ndarray | None = None) -> np.ndarray:
        """The features of some rows (by default all), float32 of shape (rows, width).

        Raises:
            DataError: if a column is missing, or a numeric one holds something else.
        """
        absent = [column.name for column in self.columns if column.name not in table.names]
        if absent:
            plural = "s" if len(absent) > 1 else ""
            raise DataError(f"{table.source} lacks the column{plural} {listed(absent)}; it has {listed(table.names)}")
        rows = np.arange(len(table)) if rows is None else rows
        features = np.empty((len(rows), self._encoded), np.float32)
        start = 0
        for column in self.columns:
            features[:, start : start + column.width] = column.encode(table, rows)
            start += column.width
        return features if self.whitening is None else self.whitening.apply(features).astype(np.float32)

    def unseen(self, table: Table) -> dict[str, list[str]]:
        """For each categorical column the categories of ``table`` that no training row had, if there are any."""
        rows = np.arange(len(table))
        found = {c.name: c.positions(table, rows)[1] for c in self.columns if isinstance(c, Categorical)}
        return {name: categories for name, categories in found.items() if categories}

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :meth:`from_json` makes the same features."""
        told = {"columns": [asdict(column) for column in self.columns], "dropped": dict(self.dropped)}
        return told if self.whitening is None else told | {"whitening": self.whitening.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Features:
        """The features described by :meth:`to_json`.

        Raises:
            DataError: if the data describe none.
        """
        try:
            features = cls(tuple(column_from_json(column) for column in data["columns"]), dict(data["dropped"]))
            if "whitening" not in data:
                return features
            return replace(features, whitening=Scaling.from_json(data["whitening"], features.width))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"not the description of features: {error!r}") from None
