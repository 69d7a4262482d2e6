"""What a column's cells say: which are missing, which are numbers, which stand for a category."""

from __future__ import annotations

import numpy as np

from backpath.data.tables import TEXT

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "None", "?")
"""The cells of text that say that there is no value."""

_MISSING = np.array(MISSING, TEXT)


def missing(column: np.ndarray) -> np.ndarray:
    """A flag for each cell: whether it has no value."""
    if column.dtype == TEXT:
        return np.isin(column, _MISSING)
    return np.isnan(column) if column.dtype.kind == "f" else np.zeros(len(column), bool)


def numbers(column: np.ndarray) -> np.ndarray | None:
    """The cells as floats, NaN where missing; None if one of the others is no finite number."""
    gaps = missing(column)
    try:
        values = (np.where(gaps, "nan", column) if column.dtype == TEXT else column).astype(float)
    except ValueError:
        return None
    return values if np.isfinite(values[~gaps]).all() else None


def first_not_number(column: np.ndarray) -> int:
    """The row of the first cell that is neither missing nor a finite number."""
    return next(k for k in range(len(column)) if numbers(column[k : k + 1]) is None)


def mostly_numbers(column: np.ndarray) -> bool:
    """Whether more than half of the different cells are finite numbers (judged by a thousand of them)."""
    different = np.unique(column[~missing(column)])
    different = different[:: len(different) // 1000 + 1]
    readable = [numbers(different[k : k + 1]) is not None for k in range(len(different))]
    return sum(readable) > len(readable) / 2


def labels(column: np.ndarray) -> np.ndarray:
    """The cells as text, all missing ones as the empty string."""
    return np.where(missing(column), "", column.astype(TEXT))
