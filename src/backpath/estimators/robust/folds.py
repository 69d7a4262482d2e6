"""Which rows judge which member: each holds out its own part, so that every row is unseen by some of them."""

from __future__ import annotations

import numpy as np

NONE = -1
"""The fold of rows that judge no member: the only ones of their class."""


def held_out(
    X: np.ndarray, y: np.ndarray, strata: np.ndarray | None, members: int, folds: int, seed: int
) -> np.ndarray:
    """Whether each row judges each member, of shape (members, rows): folds, dealt again for each ``folds`` members.

    Rows that are equal in features and target go together, since they may be one that was repeated; but where equal
    features come with several targets, each row is an observation of its own.

    Args:
        X: of shape (rows, features).
        y: of shape (rows,) or (rows, outputs).
        strata: whose proportions folds keep; None for no such.
        members: how many.
        folds: parts of the rows.
        seed: of the dealing.
    """
    groups = _groups(X, y)
    first = np.unique(groups, return_index=True)[1]
    of_group = np.zeros(len(first), int) if strata is None else np.unique(strata[first], return_inverse=True)[1]
    held = np.zeros((members, len(X)), bool)
    for begin in range(0, members, folds):
        rng = np.random.default_rng([seed, 3, begin // folds])
        dealt = _dealt(of_group, folds, rng, alone=strata is not None)[groups]
        for member in range(begin, min(begin + folds, members)):
            held[member] = dealt == member - begin
    return held


def _dealt(strata: np.ndarray, folds: int, rng: np.random.Generator, alone: bool) -> np.ndarray:
    """A fold for each group: those of a stratum in turn, in random order, and the next one goes on where it ended."""
    order = rng.permutation(len(strata))
    order = order[np.argsort(strata[order], kind="stable")]
    dealt = np.empty(len(strata), int)
    dealt[order] = np.arange(len(strata)) % folds
    if len(strata) == 1 or alone:
        # A member that had seen none of a class could not be judged by it.
        dealt[np.bincount(strata)[strata] == 1] = NONE
    return dealt


def _groups(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A number for each row, the same for those that go together; they count up as rows come."""
    features = _numbered(X)
    both = _numbered(np.column_stack([features, _numbered(y.reshape(len(y), -1))]))
    targets = np.zeros(features.max() + 1, int)
    np.add.at(targets, features[np.unique(both, return_index=True)[1]], 1)
    alone = targets[features] > 1
    together = np.where(alone, len(X) + np.arange(len(X)), both)
    return _numbered(together[:, None])


def _numbered(rows: np.ndarray) -> np.ndarray:
    """For each row of an array the number of the first ones equal to it, which count up as they come."""
    found: dict[bytes, int] = {}
    flat = np.ascontiguousarray(rows + 0.0 if rows.dtype.kind == "f" else rows)
    width = flat.dtype.itemsize * flat.shape[1]
    data = flat.tobytes()
    return np.array([found.setdefault(data[k * width : (k + 1) * width], len(found)) for k in range(len(flat))], int)
