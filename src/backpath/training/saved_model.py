"""A trained network with what it needs to read a table and to speak in the target's units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from backpath.nets import Loss, Network
from backpath.training import scores
from backpath.training.columns import read_numbers
from backpath.training.features import Features
from backpath.training.tables import Table
from backpath.training.target import Target

# Losses whose scores are probabilities once their link is applied.
PROBABILISTIC = ("cross_entropy", "sigmoid_cross_entropy")


@dataclass(frozen=True, slots=True)
class SavedModel:
    """All that predicting takes: it is what a run folder holds."""

    network: Network
    parameters: Mapping[str, np.ndarray]
    features: Features
    target: Target

    def predict(self, table: Table, rows: np.ndarray | None = None) -> np.ndarray:
        """Classes, or values in the target's units."""
        return self.target.decode(self.network.predict(self.parameters, self.features.transform(table, rows)))

    def probabilities(self, table: Table, rows: np.ndarray | None = None) -> np.ndarray | None:
        """The probability of each class, of shape (rows, classes); None if the loss has none."""
        if self.network.loss not in PROBABILISTIC:
            return None
        return self.network.probabilities(self.parameters, self.features.transform(table, rows))

    def score(self, table: Table, rows: np.ndarray | None = None) -> dict[str, float]:
        """``accuracy``, or ``r2`` and ``rmse``, on rows that have a target."""
        rows = np.arange(len(table)) if rows is None else rows
        predicted = self.network.predict(self.parameters, self.features.transform(table, rows))
        if self.target.task == "classification":
            return {"accuracy": scores.accuracy(self.target.encode(table, rows), predicted)}
        predicted, actual = self.target.decode(predicted), read_numbers(table, self.target.column, rows)
        return {"r2": scores.r2(actual, predicted), "rmse": scores.rmse(actual, predicted)}


def outputs_for(target: Target, loss: str | Loss) -> int:
    """How many outputs a network needs: two classes are told apart by one, except by a softmax."""
    classes = len(target.classes)
    return 1 if classes == 2 and loss != "cross_entropy" else max(classes, 1)
