"""What a column's numbers are, whatever the order of the rows, and however often an equal one was written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backpath.data.scaling import quantiles


@dataclass(frozen=True, slots=True)
class Distribution:
    """Different numbers, and how much each weighs: all that is learned of a column is learned from them.

    Attributes:
        values: ascending, without NaN.
        weights: of each; rows of weight 2 count as two.
        missing: the weight of the rows that have no number.
    """

    values: np.ndarray
    weights: np.ndarray
    missing: float

    @classmethod
    def of(cls, cells: np.ndarray, weights: np.ndarray | None) -> Distribution:
        """Of cells, NaN where missing, and the weight of each row (above 0), or None for 1."""
        gaps = np.isnan(cells)
        some = ~gaps if gaps.any() else slice(None)
        if weights is None:
            values, counts = np.unique(cells[some], return_counts=True)
            return cls(values, counts.astype(float), float(np.count_nonzero(gaps)))
        values, where = np.unique(cells[some], return_inverse=True)
        return cls(values, np.bincount(where, weights[some], len(values)), float(weights[gaps].sum()))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def total(self) -> float:
        """The weight of the rows that have a number."""
        return float(self.weights.sum())

    def quantiles(self, fractions: Sequence[float]) -> np.ndarray:
        """Those of the repeated rows, as NumPy has them; of weights that are no whole numbers, see
        :func:`backpath.data.scaling.quantiles`."""
        ends = np.cumsum(self.weights)
        if not np.array_equal(self.weights, np.rint(self.weights)):
            return quantiles(self.values[:, None], fractions, self.weights)[:, 0]
        at = np.array(fractions) * (ends[-1] - 1)
        before = np.floor(at)
        lower, upper = self.values[np.searchsorted(ends, [before, before + 1], side="right").clip(max=len(self) - 1)]
        # The difference of halves does not overflow, and is 0 where the two are equal.
        return lower + (upper / 2 - lower / 2) * (2 * (at - before))

    def without_mode(self) -> Distribution:
        """The others than the number that weighs most."""
        others = np.arange(len(self)) != np.argmax(self.weights)
        return Distribution(self.values[others], self.weights[others], self.missing)
