"""A robust estimator beside a run's own network: trained on the same rows of the same file, judged by the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from backpath.data.features import Features
from backpath.data.frame import Frame
from backpath.data.kinds import PLAIN, Kind, Name, Number
from backpath.data.parts import FrameData
from backpath.data.reading.options import Reading
from backpath.data.target import Target
from backpath.estimators.robust.classifier import RobustMLPClassifier
from backpath.estimators.robust.regressor import RobustMLPRegressor
from backpath.estimators.robust.saving import Robust, read_estimator, write_estimator
from backpath.graph import DataError, RunError, SettingError
from backpath.training.runs.experiment import Experiment
from backpath.training.runs.run_folder import MODEL
from backpath.training.runs.scores import Errors
from backpath.training.runs.settings import Settings

HIGHER_IS_BETTER: Mapping[str, bool] = {"accuracy": True, "log_loss": False, "rmse": False, "r2": True}

SMALLEST = float(np.finfo(np.float32).eps)
"""Probabilities are cut here before their logarithm, as scikit-learn does with single ones."""


class Predicting(Protocol):
    """What a run folder holds, whatever made it."""

    @property
    def target(self) -> Target:
        """What is predicted."""
        ...

    @property
    def reading(self) -> Reading:
        """How files are read."""
        ...

    def predicted(self, frame: Frame, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray | None]:
        """Predictions of some rows, by default all, and the probability of each class, if there are any."""
        ...

    def unseen(self, frame: Frame) -> dict[str, list[str]]:
        """For each column the categories that no training row had, if there are any."""
        ...


@dataclass(frozen=True)
class RobustRun:
    """A fitted estimator that reads tables.

    Attributes:
        estimator: fitted to class numbers, or to quantities in their own units.
        target: what is predicted.
        reading: what could not be known from the file that it was trained on, and holds for others.
    """

    estimator: Robust
    target: Target
    reading: Reading

    def predicted(self, frame: Frame, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray | None]:
        """Classes or quantities of some rows, by default all, and the probability of each class."""
        part = frame if rows is None else _rows(frame, rows)
        if isinstance(self.estimator, RobustMLPClassifier):
            probabilities = np.zeros((len(part), len(self.target.classes)))
            probabilities[:, self.estimator.classes_] = self.estimator.predict_proba(part)
            return self.target.decode(probabilities.argmax(axis=1)), probabilities
        return self.estimator.predict(part), None

    def unseen(self, frame: Frame) -> dict[str, list[str]]:
        """For each column the categories of the frame that no training row had, if there are any."""
        return self.estimator._table.unseen(frame)

    def write(self, folder: Path, config: Mapping[str, Any]) -> None:
        """Write the run; see :func:`write_estimator`."""
        described = {"target": self.target.to_json(), "reading": self.reading.to_json()}
        write_estimator(self.estimator, folder, described, config)


def read_robust_run(folder: Path) -> RobustRun:
    """The run of a folder.

    Raises:
        RunError: if the folder holds none, a damaged one, or one without tables.
    """
    estimator, description = read_estimator(folder)
    if description["target"] is None:
        raise RunError(f"{folder} was saved from Python, without a file that it reads: bp.load({str(folder)!r})")
    try:
        return RobustRun(estimator, Target.from_json(description["target"]), Reading.from_json(description["reading"]))
    except (KeyError, TypeError, DataError) as error:
        raise RunError(f"{folder / MODEL} is damaged: {error}") from None


def require_table(settings: Settings) -> None:
    """Raises SettingError if the settings ask for what robust estimators do not do."""
    reasons = {
        "stream": "needs all rows in memory",
        "onnx": "trains networks of its own",
        "augment": "reads tables, not images",
    }
    for name, why in reasons.items():
        if getattr(settings, name):
            raise SettingError(f"--robust {why}: leave out --{name}")
    if settings.spelled:
        raise SettingError("--robust reads tables, not images or sequences: give widths as --layers")
    if not settings.validation:
        raise SettingError("--robust is compared on validation rows: give --validation a number above 0")


def fit_beside(experiment: Experiment, estimator: Robust) -> RobustRun:
    """The estimator fitted to the experiment's training rows.

    Raises:
        SettingError: if the experiment is of no table.
        DataError: if a column cannot be read.
    """
    data, target = experiment.data, experiment.target
    if not isinstance(data, FrameData) or not isinstance(experiment.features, Features):
        raise SettingError("--robust reads tables, not images, sequences or streams")
    y = target.encode(data.frame, data.parts.train) if target.classes else target.values(data.frame, data.parts.train)
    columns = _declared(data.frame.without([target.column, *experiment.settings.drop]), experiment.settings)
    estimator.fit(_rows(columns, data.parts.train), y)
    return RobustRun(estimator, target, experiment.settings.reading)


def estimator_for(experiment: Experiment) -> Robust:
    """The estimator that the settings ask for, not fitted yet."""
    s = experiment.settings
    make = RobustMLPClassifier if experiment.target.classes else RobustMLPRegressor
    return make(
        n_members="auto" if s.members is None else s.members,
        time_budget=s.time_budget,
        random_state=s.seed,
        n_jobs=s.threads,
        engine=s.engine,
        device=s.device,
    )


def _declared(frame: Frame, settings: Settings) -> Frame:
    """The frame with what the user says of its columns."""
    said: dict[str, Kind] = {name: Name(declared=True) for name in settings.categorical}
    for name in settings.numeric:
        kind = frame.kinds.get(name)
        said[name] = kind if isinstance(kind, Number) else PLAIN
    unused = {name: why for name, why in frame.unused.items() if name not in said}
    return replace(frame, kinds={**frame.kinds, **said}, unused=unused)


def _rows(frame: Frame, rows: np.ndarray) -> Frame:
    numbers = rows if frame.numbers is None else frame.numbers[rows]
    return replace(frame, data=frame.data[rows], numbers=numbers)


def scores_of(model: Predicting, parts: Iterable[tuple[Frame, np.ndarray]]) -> dict[str, float]:
    """``accuracy`` and ``log_loss``, or ``r2`` and ``rmse``, of all these rows.

    Without probabilities there is no log loss.
    """
    errors, right, surprise, count = Errors(), 0, 0.0, 0
    certain = False
    for frame, rows in parts:
        predicted, probabilities = model.predicted(frame, rows)
        if not model.target.classes:
            errors.add(model.target.values(frame, rows), predicted)
            continue
        y = model.target.encode(frame, rows)
        right, count = right + int(np.sum(model.target.decode(y) == predicted)), count + len(rows)
        certain |= probabilities is None
        if probabilities is not None:
            of_true = np.asarray(probabilities, float)[np.arange(len(y)), y]
            surprise -= float(np.log(of_true.clip(SMALLEST, 1 - SMALLEST)).sum())
    if not model.target.classes:
        return errors.scores()
    return {"accuracy": right / count, **({} if certain else {"log_loss": surprise / count})}


def gains(ours: Mapping[str, float], others: Mapping[str, float]) -> dict[str, float]:
    """By how much each score of ours is better: negative where it is worse."""
    return {
        name: (value - others[name]) * (1 if HIGHER_IS_BETTER[name] else -1)
        for name, value in ours.items()
        if name in others
    }
