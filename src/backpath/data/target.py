"""The target: the column to predict, as classes or as a quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from backpath.data import cells
from backpath.data.columns import read_numbers
from backpath.data.tables import Table, listed
from backpath.graph import DataError

Task = Literal["classification", "regression"]
TASKS: tuple[Task, ...] = get_args(Task)
Label = str | int | float

# Whole numbers are classes if they are few, and each of them is seen several times.
MOST_WHOLE_NUMBERS = 20
ROWS_PER_WHOLE_NUMBER = 5


@dataclass(frozen=True, slots=True)
class Target:
    """What is predicted.

    Attributes:
        column: its name.
        classes: sorted, numerically if they are numbers; empty for a quantity.
        mean: of a quantity in the training rows; 0 for classes.
        deviation: of a quantity in the training rows; 1 for classes.
    """

    column: str
    classes: tuple[Label, ...] = ()
    mean: float = 0.0
    deviation: float = 1.0

    @property
    def task(self) -> Task:
        """``"classification"`` or ``"regression"``."""
        return "classification" if self.classes else "regression"

    @classmethod
    def fit(
        cls,
        table: Table,
        column: str,
        rows: np.ndarray | None = None,
        task: Task | None = None,
        *,
        standardize: bool = True,
    ) -> Target:
        """Learn the classes, or the mean and deviation of a quantity, from some rows.

        Without ``task``, a column is classes if it holds text, or at most 20 different whole numbers that
        are each seen 5 times on average; else a quantity.

        Args:
            table: where the column is.
            column: its name.
            rows: the training rows; by default all.
            task: what the column is.
            standardize: whether a quantity is brought to mean 0 and deviation 1; counts are not.

        Raises:
            DataError: if there is no such column, a cell has no value, or the cells are not what ``task`` needs.
        """
        rows = np.arange(len(table)) if rows is None else rows
        read = table[column][rows]
        refuse_missing(table, column, rows)
        if (task or task_of(read)) == "classification":
            return cls(column, _classes(table, column, rows))
        values = read_numbers(table, column, rows)
        with np.errstate(over="ignore", invalid="ignore"):
            mean, deviation = float(values.mean()), float(values.std())
        if values.min() == values.max():
            raise DataError(f"{table.source}: the target {column!r} is always {values[0]:g}: there is nothing to learn")
        if not 0 < deviation < np.inf:
            raise DataError(f"{table.source}: the target {column!r} spans a range that cannot be computed with")
        return cls(column, (), mean, deviation) if standardize else cls(column)

    def with_classes_of(self, different: np.ndarray) -> Target:
        """The same target with all the classes that these cells hold."""
        return replace(self, classes=tuple(np.unique(_labels(different)).tolist()))

    def encode(self, table: Table, rows: np.ndarray | None = None) -> np.ndarray:
        """What training reads: class indices (int64), or standardized values (float32).

        Raises:
            DataError: if a cell has no value, or one that this target does not know.
        """
        rows = np.arange(len(table)) if rows is None else rows
        refuse_missing(table, self.column, rows)
        if not self.classes:
            return ((read_numbers(table, self.column, rows) - self.mean) / self.deviation).astype(np.float32)
        read = table[self.column][rows]
        # Rows whose cells all look like numbers may be of a column where some do not.
        labels = cells.labels(read) if isinstance(self.classes[0], str) else _labels(read)
        different, first, which = np.unique(labels, return_index=True, return_inverse=True)
        known = {label: k for k, label in enumerate(self.classes)}
        for label, row in zip(different.tolist(), rows[first], strict=True):
            if label not in known:
                raise DataError(
                    f"{table.source}, {table.place(row)}: {self.column!r} is {label!r}, which is none of the classes: "
                    f"{listed(self.classes)}"
                )
        return np.array([known[label] for label in different.tolist()])[which]

    def decode(self, predicted: np.ndarray) -> np.ndarray:
        """Predictions as the column would hold them: classes, or values in its own units."""
        if self.classes:
            return np.array(self.classes, object)[predicted]
        return predicted.astype(float) * self.deviation + self.mean

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :meth:`from_json` makes the same target."""
        return {
            "column": self.column,
            "classes": list(self.classes),
            "mean": self.mean,
            "deviation": self.deviation,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Target:
        """The target described by :meth:`to_json`.

        Raises:
            DataError: if the data describe none.
        """
        try:
            classes = tuple(data["classes"])
            target = cls(str(data["column"]), classes, float(data["mean"]), float(data["deviation"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"not the description of a target: {error!r}") from None
        if not all(isinstance(label, Label) for label in classes) or len(classes) == 1:
            raise DataError(f"not the description of a target: classes {listed(classes)}")
        if not (np.isfinite(target.mean) and 0 < target.deviation < np.inf):
            raise DataError(f"not the description of a target: mean {target.mean}, deviation {target.deviation}")
        return target


def task_of(column: np.ndarray) -> Task:
    """What a column is, told from its cells: see :meth:`Target.fit`."""
    values = cells.numbers(column)
    if values is None:
        return "classification"
    values = values[~np.isnan(values)]
    different = np.unique(values)
    whole = bool((different == np.round(different)).all())
    few = len(different) <= min(MOST_WHOLE_NUMBERS, len(values) / ROWS_PER_WHOLE_NUMBER)
    return "classification" if whole and few else "regression"


def _classes(table: Table, column: str, rows: np.ndarray) -> tuple[Label, ...]:
    read = table[column][rows]
    classes = tuple(np.unique(_labels(read)).tolist())
    if len(classes) == 1:
        raise DataError(
            f"{table.source}: the target {column!r} has a single class, {classes[0]!r}: there is nothing to learn"
        )
    if 2 * len(classes) > len(rows):
        first = cells.first_not_number(read) if cells.mostly_numbers(read) and cells.numbers(read) is None else None
        cause = (
            "it seems to be a name or a quantity, not a class"
            if first is None
            else f"its cells are numbers, but not {str(read[first])!r} ({table.place(rows[first])})"
        )
        raise DataError(
            f"{table.source}: the target {column!r} has {len(classes)} different values in {len(rows)} rows: {cause}"
        )
    return classes


def _labels(column: np.ndarray) -> np.ndarray:
    """Numbers if all cells are, whole ones as integers; else text. No cell is missing."""
    values = cells.numbers(column)
    if values is None:
        return cells.labels(column)
    whole = (values == np.round(values)).all() and np.abs(values).max(initial=0) < 2**53
    return values.astype(np.int64) if whole else values


def refuse_missing(table: Table, column: str, rows: np.ndarray) -> None:
    """Raises DataError if a cell in these rows has no value."""
    gaps = cells.missing(table[column][rows])
    if gaps.any():
        places: Sequence[str] = [table.place(row) for row in rows[gaps]]
        raise DataError(
            f"{table.source}: the target {column!r} has no value at {listed(places, 5)}: fill in or delete these rows"
        )
