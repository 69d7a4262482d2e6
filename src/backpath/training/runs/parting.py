"""From all rows to three parts and the target: what must be known before features are learned."""

from __future__ import annotations

import numpy as np

from backpath.data.frame import Frame, require_column
from backpath.data.parts import DiskData, FrameData
from backpath.data.reading.on_disk import OnDisk
from backpath.data.split import split
from backpath.data.target import Target, Task, refuse_missing, task_of
from backpath.engines.processes.signs import getting_on
from backpath.graph import DataError
from backpath.nets import LOSSES
from backpath.training.runs.settings import Settings


def parted_frame(frame: Frame, column: str, settings: Settings) -> tuple[FrameData, Target, str]:
    """A frame in memory in its parts, each class in proportion; the target, and the loss.

    Raises:
        DataError: if the target cannot be what the settings ask for, or there are too few rows.
    """
    s = settings
    frame[column]
    task, loss = task_and_loss(frame, column, s)
    target = Target.fit(frame, column, task=task)
    classes = target.encode(frame) if target.classes else None
    parts = split(len(frame), classes, names=target.classes, test=s.test, validation=s.validation, seed=s.seed)
    if task == "regression":
        target = Target.fit(frame, column, parts.train, task, standardize=loss != "poisson")
        if loss == "poisson":
            refuse_negative(frame, target)
    return FrameData(frame, parts), target, loss


def parted_file(file: OnDisk, column: str, settings: Settings) -> tuple[DiskData, Target, str]:
    """Rows on disk in their parts, each by a draw of its own; the target, all cells of which are looked at; the loss.

    Raises:
        DataError: as :func:`parted_frame`.
    """
    import polars as pl

    s = settings
    require_column(file.source, file.names, column)
    data = DiskData(file, s.test, s.validation, s.seed)
    sample, rows = data.learning
    task, loss = task_and_loss(sample, column, s)
    target = Target.fit(sample, column, rows, task, standardize=loss != "poisson")
    different = []
    for frame in data.all_cells(column):
        getting_on()
        refuse_missing(frame, column)
        if task == "classification":
            different.append(frame[column].unique())
        else:
            target.values(frame)
        if loss == "poisson":
            refuse_negative(frame, target)
    return data, target.with_classes_of(pl.concat(different).unique()) if target.classes else target, loss


def task_and_loss(frame: Frame, column: str, settings: Settings) -> tuple[Task, str]:
    """What is predicted and by which loss, from the settings, or else from the target's cells.

    Raises:
        DataError: if there is no such loss, or it is not for the task.
    """
    if settings.loss is None:
        task = settings.task or task_of(frame, column)
        return task, "cross_entropy" if task == "classification" else "squared_error"
    if settings.loss not in LOSSES:
        raise DataError(f"no loss is called {settings.loss!r}; there are {', '.join(LOSSES)}")
    wanted: Task = "classification" if LOSSES[settings.loss].classifies else "regression"
    if settings.task not in (None, wanted):
        raise DataError(f"the loss {settings.loss} is for {wanted}, and the task is {settings.task}")
    return wanted, settings.loss


def refuse_negative(frame: Frame, target: Target) -> None:
    """Raises DataError if a cell of the target is below 0."""
    counts = target.values(frame)
    if counts.min() < 0:
        row = int(np.argmin(counts))
        raise DataError(
            f"{frame.source}, {frame.place(row)}: {target.column!r} is {counts[row]:g}; the poisson loss needs counts, "
            f"which are not negative"
        )
