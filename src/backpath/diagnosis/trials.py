"""Training again: outcomes of subjects from paired seeds, many at a time, within a budget of steps."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpath.diagnosis.subject import Subject
from backpath.graph import BackpathError, NonFiniteError, SettingError
from backpath.nets import Model
from backpath.training.fit_many import fits_or_errors
from backpath.training.loop.epochs import Epoch
from backpath.training.loop.stepping import Programs
from backpath.training.result import Fit

WORTH_SHARING = 3e8
"""Products of rows, epochs and parameters from which on a second core is sooner done than it has begun."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One training of a subject.

    Attributes:
        losses: of the held-out rows, as ``Goal.losses``; 1 is chance's.
        train: the mean of the training rows' losses.
        history: the epochs; empty if training ended in numbers that are not finite.
        parameters: of the end; None then.
        network: that predicts.
        error: what ended it, in words.
    """

    losses: np.ndarray
    train: float
    history: tuple[Epoch, ...] = ()
    parameters: Any = None
    network: Any = None
    error: str = ""

    @property
    def skill(self) -> float:
        """On held-out rows: 1 is perfect, 0 is chance's."""
        return 1 - float(np.mean(self.losses))


@dataclass(slots=True)
class Trials:
    """Trains subjects, remembers what it trained, and counts what it cost.

    Attributes:
        budget: seconds to spend, or None.
        steps: optimizer steps to spend, or None: the same on every machine.
        trainings: made so far.
        spent: steps made so far.
    """

    budget: float | None = 30.0
    steps: int | None = None
    trainings: int = 0
    spent: int = 0
    known: dict[tuple[int, int], Outcome] = field(default_factory=dict)
    programs: dict[str, Programs] = field(default_factory=dict)
    kept: list[Subject] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    @property
    def exhausted(self) -> bool:
        """Whether nothing more is to be begun."""
        if self.steps is not None:
            return self.spent >= self.steps
        return self.late

    @property
    def late(self) -> bool:
        """Whether the seconds are spent."""
        return self.budget is not None and time.perf_counter() - self.started > self.budget

    def run(self, subjects: Sequence[Subject], seeds: Sequence[int]) -> list[list[Outcome]]:
        """The outcomes of each subject for each seed."""
        for group in _together([s for s in subjects if any((id(s), k) not in self.known for k in seeds)]):
            jobs = [(s, k) for s in group for k in seeds if (id(s), k) not in self.known]
            for (subject, seed), outcome in zip(jobs, self._trained(jobs), strict=True):
                self.known[id(subject), seed] = outcome
            self.kept += group
        return [[self.known[id(s), k] for k in seeds] for s in subjects]

    def _trained(self, jobs: Sequence[tuple[Subject, int]]) -> list[Outcome]:
        first = jobs[0][0]
        self.trainings += len(jobs)
        self.spent += len(jobs) * first.epochs * first.steps
        try:
            found = self._fits(jobs)
        except BackpathError as error:
            return [_failed(s, error) for s, _ in jobs]
        return [_outcome(s, fit) for (s, _), fit in zip(jobs, found, strict=True)]

    def _fits(self, jobs: Sequence[tuple[Subject, int]]) -> list[Fit | NonFiniteError]:
        first = jobs[0][0]
        rows = np.asarray(first.X, first.model.input_dtype(np.float32))
        little = len(jobs) * first.epochs * len(first.X) * first.model.parameter_count < WORTH_SHARING
        options: dict[str, Any] = {
            "seeds": [seed for _, seed in jobs],
            "optimizer": [s.optimizer for s, _ in jobs],
            "init": [s.init for s, _ in jobs],
            "epochs": first.epochs,
            "batch": first.batch,
            "weights": first.weights,
            "threads": 1 if little else None,
        }
        programs = self.programs.setdefault(_structure(first.model), {})
        try:
            return fits_or_errors(first.model, rows, first.y, engine="compiled", programs=programs, **options)
        except SettingError:
            return fits_or_errors(first.model, rows, first.y, engine="numpy", **options)


def _structure(model: Model) -> str:
    """The same for models that are the same program."""
    try:
        told = model.to_json()
    except BackpathError:
        return str(id(model))
    return str(id(model)) if told.get("kind") == "function" else json.dumps(told)


def _outcome(subject: Subject, fit: Fit | NonFiniteError) -> Outcome:
    if isinstance(fit, NonFiniteError):
        return _failed(subject, fit)
    goal = subject.goal
    held = goal.losses(subject.predicted(fit.network, fit.parameters, subject.held), goal.held)
    train = goal.losses(subject.predicted(fit.network, fit.parameters, subject.X), goal.train)
    return Outcome(held, float(np.mean(train)), fit.history, fit.parameters, fit.network)


def _failed(subject: Subject, error: BackpathError) -> Outcome:
    return Outcome(np.ones(len(subject.held)), 1.0, error=str(error))


def _together(subjects: Sequence[Subject]) -> list[list[Subject]]:
    """Those that differ in their optimizers and initial parameters alone share one program."""
    groups: dict[Any, list[Subject]] = {}
    for s in subjects:
        groups.setdefault((id(s.model), id(s.X), id(s.y), id(s.weights), s.batch, s.epochs), []).append(s)
    return list(groups.values())
