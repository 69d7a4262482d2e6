"""Each member judged by the rows that it holds out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.engines import Executable, compile_graph
from backpath.estimators.robust.members import LOSSES_OF_EACH, Form, scores_of_each
from backpath.ops import leaves_of, trace

CHUNK = 2048
"""Rows of all members that are judged together, about."""


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

    @property
    def judged(self) -> np.ndarray:
        """Whether each member has rows that judge it."""
        return self.weights.any(axis=1)


class Bench:
    """Scores and losses of the held-out rows of some members, by one program on arrays made once.

    Args:
        form: of the members.
        judges: of all members.
        members: which of them.
        parameters: theirs, where training changes them.
    """

    def __init__(self, form: Form, judges: Judges, members: np.ndarray, parameters: dict[str, np.ndarray]):
        self.X, self.y = judges.X, judges.y
        self.rows, self.weights = judges.rows[members], judges.weights[members]
        count, held = self.rows.shape
        parts = max(-(-held * count // CHUNK), 1)
        self.size = max(-(-held // parts), 1)
        dtype = judges.X.dtype
        self.features = np.empty((count, self.size, form.features), dtype)
        self.targets = np.empty((count, self.size, form.outputs), dtype)
        self.found = np.empty((count, self.size, form.outputs), dtype), np.empty((count, self.size), dtype)

        def judged(p: Any, X: Any, y: Any) -> Any:
            scores = scores_of_each(form, p, X)
            return scores, LOSSES_OF_EACH[form.loss](scores, y)

        program = compile_graph(trace(judged, parameters, self.features, self.targets))
        self.run = Executable(program, [*leaves_of(parameters), self.features, self.targets], self.found)
        self.scores, self.losses = np.zeros((count, held, form.outputs), dtype), np.zeros((count, held), dtype)

    def judge(self) -> np.ndarray:
        """The mean loss of each member, infinite where it is not finite; the scores then stand in ``scores``."""
        held = self.rows.shape[1]
        for start in range(0, held, self.size):
            first = max(min(start, held - self.size), 0)
            rows = self.rows[:, first : first + self.size]
            np.take(self.X, rows, axis=0, out=self.features, mode="clip")
            np.take(self.y, rows, axis=0, out=self.targets, mode="clip")
            self.run()
            self.scores[:, first : first + self.size], self.losses[:, first : first + self.size] = self.found
        told = np.where(self.weights > 0, self.weights * self.losses, 0.0).sum(axis=1)
        return np.where(np.isfinite(told), told, np.inf)
