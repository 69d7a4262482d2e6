"""How good predictions are, in the units of the target."""

from __future__ import annotations

import numpy as np


def accuracy(actual: np.ndarray, predicted: np.ndarray) -> float:
    """The fraction that is right."""
    return float(np.mean(actual == predicted))


def rmse(actual: np.ndarray, predicted: np.ndarray) -> float:
    """The root of the mean squared error."""
    return float(np.sqrt(np.mean((actual - predicted) ** 2)))


def r2(actual: np.ndarray, predicted: np.ndarray) -> float:
    """The part of the variance that is explained: 1 is perfect, 0 is no better than the mean.

    Rows that are all equal have no variance: 1 if they are predicted exactly, else 0.
    """
    variance = float(np.var(actual))
    if variance == 0:
        return float(rmse(actual, predicted) == 0)
    return 1.0 - rmse(actual, predicted) ** 2 / variance


def most_confused(actual: np.ndarray, predicted: np.ndarray) -> tuple[int, int, int] | None:
    """The mistake made most often: the class, what it was taken for, and how often; None if there is none."""
    wrong = actual != predicted
    if not wrong.any():
        return None
    pairs, counts = np.unique(np.stack([actual[wrong], predicted[wrong]], 1), axis=0, return_counts=True)
    true, taken = pairs[np.argmax(counts)]
    return int(true), int(taken), int(counts.max())
