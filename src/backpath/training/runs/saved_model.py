"""A trained model with what it needs to read a table and to speak in the target's units."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpath.data.features import Features
from backpath.data.frame import Frame
from backpath.data.grids import Grid, shape_of
from backpath.data.reading.options import Reading
from backpath.data.target import Target
from backpath.nets import Loss, Model
from backpath.training.runs.scores import Confusions, Errors

# Losses whose scores are probabilities once their link is applied.
PROBABILISTIC = ("cross_entropy", "sigmoid_cross_entropy")

PREDICTED, PREDICTED_NUMBERS = 8_192, 1 << 23
"""Rows that are predicted together, and the numbers that they may hold: so few that what a layer makes of them stays in
the cache."""


@dataclass(frozen=True, slots=True)
class SavedModel:
    """All that predicting takes: it is what a run folder holds.

    Attributes:
        network: trained.
        parameters: its weights and biases by name.
        features: how columns are read.
        target: what is predicted.
        reading: what could not be known from the file that it was trained on, and holds for others.
    """

    network: Model
    parameters: Any
    features: Features | Grid
    target: Target
    reading: Reading = field(default_factory=Reading)

    def predict(self, frame: Frame, rows: np.ndarray | None = None) -> np.ndarray:
        """Classes, or values in the target's units."""
        return self.target.decode(self.network.predict(self.parameters, self.features.transform(frame, rows)))

    def probabilities(self, frame: Frame, rows: np.ndarray | None = None) -> np.ndarray | None:
        """The probability of each class, of shape (rows, classes); None if the loss has none."""
        if self.network.loss not in PROBABILISTIC:
            return None
        return self.network.probabilities(self.parameters, self.features.transform(frame, rows))

    def unseen(self, frame: Frame) -> dict[str, list[str]]:
        """For each column the categories of the frame that no training row had, if there are any."""
        return self.features.unseen(frame)

    def predicted(self, frame: Frame, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray | None]:
        """What :meth:`predict` and :meth:`probabilities` say of some rows, by default all, which are read once."""
        rows = np.arange(len(frame)) if rows is None else rows
        parts = (self.features.transform(frame, some) for some in self._some(rows))
        if self.network.loss not in PROBABILISTIC:
            predicted = [self.network.predict(self.parameters, part) for part in parts]
            return self.target.decode(np.concatenate(predicted)), None
        probabilities = np.concatenate([self.network.probabilities(self.parameters, part) for part in parts])
        return self.target.decode(np.argmax(probabilities, axis=1)), probabilities

    def _some(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Rows in parts that are predicted together."""
        each = min(PREDICTED, max(PREDICTED_NUMBERS // math.prod(shape_of(self.features)), 1))
        for first in range(0, len(rows), each):
            yield rows[first : first + each]

    def tally(self, parts: Iterable[tuple[Frame, np.ndarray]]) -> Confusions | Errors:
        """How its predictions compare with the target, in frames and some rows of each."""
        tally = Confusions(len(self.target.classes)) if self.target.classes else Errors()
        for frame, rows in parts:
            for some in self._some(rows):
                predicted = self.network.predict(self.parameters, self.features.transform(frame, some))
                if self.target.classes:
                    tally.add(self.target.encode(frame, some), predicted)
                else:
                    tally.add(self.target.values(frame, some), self.target.decode(predicted))
        return tally


def outputs_for(target: Target, loss: str | Loss) -> int:
    """How many outputs a network needs: two classes are told apart by one, except by a softmax."""
    classes = len(target.classes)
    return 1 if classes == 2 and loss != "cross_entropy" else max(classes, 1)
