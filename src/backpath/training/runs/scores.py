"""How good predictions are, in the units of the target; counted up, so that rows may come in parts."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np


class Tally(ABC):
    """Scores of all rows that were added."""

    @abstractmethod
    def add(self, actual: np.ndarray, predicted: np.ndarray) -> None:
        """Some more rows."""

    @abstractmethod
    def scores(self) -> dict[str, float]:
        """Each score by its name."""


class Confusions(Tally):
    """Of classes, given as indices.

    Attributes:
        counts: how often each class was taken for each, of shape (classes, classes).
    """

    def __init__(self, classes: int):
        self.counts = np.zeros((classes, classes), int)

    def add(self, actual: np.ndarray, predicted: np.ndarray) -> None:
        np.add.at(self.counts, (actual, predicted), 1)

    def scores(self) -> dict[str, float]:
        """``accuracy``: the fraction that is right."""
        return {"accuracy": float(np.trace(self.counts) / self.counts.sum())}

    def most_confused(self) -> tuple[int, int, int] | None:
        """The mistake made most often: the class, what it was taken for, and how often; None if there is none."""
        wrong = self.counts - np.diag(np.diag(self.counts))
        true, taken = np.unravel_index(np.argmax(wrong), wrong.shape)
        return (int(true), int(taken), int(wrong[true, taken])) if wrong[true, taken] else None


class Errors(Tally):
    """Of quantities: squares of errors, and of distances from the mean (merged as by Chan, Golub and LeVeque, 1979)."""

    def __init__(self) -> None:
        self.count, self.mean, self.spread, self.squares = 0, 0.0, 0.0, 0.0

    def add(self, actual: np.ndarray, predicted: np.ndarray) -> None:
        if not len(actual):
            return
        total, mean = self.count + len(actual), float(np.mean(actual))
        self.spread += float(np.sum((actual - mean) ** 2)) + (mean - self.mean) ** 2 * self.count * len(actual) / total
        self.mean += (mean - self.mean) * len(actual) / total
        self.squares += float(np.sum((actual - predicted) ** 2))
        self.count = total

    def scores(self) -> dict[str, float]:
        """``r2``: the part of the variance that is explained; ``rmse``: the root of the mean squared error.

        Rows that are all equal have no variance: r2 is 1 if they are predicted exactly, else 0.
        """
        r2 = 1 - self.squares / self.spread if self.spread else float(self.squares == 0)
        return {"r2": r2, "rmse": float(np.sqrt(self.squares / self.count))}
