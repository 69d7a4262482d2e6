"""Which rows train, which choose, which judge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.data.frame import listed
from backpath.graph import DataError

FEWEST_ROWS = 10


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers of three parts that share no row; a part may be empty, training never."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def check_fractions(test: float, validation: float) -> None:
    """Raises DataError if they leave no rows to train on."""
    if not (test >= 0 and validation >= 0 and test + validation < 1):
        raise DataError(f"test {test:g} and validation {validation:g} leave no rows to train on: their sum must be < 1")


def split(
    rows: int,
    classes: np.ndarray | None = None,
    *,
    names: Sequence[Any] = (),
    test: float = 0.2,
    validation: float = 0.1,
    seed: int = 0,
) -> Split:
    """Part the rows at random; with ``classes``, each class is spread over the parts in proportion.

    The parts are those that scikit-learn's ``train_test_split`` makes with that seed.

    Args:
        rows: how many there are.
        classes: the class of each row as an index, or None for a quantity.
        names: of the classes, for messages.
        test: the fraction of rows for the test part, or 0.
        validation: the fraction of all rows for the validation part, or 0.
        seed: of the draw.

    Raises:
        DataError: if there are too few rows, or too few of a class.
    """
    check_fractions(test, validation)
    if rows < FEWEST_ROWS:
        raise DataError(f"{rows} rows are too few: {FEWEST_ROWS} is the least to split and train on")
    index = None if classes is None else _class_indices(classes, names, fewest=1 + (test > 0) + (validation > 0))
    train, tested = _take(np.arange(rows, dtype=np.int32), index, test, seed)
    train, validated = _take(train, index, validation / (1.0 - test), seed)
    return Split(np.sort(train), np.sort(validated), np.sort(tested))


def _class_indices(classes: np.ndarray, names: Sequence[Any], fewest: int) -> np.ndarray:
    if classes.dtype.kind not in "iu":
        different, classes = np.unique(classes, return_inverse=True)
        names = different.tolist()
    counts = np.bincount(classes)
    rare = [names[c] if len(names) else c for c in np.flatnonzero((counts > 0) & (counts < fewest)).tolist()]
    if rare:
        raise DataError(
            f"too few rows to split have the class {listed([repr(c) for c in rare])}: each class needs {fewest}. "
            f"Delete its rows, put classes together, or take no validation or test part"
        )
    # Small numbers are sorted by counting.
    return classes.astype(np.min_scalar_type(len(counts)))


def _take(rows: np.ndarray, index: np.ndarray | None, part: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows that are kept, and a part of them that is taken away."""
    if part == 0:
        return rows, rows[:0]
    taking = math.ceil(part * len(rows))
    keeping = len(rows) - taking
    if not keeping:
        raise DataError(f"{len(rows)} rows cannot be split: no row is left to train on")
    rng = np.random.RandomState(seed)
    if index is None:
        order = rng.permutation(rows)
        return order[taking:], order[:taking]
    members = index[rows]
    counts = np.bincount(members)
    counts = counts[counts > 0]
    if min(taking, keeping) < len(counts):
        raise DataError(f"{len(rows)} rows cannot be split: the smaller part would have fewer rows than classes")
    kept = _proportional(counts, keeping, rng)
    taken = _proportional(counts - kept, taking, rng)
    by_class = np.split(rows[np.argsort(members, kind="stable")], np.cumsum(counts)[:-1])
    orders = [rng.permutation(of_class) for of_class in by_class]
    training = np.concatenate([order[:k] for order, k in zip(orders, kept, strict=True)])
    other = np.concatenate([order[k : k + t] for order, k, t in zip(orders, kept, taken, strict=True)])
    return rng.permutation(training), rng.permutation(other)


def _proportional(counts: np.ndarray, total: int, rng: np.random.RandomState) -> np.ndarray:
    """So many of each class that they are ``total`` together: the largest remainders are rounded up, ties drawn."""
    exact = counts / counts.sum() * total
    whole = np.floor(exact)
    lacking = int(total - whole.sum())
    remainders = exact - whole
    for value in np.sort(np.unique(remainders))[::-1]:
        if lacking <= 0:
            break
        (ties,) = np.where(remainders == value)
        up = rng.choice(ties, size=min(len(ties), lacking), replace=False)
        whole[up] += 1
        lacking -= len(up)
    return whole.astype(int)
