"""``diagnose``: from a training to what is wrong with it, each suspicion tried by training again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from backpath.diagnosis.evidence.observed import Observed
from backpath.diagnosis.findings import Diagnosis
from backpath.diagnosis.search import SCREENING, Search
from backpath.diagnosis.subject import Goal, Subject, subject_of
from backpath.diagnosis.trials import Trials
from backpath.graph import SettingError
from backpath.nets import Model
from backpath.training.fit import DESCENT
from backpath.training.given import Init
from backpath.training.optimizers.chain import Optimizer

ROUNDS = 3

USUAL_TRAININGS, FEWEST_ROWS = 60, 400
"""Trainings that a diagnosis takes; where the budget is too short for them, rows are left out, but for so many."""


def diagnose(
    model: Model,
    X: Any,
    y: Any,
    *,
    optimizer: Optimizer = DESCENT,
    epochs: int = 40,
    batch: int = 32,
    init: Init = "auto",
    weights: Any = None,
    validation: tuple[Any, Any] | None = None,
    names: Sequence[str] = (),
    gradient: Callable[..., Any] | None = None,
    budget: float | None = 30.0,
    steps: int | None = None,
    seed: int = 0,
) -> Diagnosis:
    """What is wrong with a training, and which change repairs it: each is tried by training again from paired seeds.

    A third of the rows is held out to judge by, unless ``validation`` is given. Skill is measured on them: 1 is
    perfect, 0 what chance gives; errors of classes that count alike, or squares over the variance. A suspicion becomes
    a finding if its fix gains at least 0.04 of skill and a fifth of what skill lacks, with an interval over seeds and
    rows that leaves out 0; or if it is wrong by what was given, as a softmax behind the last layer in front of
    ``cross_entropy``.

    Args:
        model: what is trained.
        X: shape (rows, ...).
        y: targets as of ``fit``; what the loss cannot read is a finding, and not an error.
        optimizer: as of ``fit``.
        epochs: as of ``fit``.
        batch: as of ``fit``.
        init: as of ``fit``.
        weights: as of ``fit``.
        validation: rows that judge, as (X, y).
        names: of the features.
        gradient: a hand-written one to check: of parameters, X and y to derivatives of the mean loss, nested as they.
        budget: seconds after which nothing new is tried; None for no end.
        steps: in place of seconds, so many steps of the optimizer, which are the same on every machine.
        seed: of what is held out.

    Raises:
        SettingError: if a setting is not of its kind.
        DataError: if there are no rows, or X and y are not equally many.

    >>> from sklearn.datasets import load_iris
    >>> from backpath.nets import Network
    >>> from backpath.training.optimizers import sgd
    >>> X, y = load_iris(return_X_y=True)
    >>> X = (X - X.mean(axis=0)) / X.std(axis=0)
    >>> found = diagnose(Network([4, 8, 3]), X, y, optimizer=sgd(1e-5), epochs=30)
    >>> found.findings[0].kind, found.findings[0].confirmed
    ('rate_too_small', True)
    """
    subject = subject_of(
        model,
        X,
        y,
        optimizer=optimizer,
        batch=batch,
        epochs=epochs,
        init=init,
        weights=weights,
        validation=validation,
        names=tuple(names),
        gradient=gradient,
        seed=seed,
    )
    return diagnosis_of(subject, budget=budget, steps=steps)


def diagnosis_of(subject: Subject, *, budget: float | None = 30.0, steps: int | None = None) -> Diagnosis:
    """The diagnosis of a training; see :func:`diagnose`.

    Raises:
        SettingError: if the budget is not positive.
    """
    if (budget is not None and not budget > 0) or (steps is not None and steps < 1):
        raise SettingError(f"budget={budget!r}, steps={steps!r}: give seconds or steps to spend, more than 0")
    started, rows = time.perf_counter(), len(subject.X)
    search = Search(Trials(budget, steps))
    if budget is not None and steps is None:
        subject = _affordable(subject, search.trials, budget)
    skill = float(np.mean([o.skill for o in search.trials.run([subject], SCREENING)[0]]))
    repaired = search.given(subject)
    checks = _checks(repaired, search.trials)
    if len(subject.X) < rows:
        checks["training rows looked at"] = len(subject.X)
    for _ in range(ROUNDS):
        following = None if search.trials.exhausted else search.round(repaired)
        if following is None:
            break
        repaired = following
    cut_short = search.trials.exhausted
    search.labels(repaired)
    search.beside_the_others(subject, repaired)
    known = {f.kind for f in search.findings}
    tried = tuple(f for f in search.tried.values() if f.kind not in known)
    seconds = time.perf_counter() - started
    return Diagnosis(tuple(search.findings), tried, skill, checks, search.trials.trainings, seconds, subject, cut_short)


def _affordable(subject: Subject, trials: Trials, budget: float) -> Subject:
    """The subject, or some of its rows where training on all of them as often as it takes would be too long."""
    begun = time.perf_counter()
    trials.run([subject], SCREENING[:1])
    needs = USUAL_TRAININGS * (time.perf_counter() - begun)
    rows = len(subject.X)
    count = max(int(rows * budget / needs), min(FEWEST_ROWS, rows)) if needs > budget else rows
    if count >= rows:
        return subject
    kept = np.sort(np.random.default_rng(0).permutation(rows)[:count])
    goal = Goal(subject.goal.train[kept], subject.goal.held, subject.goal.classes)
    weights = None if subject.weights is None else subject.weights[kept]
    batch = min(subject.batch, count)
    return subject.changed(X=subject.X[kept], y=subject.y[kept], goal=goal, weights=weights, batch=batch)


def _checks(subject: Subject, trials: Trials) -> dict[str, Any]:
    """The quick experiments."""
    observed = Observed(subject, trials.run([subject], SCREENING)[0])
    course = observed.course
    start = course.start / course.chance if course and course.chance else math.nan
    return {"loss at the start over chance's": start, "left of one batch's loss": observed.batch_left}
