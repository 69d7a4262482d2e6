"""Each member judged by the rows that it holds out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.engines import compile as compiled
from backpath.estimators.robust.members import LOSSES_OF_EACH, Form, scores_of_each

CHUNK = 4096
"""Rows of all members that are judged together."""


@dataclass(frozen=True)
class Judges:
    """The held-out rows of each member, as many for all: where one has fewer, rows of weight 0 stand in.

    Attributes:
        rows: their positions, of shape (members, held).
        weights: of each, of shape (members, held); they add up to 1 for a member that has any.
        X: features of all rows.
        y: targets of all rows, not smoothed, of shape (rows, outputs).
    """

    rows: np.ndarray
    weights: np.ndarray
    X: np.ndarray
    y: np.ndarray

    @classmethod
    def of(cls, held: np.ndarray, X: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> Judges:
        """Those of a mask of shape (members, rows); weights of the rows count."""
        most = int(held.sum(axis=1).max(initial=0))
        rows, weighed = np.zeros((len(held), most), int), np.zeros((len(held), most))
        for member, mask in enumerate(held):
            own = np.flatnonzero(mask)
            rows[member, : len(own)] = own
            weighed[member, : len(own)] = 1.0 if weights is None else weights[own]
        total = weighed.sum(axis=1, keepdims=True)
        return cls(rows, weighed / np.where(total > 0, total, 1), X, y)

    def some(self, members: np.ndarray) -> Judges:
        """Those of some members."""
        return Judges(self.rows[members], self.weights[members], self.X, self.y)

    @property
    def judged(self) -> np.ndarray:
        """Whether each member has rows that judge it."""
        return self.weights.any(axis=1)


class Bench:
    """Scores and losses of held-out rows, by programs made once for members of a form."""

    def __init__(self, form: Form):
        self.form = form
        self.scores = compiled(lambda p, X: scores_of_each(form, p, X))
        losses = LOSSES_OF_EACH[form.loss]
        self.losses = compiled(lambda s, t: losses(s, t))

    def judge(self, parameters: Any, judges: Judges) -> tuple[np.ndarray, np.ndarray]:
        """Scores of shape (members, held, outputs), and the mean loss of each member; infinite where none is finite."""
        members, held = judges.rows.shape
        scores = np.empty((members, held, self.form.outputs), judges.X.dtype)
        losses = np.empty((members, held))
        chunk = max(CHUNK // members, 64)
        for first in range(0, held, chunk):
            rows = judges.rows[:, first : first + chunk]
            found = np.asarray(self.scores(parameters, judges.X[rows]))
            scores[:, first : first + chunk] = found
            losses[:, first : first + chunk] = self.losses(found, judges.y[rows])
        told = np.where(judges.weights > 0, judges.weights * losses, 0.0).sum(axis=1)
        return scores, np.where(np.isfinite(told), told, np.inf)
