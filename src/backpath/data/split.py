"""Which rows train, which choose, which judge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backpath.data.tables import listed
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
    rows: int, classes: np.ndarray | None = None, *, test: float = 0.2, validation: float = 0.1, seed: int = 0
) -> Split:
    """Part the rows at random; with ``classes``, each class is spread over the parts in proportion.

    Args:
        rows: how many there are.
        classes: the class of each row, or None for a quantity.
        test: the fraction of rows for the test part, or 0.
        validation: the fraction of all rows for the validation part, or 0.
        seed: of the draw.

    Raises:
        DataError: if there are too few rows, or too few of a class.
    """
    check_fractions(test, validation)
    if rows < FEWEST_ROWS:
        raise DataError(f"{rows} rows are too few: {FEWEST_ROWS} is the least to split and train on")
    index = None if classes is None else _class_indices(classes, fewest=1 + (test > 0) + (validation > 0))
    train, tested = _take(np.arange(rows), index, test, seed)
    train, validated = _take(train, index, validation / (1.0 - test), seed)
    return Split(np.sort(train), np.sort(validated), np.sort(tested))


def _class_indices(classes: np.ndarray, fewest: int) -> np.ndarray:
    different, index, counts = np.unique(classes, return_inverse=True, return_counts=True)
    rare = different[counts < fewest].tolist()
    if rare:
        raise DataError(
            f"too few rows to split have the class {listed([repr(c) for c in rare])}: each class needs {fewest}. "
            f"Delete its rows, put classes together, or take no validation or test part"
        )
    return index


def _take(rows: np.ndarray, index: np.ndarray | None, part: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows that are kept, and a part of them that is taken away."""
    if part == 0:
        return rows, rows[:0]
    from sklearn.model_selection import train_test_split

    try:
        kept, taken = train_test_split(
            rows, test_size=part, random_state=seed, stratify=None if index is None else index[rows]
        )
    except ValueError as error:
        raise DataError(f"{len(rows)} rows cannot be split: {error}") from None
    return np.asarray(kept), np.asarray(taken)
