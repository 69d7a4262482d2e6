"""A trained model with what it needs to read a table and to speak in the target's units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.data.columns import read_numbers
from backpath.data.features import Features
from backpath.data.grids import Grid
from backpath.data.tables import Table
from backpath.data.target import Target
from backpath.nets import Loss, Model
from backpath.training.runs.scores import Confusions, Errors

# Losses whose scores are probabilities once their link is applied.
PROBABILISTIC = ("cross_entropy", "sigmoid_cross_entropy")

PREDICTED = 65_536
"""Rows that are predicted together."""


@dataclass(frozen=True, slots=True)
class SavedModel:
    """All that predicting takes: it is what a run folder holds."""

    network: Model
    parameters: Any
    features: Features | Grid
    target: Target

    def predict(self, table: Table, rows: np.ndarray | None = None) -> np.ndarray:
        """Classes, or values in the target's units."""
        return self.target.decode(self.network.predict(self.parameters, self.features.transform(table, rows)))

    def probabilities(self, table: Table, rows: np.ndarray | None = None) -> np.ndarray | None:
        """The probability of each class, of shape (rows, classes); None if the loss has none."""
        if self.network.loss not in PROBABILISTIC:
            return None
        return self.network.probabilities(self.parameters, self.features.transform(table, rows))

    def tally(self, parts: Iterable[tuple[Table, np.ndarray]]) -> Confusions | Errors:
        """How its predictions compare with the target, in tables and some rows of each."""
        tally = Confusions(len(self.target.classes)) if self.target.classes else Errors()
        for table, rows in parts:
            for first in range(0, len(rows), PREDICTED):
                some = rows[first : first + PREDICTED]
                predicted = self.network.predict(self.parameters, self.features.transform(table, some))
                if self.target.classes:
                    tally.add(self.target.encode(table, some), predicted)
                else:
                    tally.add(read_numbers(table, self.target.column, some), self.target.decode(predicted))
        return tally


def outputs_for(target: Target, loss: str | Loss) -> int:
    """How many outputs a network needs: two classes are told apart by one, except by a softmax."""
    classes = len(target.classes)
    return 1 if classes == 2 and loss != "cross_entropy" else max(classes, 1)
