"""An experiment: from a table to a trained network and how good it is on rows it has not seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from backpath.calculus import GradientCheck, check_grads
from backpath.graph import DataError, RunError
from backpath.nets import LOSSES, Network
from backpath.training.chain import Optimizer
from backpath.training.columns import read_numbers
from backpath.training.descent import descent
from backpath.training.features import Features
from backpath.training.fit import Epoch, Fit, fit
from backpath.training.optimizers import Rate
from backpath.training.plateau import ReduceOnPlateau
from backpath.training.range_test import RangeTest, find_rate
from backpath.training.saved_model import SavedModel, outputs_for
from backpath.training.saver import Saver
from backpath.training.scores import most_confused
from backpath.training.split import Split, split
from backpath.training.tables import Table
from backpath.training.target import Target, Task, task_of


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train; the defaults are those of ``backpath train``."""

    seed: int = 0
    epochs: int = 40
    layers: tuple[int, ...] = (128, 128)
    activation: tuple[str, ...] = ("relu",)
    init: str = "auto"
    loss: str | None = None
    optimizer: str = "sgd"
    rate: float | None = None
    find_rate: bool = False
    momentum: float | None = None
    schedule: str = "constant"
    l2: float = 0.0
    clip: float | None = None
    batch: int = 32
    test: float = 0.2
    validation: float = 0.0
    task: Task | None = None
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    threads: int | None = None

    @classmethod
    def from_json(cls, config: Mapping[str, Any]) -> Settings:
        """The settings among what ``config.json`` of a run holds.

        Raises:
            RunError: if one is missing.
        """
        try:
            kept: dict[str, Any] = {field.name: config[field.name] for field in fields(cls)}
        except KeyError as error:
            raise RunError(f"the run's config.json lacks {error}: another version of backpath made it") from None
        for name, value in kept.items():
            kept[name] = tuple(value) if isinstance(value, list) else value
        return cls(**kept)


@dataclass(frozen=True)
class Experiment:
    """Data made ready and a network that fits them.

    Attributes:
        settings: how to train.
        table: all rows.
        features: learned from the training rows.
        target: classes, or a quantity's mean and deviation in the training rows.
        parts: the rows that train, choose and judge.
        network: not trained yet.
    """

    settings: Settings
    table: Table
    features: Features
    target: Target
    parts: Split
    network: Network

    @classmethod
    def prepare(cls, table: Table, target_column: str, settings: Settings) -> Experiment:
        """Split the table, learn features and target from the training part, and lay out a network.

        Raises:
            DataError: if the table cannot be used as the settings ask.
            GraphError: if the settings make no network.
            SettingError: if they make no optimizer.
        """
        s = settings
        if target_column in s.drop:
            raise DataError(f"column {target_column!r} is the target: it cannot be dropped")
        columns = table.without([target_column, *s.drop])
        task = _task(table, target_column, s)
        loss = s.loss or ("cross_entropy" if task == "classification" else "squared_error")
        target = Target.fit(table, target_column, task=task)
        classes = target.decode(target.encode(table)) if target.classes else None
        parts = split(len(table), classes, test=s.test, validation=s.validation, seed=s.seed)
        if task == "regression":
            target = Target.fit(table, target_column, parts.train, task, standardize=loss != "poisson")
            if loss == "poisson":
                _refuse_negative(table, target_column)
        features = Features.fit(columns, parts.train, numeric=s.numeric, categorical=s.categorical)
        activation = s.activation[0] if len(s.activation) == 1 else s.activation
        network = Network([features.width, *s.layers, outputs_for(target, loss)], activation, loss)
        experiment = cls(s, table, features, target, parts, network)
        experiment.descent()
        return experiment

    @cached_property
    def examples(self) -> tuple[np.ndarray, np.ndarray]:
        """The training part as arrays."""
        train = self.parts.train
        return self.features.transform(self.table, train), self.target.encode(self.table, train)

    def check_gradient(self) -> GradientCheck:
        """Our gradient at the initial weights on a few training rows, against an independent one."""
        X, y = (array[:8] for array in self.examples)
        parameters = self.network.init(self.settings.seed)
        return check_grads(self.network.loss_value, (parameters, X.astype(float), y), argnums=0, sample=256)

    def descent(self) -> Optimizer:
        """The optimizer that the settings ask for.

        Raises:
            SettingError: if they make none.
        """
        s = self.settings
        steps = s.epochs * math.ceil(len(self.parts.train) / min(s.batch, len(self.parts.train)))
        return descent(s.optimizer, s.rate, s.momentum, s.schedule, steps, s.l2, s.clip)

    def with_found_rate(self) -> tuple[Experiment, RangeTest]:
        """The same experiment at the rate that a range test suggests, and the test.

        Raises:
            SettingError: if no rate was seen to decrease the loss.
        """
        s = self.settings

        def at_rate(rate: Rate) -> Optimizer:
            return descent(s.optimizer, rate, s.momentum, l2=s.l2, clip=s.clip)

        found = find_rate(
            self.network, *self.examples, at_rate, batch=s.batch, seed=s.seed, init=s.init, threads=s.threads
        )
        return replace(self, settings=replace(s, rate=found.suggestion)), found

    def train(self, on_epoch: Callable[[Epoch], None] | None = None, saver: Saver | None = None) -> Fit:
        """Fit the network to the training part; with a saver, from its checkpoint on if there is one."""
        s = self.settings
        return fit(
            self.network,
            *self.examples,
            epochs=s.epochs,
            batch=s.batch,
            optimizer=self.descent(),
            seed=s.seed,
            plateau=ReduceOnPlateau() if s.schedule == "plateau" else None,
            init=s.init,
            threads=s.threads,
            checkpoint=saver,
            on_epoch=on_epoch,
        )

    def model(self, trained: Fit) -> SavedModel:
        """What to save."""
        return SavedModel(self.network, trained.parameters, self.features, self.target)

    def scores(self, model: SavedModel) -> dict[str, Mapping[str, float]]:
        """The scores of each part that has rows: ``train``, ``validation``, ``test``."""
        rows = {"train": self.parts.train, "validation": self.parts.validation, "test": self.parts.test}
        return {part: model.score(self.table, chosen) for part, chosen in rows.items() if len(chosen)}

    def most_confused(self, model: SavedModel) -> tuple[str, str, int] | None:
        """The mistake made most often on the test part: the class, what it was taken for, how often."""
        rows = self.parts.test
        if not self.target.classes or not len(rows):
            return None
        predicted = model.network.predict(model.parameters, self.features.transform(self.table, rows))
        found = most_confused(self.target.encode(self.table, rows), predicted)
        if found is None:
            return None
        true, taken, times = found
        return str(self.target.classes[true]), str(self.target.classes[taken]), times


def _task(table: Table, column: str, settings: Settings) -> Task:
    if settings.loss is None:
        return settings.task or task_of(table[column])
    if settings.loss not in LOSSES:
        raise DataError(f"no loss is called {settings.loss!r}; there are {', '.join(LOSSES)}")
    wanted: Task = "classification" if LOSSES[settings.loss].classifies else "regression"
    if settings.task not in (None, wanted):
        raise DataError(f"the loss {settings.loss} is for {wanted}, and the task is {settings.task}")
    return wanted


def _refuse_negative(table: Table, column: str) -> None:
    counts = read_numbers(table, column, np.arange(len(table)))
    if counts.min() < 0:
        row = int(np.argmin(counts))
        raise DataError(
            f"{table.source}, {table.place(row)}: {column!r} is {counts[row]:g}; the poisson loss needs counts, "
            f"which are not negative"
        )
