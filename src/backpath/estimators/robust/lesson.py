"""What members train on, and what is found."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from backpath.engines import Choice
from backpath.estimators.robust.defaults import Defaults
from backpath.estimators.robust.judges import Judges
from backpath.estimators.robust.members import Arrays, Form


@dataclass(frozen=True)
class Lesson:
    """What members train on, and how.

    Attributes:
        form: of each member.
        chosen: numbers of the fit.
        X: features of shape (rows, features), of the type to train in.
        y: what they are to predict, of shape (rows, outputs), as they are judged by it.
        weights: of the rows, or None for 1 each.
        held: whether a row judges a member and does not train it, of shape (members, rows).
        seed: of everything random.
        engine: that makes the steps, or ``"auto"``.
        device: of the XLA engine.
        threads: that may be used.
        patience: epochs without a better one after which a member ends.
    """

    form: Form
    chosen: Defaults
    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None
    held: np.ndarray
    seed: int
    engine: str
    device: str | None
    threads: int
    patience: float

    @property
    def steps(self) -> int:
        """Of an epoch, with no more rows than asked for in each: fewer where there would be too few steps."""
        rows, c = len(self.X), self.chosen
        most = max(c.least_batch, math.ceil(rows * c.epochs / c.least_steps)) if c.least_steps else rows
        return math.ceil(rows / min(c.batch, rows, most))

    @property
    def batch(self) -> int:
        """Rows of a step: all steps have as many, so that they are one program; an epoch may leave out a few rows."""
        return len(self.X) // self.steps

    def targets(self, members: np.ndarray) -> np.ndarray:
        """Of each row: what it is to predict, smoothed, then what it weighs for each of these members."""
        y, smoothing = self.y, self.chosen.smoothing
        if self.form.loss == "cross_entropy":
            y = (1 - smoothing) * y + smoothing / self.form.outputs
        elif self.form.loss == "sigmoid_cross_entropy":
            y = (1 - smoothing) * y + smoothing / 2
        trains = (~self.held[members].T).astype(float)
        if self.weights is not None:
            trains *= self.weights[:, None]
        mean = trains.mean(axis=0)
        return np.concatenate([y, trains / np.where(mean > 0, mean, 1)], axis=1).astype(self.X.dtype)


@dataclass
class Learned:
    """What training found, of each member that began.

    Attributes:
        parameters: at its best epoch, of shapes (members, ...).
        scores: then, of the rows that judge it, of shape (members, held, outputs).
        losses: then, of those rows.
        epochs: the number of that epoch; 0 where training brought nothing.
        judges: which rows they are.
        loss_curve: the mean loss of training, an epoch each.
        held_curve: the mean loss of held-out rows over members in training, an epoch each.
        engine: what made the steps.
    """

    parameters: Arrays
    scores: np.ndarray
    losses: np.ndarray
    epochs: np.ndarray
    judges: Judges
    loss_curve: list[float] = field(default_factory=list)
    held_curve: list[float] = field(default_factory=list)
    engine: Choice | None = None

    @classmethod
    def none_yet(cls, lesson: Lesson, first: Arrays) -> Learned:
        """Before the first epoch, with the first parameters."""
        judges = Judges.of(lesson.held, lesson.X, lesson.y.astype(lesson.X.dtype), lesson.weights)
        scores, members = np.zeros((*judges.rows.shape, lesson.form.outputs), lesson.X.dtype), len(lesson.held)
        best = {name: value.copy() for name, value in first.items()}
        return cls(best, scores, np.full(members, np.inf), np.zeros(members, int), judges)
