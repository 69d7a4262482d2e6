"""Features: from a frame's columns to the numbers that a network reads, learned from the training rows alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backpath.data.categories import Categorical, fit_categorical
from backpath.data.columns import column_from_json
from backpath.data.detection import kind_of
from backpath.data.frame import Frame, listed
from backpath.data.kinds import PLAIN, Kind, Moment, Name
from backpath.data.moments import Moments, fit_moments, moments_from_json
from backpath.data.numeric import Numeric, fit_numeric
from backpath.data.scaling import Scaling, fit_scaling
from backpath.data.texts import HashedText, text_from_json
from backpath.graph import DataError

Column = Numeric | Categorical | Moments | HashedText

ENCODED = 65_536
"""Rows that are made features together."""


@dataclass(frozen=True, slots=True)
class Features:
    """How each column becomes features.

    Attributes:
        columns: those that are used, in the frame's order.
        dropped: those that are not, each with the reason.
        whitening: what makes principal components of their features, or None.
    """

    columns: tuple[Column, ...]
    dropped: Mapping[str, str]
    whitening: Scaling | None = None

    @property
    def width(self) -> int:
        """How many features there are."""
        return self._encoded if self._matrix is None else self._matrix.shape[1]

    @property
    def names(self) -> list[str]:
        """The columns that are read."""
        return [column.name for column in self.columns]

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
        frame: Frame,
        rows: np.ndarray | None = None,
        *,
        numeric: Iterable[str] = (),
        categorical: Iterable[str] = (),
        scale: str = "standard",
        text: bool = False,
    ) -> Features:
        """Learn means, scales and categories from some rows.

        A column is what its type declares, or what all of its cells that are not missing can be read as: numbers,
        truth values, moments; else its cells are categories. Left out, with a reason in ``dropped``, are columns that
        say nothing: those with one value in all rows, and text that is different in more than half of them (names,
        identifiers), unless it is declared categorical, or ``text`` asks for its words.

        Args:
            frame: the columns to learn from, without the target.
            rows: the training rows; by default all.
            numeric: columns that must hold numbers.
            categorical: columns whose cells are categories even if they look like numbers.
            scale: how numbers are scaled, one of ``SCALERS``; ``"whiten"`` is of all features together.
            text: whether columns of text are used, by hashed words.

        Raises:
            DataError: if a column cannot be read as declared, or none is left.
        """
        rows = np.arange(len(frame)) if rows is None else rows
        numeric, categorical = set(numeric), set(categorical)
        for name in numeric | categorical:
            frame[name]
        if both := numeric & categorical:
            raise DataError(f"column {listed(sorted(both))} is declared numeric and categorical: choose one")
        columns: list[Column] = []
        dropped: dict[str, str] = {}
        each = "standard" if scale == "whiten" else scale
        for name in frame.names:
            if name in frame.unused and name not in numeric | categorical:
                dropped[name] = frame.unused[name]
                continue
            kind = _kind(frame, name, numeric, categorical)
            column = _fit_column(frame, name, rows, kind, each, text)
            if isinstance(column, str):
                dropped[name] = column
            else:
                columns.append(column)
        if not columns:
            reasons = "; ".join(f"{name} ({reason})" for name, reason in dropped.items())
            raise DataError(f"{frame.source} has no column to learn from. Left out: {reasons or 'none'}")
        features = cls(tuple(columns), dropped)
        if scale != "whiten":
            return features
        whitening = fit_scaling("whiten", features.transform(frame, rows))
        return replace(features, whitening=whitening)

    def transform(self, frame: Frame, rows: np.ndarray | None = None) -> np.ndarray:
        """The features of some rows (by default all), float32 of shape (rows, width).

        Raises:
            DataError: if a column is missing, or a numeric one holds something else.
        """
        if absent := [name for name in self.names if name not in frame.names]:
            plural = "s" if len(absent) > 1 else ""
            raise DataError(f"{frame.source} lacks the column{plural} {listed(absent)}; it has {listed(frame.names)}")
        count = len(frame) if rows is None else len(rows)
        features = np.empty((count, self._encoded), np.float32)
        for first in range(0, count, ENCODED):
            until = min(first + ENCODED, count)
            some = slice(first, until) if rows is None else rows[first:until]
            start = 0
            for column in self.columns:
                column.encode(frame, some, features[first:until, start : start + column.width])
                start += column.width
        return features if self.whitening is None else self.whitening.apply(features).astype(np.float32)

    def unseen(self, frame: Frame) -> dict[str, list[str]]:
        """For each column the categories and truth values of ``frame`` that no training row had, if there are any."""
        found = {column.name: column.unknown(frame) for column in self.columns}
        return {name: categories for name, categories in found.items() if categories}

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :meth:`from_json` makes the same features."""
        told = {"columns": [column.to_json() for column in self.columns], "dropped": dict(self.dropped)}
        return told if self.whitening is None else told | {"whitening": self.whitening.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Features:
        """The features described by :meth:`to_json`.

        Raises:
            DataError: if the data describe none.
        """
        try:
            features = cls(tuple(_column_from_json(column) for column in data["columns"]), dict(data["dropped"]))
            if "whitening" not in data:
                return features
            return replace(features, whitening=Scaling.from_json(data["whitening"], features.width))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"not the description of features: {error!r}") from None


def _kind(frame: Frame, name: str, numeric: set[str], categorical: set[str]) -> Kind:
    if name in categorical:
        return Name(declared=True)
    kind = frame.kinds[name] if name in frame.kinds else kind_of(frame[name], frame.words)
    if name in numeric and isinstance(kind, Moment | Name):
        return PLAIN
    return kind


def _fit_column(frame: Frame, name: str, rows: np.ndarray, kind: Kind, scale: str, text: bool) -> Column | str:
    if isinstance(kind, Moment):
        return fit_moments(frame, name, rows, scale, kind)
    if not isinstance(kind, Name):
        return fit_numeric(frame, name, rows, scale, kind)
    found = fit_categorical(frame, name, rows, kind)
    if text and isinstance(found, str) and not found.startswith("always"):
        return HashedText(name)
    return found


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Column]] = {"moments": moments_from_json, "hashed": text_from_json}


def _column_from_json(data: Mapping[str, Any]) -> Column:
    return next((read for key, read in _READERS.items() if key in data), column_from_json)(data)
