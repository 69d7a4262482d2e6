"""Changes of what a training sees: features, targets, rows and their weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backpath.diagnosis.fixes.fix import Fix, with_settings
from backpath.diagnosis.subject import Goal, Subject
from backpath.nets import Network, Sequential


def _flat(X: np.ndarray) -> np.ndarray:
    return np.asarray(X, float).reshape(len(X), -1)


def standardized() -> Fix:
    """Features of mean 0 and deviation 1 over the training rows; those that never change become 0."""

    def change(s: Subject) -> Subject | None:
        X, held = _flat(s.X), _flat(s.held)
        mean, spread = X.mean(axis=0), X.std(axis=0)
        spread = np.where(spread > 1e-9 * np.maximum(np.abs(mean), 1e-300), spread, np.inf)
        return _with_features(s, (X - mean) / spread, (held - mean) / spread, scale="standard")

    return Fix("features standardized by the training rows", "features", change)


def robust() -> Fix:
    """Features less their median, over the spread of the middle half, and no farther out than 3 of it."""

    def change(s: Subject) -> Subject | None:
        X, held = _flat(s.X), _flat(s.held)
        low, middle, high = np.quantile(X, [0.25, 0.5, 0.75], axis=0)
        spread = (high - low) / 1.349
        spread = np.where(spread > 0, spread, np.where(X.std(axis=0) > 0, X.std(axis=0), np.inf))
        return _with_features(
            s, np.clip((X - middle) / spread, -3, 3), np.clip((held - middle) / spread, -3, 3), scale="robust"
        )

    return Fix("features by median and quartiles, cut off at 3 deviations", "features", change)


def scaled_by(name: str, shift: np.ndarray, factor: np.ndarray) -> Fix:
    """Any shift and factor of each feature."""

    def change(s: Subject) -> Subject | None:
        return _with_features(s, (_flat(s.X) - shift) * factor, (_flat(s.held) - shift) * factor)

    return Fix(name, "features", change)


def _with_features(s: Subject, X: np.ndarray, held: np.ndarray, **settings: object) -> Subject:
    shape = s.X.shape[1:]
    return s.changed(
        X=X.reshape(len(X), *shape).astype(np.float32),
        held=held.reshape(len(held), *shape).astype(np.float32),
        settings=with_settings(s, **settings),
    )


def scaled_target() -> Fix:
    """Targets of mean 0 and deviation 1; predictions are scaled back."""

    def change(s: Subject) -> Subject | None:
        if s.goal.classes or s.model.loss_function.classifies or s.model.loss == "poisson":
            return None
        y, held = np.asarray(s.y, float), np.asarray(s.held_y, float)
        mean, spread = y.mean(axis=0), y.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        unit = (s.unit[0] + s.unit[1] * mean, s.unit[1] * spread)
        return s.changed(
            y=((y - mean) / spread).astype(np.float32), held_y=((held - mean) / spread).astype(np.float32), unit=unit
        )

    return Fix("targets standardized by the training rows", "target", change)


def without_columns(columns: Sequence[int], names: Sequence[str]) -> Fix:
    """Features set to 0, which takes them out of every sum."""

    def change(s: Subject) -> Subject | None:
        X, held = _flat(s.X).copy(), _flat(s.held).copy()
        X[:, list(columns)] = held[:, list(columns)] = 0
        return _with_features(s, X, held, drop=tuple(names))

    return Fix(f"without {', '.join(names)}", "columns", change)


def without_rows(rows: np.ndarray, words: str) -> Fix:
    """Training rows left out."""

    def change(s: Subject) -> Subject | None:
        kept = np.setdiff1d(np.arange(len(s.X)), rows)
        if len(kept) < 10 or len(kept) == len(s.X):
            return None
        goal = Goal(s.goal.train[kept], s.goal.held, s.goal.classes)
        weights = None if s.weights is None else s.weights[kept]
        batch = min(s.batch, len(kept))
        told = with_settings(s, unsupported="leaving rows out")
        return s.changed(X=s.X[kept], y=s.y[kept], goal=goal, weights=weights, batch=batch, settings=told)

    return Fix(words, "rows", change)


def balanced() -> Fix:
    """Rows that weigh so that all classes weigh alike."""

    def change(s: Subject) -> Subject | None:
        if not s.goal.classes:
            return None
        counts = np.bincount(s.goal.train, minlength=s.goal.classes)
        weights = len(s.goal.train) / (np.sum(counts > 0) * counts[s.goal.train])
        return s.changed(weights=weights, settings=with_settings(s, unsupported="weights of rows"))

    return Fix("rows weighted so that all classes count alike", "weights", change)


def filled() -> Fix:
    """Cells that are no numbers filled with the column's median; rows without a target left out."""

    def change(s: Subject) -> Subject | None:
        X, held = _flat(s.X), _flat(s.held)
        known = np.where(np.isfinite(X), X, np.nan)
        empty = np.all(np.isnan(known), axis=0)
        known[:, empty] = 0
        middle = np.nanmedian(known, axis=0)
        X, held = (np.where(np.isfinite(a), a, middle) for a in (X, held))
        good = np.isfinite(np.asarray(s.y, float).reshape(len(s.y), -1)).all(axis=1)
        goal = Goal(s.goal.train[good], s.goal.held, s.goal.classes)
        weights = None if s.weights is None else s.weights[good]
        return _with_features(s, X, held).changed(
            X=_with_features(s, X, held).X[good], y=s.y[good], goal=goal, weights=weights
        )

    return Fix("cells that are no numbers filled with the column's median", "cells", change)


def is_layered(subject: Subject) -> bool:
    """Whether layers can be changed by name."""
    return isinstance(subject.model, (Network, Sequential))
