"""The target: the column to predict, as classes or as a quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from backpath.data import cells
from backpath.data.detection import kind_of
from backpath.data.frame import Frame, listed
from backpath.data.kinds import PLAIN, Kind, Number, Truth, kind_from_json, kind_to_json
from backpath.data.numeric import first_not_number, mostly_numbers, read_numbers
from backpath.data.words import Words
from backpath.graph import DataError

if TYPE_CHECKING:
    import polars as pl

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
        written: how the numbers of a quantity are written.
    """

    column: str
    classes: tuple[Label, ...] = ()
    mean: float = 0.0
    deviation: float = 1.0
    written: Number = PLAIN

    @property
    def task(self) -> Task:
        """``"classification"`` or ``"regression"``."""
        return "classification" if self.classes else "regression"

    @classmethod
    def fit(
        cls,
        frame: Frame,
        column: str,
        rows: np.ndarray | None = None,
        task: Task | None = None,
        *,
        standardize: bool = True,
    ) -> Target:
        """Learn the classes, or the mean and deviation of a quantity, from some rows.

        Without ``task``, a column is classes if it holds text, or at most 20 different whole numbers that
        are each seen 5 times on average; else a quantity. Labels of text are names: they are whole numbers only if all
        of them are, without leading zeros.

        Args:
            frame: where the column is.
            column: its name.
            rows: the training rows; by default all.
            task: what the column is.
            standardize: whether a quantity is brought to mean 0 and deviation 1; counts are not.

        Raises:
            DataError: if there is no such column, a cell has no value, or the cells are not what ``task`` needs.
        """
        frame = labelled(frame)
        if frame[column].dtype.is_nested():
            raise DataError(
                f"{frame.source}: the target {column!r} holds lists or records: it needs a value in each row"
            )
        refuse_missing(frame, column, rows)
        read = frame.cells(column, rows)
        if (task or task_of(frame, column, rows)) == "classification":
            return cls(column, _classes(frame, column, rows))
        kind = _kind(frame, column, read)
        written = kind if isinstance(kind, Number) else PLAIN
        values = read_numbers(frame, column, rows, written)
        with np.errstate(over="ignore", invalid="ignore"):
            mean, deviation = float(values.mean()), float(values.std())
        if values.min() == values.max():
            raise DataError(f"{frame.source}: the target {column!r} is always {values[0]:g}: there is nothing to learn")
        if not 0 < deviation < np.inf:
            raise DataError(f"{frame.source}: the target {column!r} spans a range that cannot be computed with")
        if not standardize:
            mean, deviation = 0.0, 1.0
        return cls(column, (), mean, deviation, written)

    def with_classes_of(self, different: pl.Series) -> Target:
        """The same target with all the classes that these cells hold."""
        return replace(self, classes=tuple(sorted(set(_labels_of(different, Words(labels=False).of_labels())))))

    def encode(self, frame: Frame, rows: np.ndarray | None = None) -> np.ndarray:
        """What training reads: class indices (int64), or standardized values (float32).

        Raises:
            DataError: if a cell has no value, or one that this target does not know.
        """
        frame = labelled(frame)
        refuse_missing(frame, self.column, rows)
        if not self.classes:
            return ((self.values(frame, rows) - self.mean) / self.deviation).astype(np.float32)
        read = frame.cells(self.column, rows)
        different = read.unique()
        known = {label: k for k, label in enumerate(self.classes)}
        # Rows whose cells all look like numbers may be of a column where some do not.
        named = isinstance(self.classes[0], str)
        labels = cells.labels(different, frame.words).to_list() if named else _labels_of(different, frame.words)
        for label, cell in zip(labels, different.to_list(), strict=True):
            if label not in known:
                first = int((read == cell).arg_true()[0])
                row = first if rows is None else int(rows[first])
                raise DataError(
                    f"{frame.source}, {frame.place(row)}: {self.column!r} is {label!r}, which is none of the classes: "
                    f"{listed(self.classes)}"
                )
        return cells.mapped(read, different, [known[label] for label in labels]).astype(np.int64)

    def values(self, frame: Frame, rows: np.ndarray | None = None) -> np.ndarray:
        """A quantity in its own units, float64.

        Raises:
            DataError: if a cell is no number.
        """
        return read_numbers(labelled(frame), self.column, rows, self.written)

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
            **({} if self.written == PLAIN else {"written": kind_to_json(self.written)}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Target:
        """The target described by :meth:`to_json`.

        Raises:
            DataError: if the data describe none.
        """
        try:
            classes = tuple(data["classes"])
            written = kind_from_json(data["written"]) if "written" in data else PLAIN
            if not isinstance(written, Number):
                raise TypeError(f"{written} is no kind of numbers")
            target = cls(str(data["column"]), classes, float(data["mean"]), float(data["deviation"]), written)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"not the description of a target: {error!r}") from None
        if not all(isinstance(label, Label) for label in classes) or len(classes) == 1:
            raise DataError(f"not the description of a target: classes {listed(classes)}")
        if not (np.isfinite(target.mean) and 0 < target.deviation < np.inf):
            raise DataError(f"not the description of a target: mean {target.mean}, deviation {target.deviation}")
        return target


def labelled(frame: Frame) -> Frame:
    """The frame with the words for missing that hold for labels."""
    return replace(frame, words=frame.words.of_labels())


def task_of(frame: Frame, column: str, rows: np.ndarray | None = None) -> Task:
    """What a column is, told from its cells: see :meth:`Target.fit`."""
    import polars as pl

    frame = labelled(frame)
    read = frame.cells(column, rows)
    kind = _kind(frame, column, read)
    if not isinstance(kind, Number | Truth) or (isinstance(kind, Truth) and read.dtype != pl.Boolean):
        return "classification"
    numbers = cells.numbers(read, frame.words, kind).drop_nulls()
    if not numbers.is_finite().all():
        return "classification"
    values = numbers.to_numpy()
    different = np.unique(values)
    whole = bool((different == np.round(different)).all())
    few = len(different) <= min(MOST_WHOLE_NUMBERS, len(values) / ROWS_PER_WHOLE_NUMBER)
    return "classification" if whole and few else "regression"


def _kind(frame: Frame, column: str, read: pl.Series) -> Kind:
    return frame.kinds[column] if column in frame.kinds else kind_of(read, frame.words)


def _classes(frame: Frame, column: str, rows: np.ndarray | None) -> tuple[Label, ...]:
    read = frame.cells(column, rows)
    classes = tuple(sorted(set(_labels_of(read.unique(), frame.words))))
    if len(classes) == 1:
        raise DataError(
            f"{frame.source}: the target {column!r} has a single class, {classes[0]!r}: there is nothing to learn"
        )
    if 2 * len(classes) > len(read):
        cause = "it seems to be a name or a quantity, not a class"
        if mostly_numbers(frame, column):
            first = first_not_number(frame, column, rows)
            cause = f"its cells are numbers, but not {str(frame[column][first])!r} ({frame.place(first)})"
        raise DataError(
            f"{frame.source}: the target {column!r} has {len(classes)} different values in {len(read)} rows: {cause}"
        )
    return classes


def _labels_of(column: pl.Series, words: Words) -> list[Label]:
    """Numbers if all cells are written plainly as such, whole ones as integers; else text. No cell is missing."""
    import polars as pl

    plain = column.dtype.is_numeric() or column.dtype == pl.Boolean or kind_of(column, words) == PLAIN
    read = cells.numbers(column, words)
    if not plain or not read.is_finite().fill_null(False).all():
        return cells.labels(column, words).to_list()
    values = read.to_numpy()
    whole = (values == np.round(values)).all() and np.abs(values).max(initial=0) < 2**53
    return (values.astype(np.int64) if whole else values).tolist()


def refuse_missing(frame: Frame, column: str, rows: np.ndarray | None = None) -> None:
    """Raises DataError if a cell in these rows (by default all) has no value."""
    gaps = cells.missing(frame.cells(column, rows), frame.words)
    if gaps.any():
        where = gaps.arg_true().to_numpy()
        places: Sequence[str] = [frame.place(row) for row in (where if rows is None else rows[where])]
        word = str(frame[column][int(where[0] if rows is None else rows[where[0]])] or "")
        cure = "fill in or delete these rows"
        if word.strip():
            cure += f", or --label-missing none if {word!r} is a class"
        raise DataError(f"{frame.source}: the target {column!r} has no value at {listed(places, 5)}: {cure}")
