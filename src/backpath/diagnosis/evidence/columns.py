"""What the columns of features are: their scale, outliers, copies, and those that give the target away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backpath.diagnosis.subject import Subject
from backpath.diagnosis.thresholds import limit

FAR = 0.02
"""The part of the rows that is looked at for outliers."""

MANY_VALUES = 20


@dataclass(frozen=True, slots=True)
class Columns:
    """Of a subject's features.

    Attributes:
        rms: root mean square of each column that varies.
        worst: the column whose root mean square is farthest from 1.
        spread: the largest over the median one.
        constant: columns that never change and are not 0.
        copies: pairs of columns that are the same up to a factor.
        outlying: columns dominated by a few rows, with their part of the variance.
        target: root mean square of the target, of values.
    """

    rms: np.ndarray
    worst: int
    spread: float
    constant: tuple[int, ...]
    copies: tuple[tuple[int, int], ...]
    outlying: dict[int, float]
    target: float

    @property
    def scale(self) -> float:
        """How far the scale of features is from 1, either way, as a factor."""
        sizes = self.rms[self.rms > 0]
        if not len(sizes):
            return 1.0
        whole = float(np.sqrt(np.mean(sizes**2)))
        return max(whole, 1 / whole)


def columns_of(subject: Subject) -> Columns:
    """What can be said of the training rows alone."""
    X = np.asarray(subject.X, float).reshape(len(subject.X), -1)
    rms, spread = np.sqrt(np.mean(X**2, axis=0)), X.std(axis=0)
    varying = spread > 1e-9 * np.maximum(rms, 1e-300)
    sizes = np.where(varying, rms, 0.0)
    known = sizes[sizes > 0]
    middle = float(np.median(known)) if len(known) else 1.0
    distance = np.where(sizes > 0, np.abs(np.log(np.where(sizes > 0, sizes, 1.0))), -1.0)
    target = 1.0 if subject.goal.classes else float(np.sqrt(np.mean(np.asarray(subject.y, float) ** 2)))
    return Columns(
        sizes,
        int(np.argmax(distance)),
        float(known.max() / middle) if len(known) else 1.0,
        tuple(np.flatnonzero(~varying & (rms > 0)).tolist()),
        _copies(X, varying),
        _outlying(X, varying),
        target,
    )


def _copies(X: np.ndarray, varying: np.ndarray) -> tuple[tuple[int, int], ...]:
    kept = np.flatnonzero(varying)
    if len(kept) < 2 or len(kept) > 2000:
        return ()
    Z = (X[:, kept] - X[:, kept].mean(axis=0)) / X[:, kept].std(axis=0)
    alike = np.argwhere(np.triu(np.abs(Z.T @ Z) / len(Z) > 1 - 1e-9, 1))
    return tuple((int(kept[a]), int(kept[b])) for a, b in alike)


def _outlying(X: np.ndarray, varying: np.ndarray) -> dict[int, float]:
    far = max(round(FAR * len(X)), 1)
    found = {}
    for k in np.flatnonzero(varying).tolist():
        column = X[:, k]
        if len(np.unique(column)) < MANY_VALUES:
            continue
        squares = np.sort((column - np.median(column)) ** 2)
        part = float(squares[-far:].sum() / squares.sum())
        if part > limit("outliers"):
            found[k] = part
    return found


@dataclass(frozen=True, slots=True)
class Leaks:
    """What gives the target away.

    Attributes:
        column: the one that tells the target by itself, or -1.
        skill: of that column alone.
        others: the best skill of another one.
        apart: how far its values lie apart by the target, over how far they spread within it; infinite for values.
        shared: the part of held-out rows that are training rows, too, where chance makes none.
    """

    column: int
    skill: float
    others: float
    apart: float
    shared: float


def leaks_of(subject: Subject) -> Leaks:
    """Columns and rows that tell the target."""
    X = np.asarray(subject.X, float).reshape(len(subject.X), -1)
    shared = _shared(X, np.asarray(subject.held, float).reshape(len(subject.held), -1))
    usable = [k for k in range(X.shape[1]) if X[:, k].std() > 0]
    if len(usable) < 3 or len(X) < 40 or len(usable) > 400:
        return Leaks(-1, 0.0, 0.0, 0.0, shared)
    skills = [(alone(X[:, k], subject), k) for k in usable]
    (best, column), (second, _) = sorted(skills, reverse=True)[:2]
    return Leaks(column, best, second, _apart(X[:, column], subject), shared)


def _apart(column: np.ndarray, subject: Subject) -> float:
    """The deviation of the classes' means over that within classes."""
    if not subject.goal.classes:
        return np.inf
    own = [column[subject.goal.train == c] for c in np.unique(subject.goal.train)]
    within = float(np.sqrt(np.mean(np.concatenate([(x - x.mean()) ** 2 for x in own]))))
    between = float(np.std([x.mean() for x in own]))
    return between / within if within > 0 else np.inf


def alone(column: np.ndarray, subject: Subject) -> float:
    """Left-one-out skill of one column by its nearest rows: labels by vote, values by mean."""
    goal, near = subject.goal, 3
    order = np.argsort(column, kind="stable")
    n = len(order)
    offsets = [k for k in range(-near, near + 1) if k]
    places = np.arange(n)[:, None] + np.array(offsets)
    places = np.where((places < 0) | (places >= n), np.arange(n)[:, None] - np.sign(offsets) * near, places)
    places = np.clip(places, 0, n - 1)
    truth = goal.train[order]
    if goal.classes:
        votes = np.stack([(truth[places] == c).sum(axis=1) for c in range(goal.classes)], axis=1)
        return 1 - float(np.mean(goal.losses(np.argmax(votes, axis=1), truth)))
    return 1 - float(np.mean(goal.losses(truth[places].mean(axis=1), truth)))


def _shared(X: np.ndarray, held: np.ndarray) -> float:
    """The part of held-out rows that stand among the training rows, of features that chance does not repeat.

    Chance repeats rows whose columns together tell fewer bits than it takes to number all pairs of rows.
    """
    bits = sum(_entropy(X[:, k]) for k in range(min(X.shape[1], 200)))
    if bits < 4 * np.log2(len(X)) or (X.shape == held.shape and np.array_equal(X, held)):
        return 0.0
    rows = {row.tobytes() for row in np.ascontiguousarray(X)}
    return float(np.mean([row.tobytes() in rows for row in np.ascontiguousarray(held)]))


def _entropy(column: np.ndarray) -> float:
    """In bits, as if columns did not hang together."""
    shares = np.unique(column, return_counts=True)[1] / len(column)
    return float(-np.sum(shares * np.log2(shares)))
