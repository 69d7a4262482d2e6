"""From all rows to three parts and the target: what must be known before features are learned."""

from __future__ import annotations

import numpy as np

from backpath.data.columns import read_numbers
from backpath.data.parquet import ParquetSource
from backpath.data.parts import ParquetData, TableData
from backpath.data.split import split
from backpath.data.tables import Table
from backpath.data.target import Target, Task, refuse_missing, task_of
from backpath.graph import DataError
from backpath.nets import LOSSES
from backpath.training.runs.settings import Settings


def parted_table(table: Table, column: str, settings: Settings) -> tuple[TableData, Target, str]:
    """A table in memory in its parts, each class in proportion; the target, and the loss.

    Raises:
        DataError: if the target cannot be what the settings ask for, or there are too few rows.
    """
    s = settings
    task, loss = task_and_loss(table[column], s)
    target = Target.fit(table, column, task=task)
    classes = target.decode(target.encode(table)) if target.classes else None
    data = TableData(table, split(len(table), classes, test=s.test, validation=s.validation, seed=s.seed))
    if task == "regression":
        target = Target.fit(table, column, data.parts.train, task, standardize=loss != "poisson")
        if loss == "poisson":
            refuse_negative(table, column)
    return data, target, loss


def parted_file(file: ParquetSource, column: str, settings: Settings) -> tuple[ParquetData, Target, str]:
    """Rows on disk in their parts, each by a draw of its own; the target, all cells of which are looked at; the loss.

    Raises:
        DataError: as :func:`parted_table`.
    """
    s = settings
    Table(file.source, file.names, tuple(np.empty(0) for _ in file.names))[column]
    data = ParquetData(file, s.test, s.validation, s.seed)
    sample, rows = data.learning
    task, loss = task_and_loss(sample[column], s)
    different = sample[column][:0]
    for table in data.all_cells(column):
        refuse_missing(table, column, np.arange(len(table)))
        if task == "classification":
            different = np.union1d(different, table[column])
        else:
            read_numbers(table, column, np.arange(len(table)))
        if loss == "poisson":
            refuse_negative(table, column)
    target = Target.fit(sample, column, rows, task, standardize=loss != "poisson")
    return data, target.with_classes_of(different) if target.classes else target, loss


def task_and_loss(cells: np.ndarray, settings: Settings) -> tuple[Task, str]:
    """What is predicted and by which loss, from the settings, or else from the target's cells.

    Raises:
        DataError: if there is no such loss, or it is not for the task.
    """
    if settings.loss is None:
        task = settings.task or task_of(cells)
        return task, "cross_entropy" if task == "classification" else "squared_error"
    if settings.loss not in LOSSES:
        raise DataError(f"no loss is called {settings.loss!r}; there are {', '.join(LOSSES)}")
    wanted: Task = "classification" if LOSSES[settings.loss].classifies else "regression"
    if settings.task not in (None, wanted):
        raise DataError(f"the loss {settings.loss} is for {wanted}, and the task is {settings.task}")
    return wanted, settings.loss


def refuse_negative(table: Table, column: str) -> None:
    """Raises DataError if a cell is below 0."""
    counts = read_numbers(table, column, np.arange(len(table)))
    if counts.min() < 0:
        row = int(np.argmin(counts))
        raise DataError(
            f"{table.source}, {table.place(row)}: {column!r} is {counts[row]:g}; the poisson loss needs counts, "
            f"which are not negative"
        )
