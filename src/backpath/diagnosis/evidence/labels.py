"""Whether labels go with features: what a row's neighbours say of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backpath.diagnosis.subject import Subject

NEAR, MOST, FEWEST = 10, 1500, 60


@dataclass(frozen=True, slots=True)
class Labels:
    """Training labels, judged by their neighbours.

    Attributes:
        skill: of the neighbours' vote, left-one-out.
        noise: the part of rows that differ from a vote, among the half where it is clearest.
        suspects: rows that differ from a clear vote.
        shares: of each class.
    """

    skill: float
    noise: float
    suspects: np.ndarray
    shares: np.ndarray


def labels_of_rows(subject: Subject) -> Labels | None:
    """What neighbours say; None where there are too few rows to ask, or no two columns."""
    goal = subject.goal
    X = np.asarray(subject.X, float).reshape(len(subject.X), -1)
    n = len(X)
    if n < FEWEST or not np.isfinite(X).all():
        return None
    spread = X.std(axis=0)
    Z = ((X - X.mean(axis=0)) / np.where(spread > 0, spread, 1))[:MOST]
    truth = goal.train[:MOST]
    near = _neighbours(Z, NEAR)
    if not goal.classes:
        predicted = truth[near].mean(axis=1)
        return Labels(1 - float(np.mean(goal.losses(predicted, truth))), 0.0, np.zeros(0, int), np.zeros(0))
    votes = np.stack([(truth[near] == c).mean(axis=1) for c in range(goal.classes)], axis=1)
    vote, clear = np.argmax(votes, axis=1), votes.max(axis=1)
    wrong = vote != truth
    half = clear >= np.quantile(clear, 0.5)
    suspects = np.flatnonzero(wrong & (clear >= 0.6))
    shares = np.bincount(truth, minlength=goal.classes) / len(truth)
    return Labels(1 - float(np.mean(goal.losses(vote, truth))), float(np.mean(wrong[half])), suspects, shares)


def _neighbours(Z: np.ndarray, k: int) -> np.ndarray:
    """The nearest other rows of each."""
    squares = np.sum(Z * Z, axis=1)
    distances = squares[:, None] + squares - 2 * Z @ Z.T
    np.fill_diagonal(distances, np.inf)
    return np.argpartition(distances, min(k, len(Z) - 2), axis=1)[:, :k]
