"""The course of a training, judged after each epoch by scikit-learn's rules: when to stop, and which epoch was best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(slots=True)
class Course:
    """Losses and scores so far, and how long they have not improved.

    Attributes:
        tol: what counts as an improvement.
        patience: epochs without one, after which it is time to stop.
        losses: of the training part, an epoch each.
        scores: of the validation part, if there is one.
        validation_losses: of the validation part.
        best_loss: the lowest of the training part.
        best_score: the highest of the validation part, or that at its lowest loss.
        best: the parameters at that epoch.
        waited: epochs since the last improvement.
        by_loss: whether the validation part judges by its loss, which tells more than a score of few examples.
    """

    tol: float
    patience: float
    losses: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    best_loss: float = np.inf
    best_score: float = -np.inf
    best: np.ndarray | None = None
    waited: int = 0
    by_loss: bool = False
    _best_value: float = field(default=-np.inf, init=False)

    def after_epoch(self, loss: float, parameters: np.ndarray, judged: Sequence[float] | None) -> None:
        """Take note of an epoch.

        Args:
            loss: of the training part.
            parameters: one flat array, copied if they are the best.
            judged: loss and score of the validation part, or None if there is none.
        """
        self.losses.append(loss)
        if judged is None:
            worse = loss > self.best_loss - self.tol
            self.best_loss = min(self.best_loss, loss)
        else:
            self.validation_losses.append(judged[0])
            self.scores.append(judged[1])
            value = -judged[0] if self.by_loss else judged[1]
            # Not a number is no improvement either.
            worse = not value >= self._best_value + self.tol
            if value > self._best_value:
                self._best_value, self.best_score, self.best = value, judged[1], parameters.copy()
        self.waited = self.waited + 1 if worse else 0

    def undo(self, epochs: int) -> None:
        """Forget so many, which are made again; the best of all stays what it was."""
        for told in (self.losses, self.scores, self.validation_losses):
            del told[max(len(told) - epochs, 0) :]
        self.waited = 0

    @property
    def stalled(self) -> bool:
        """Whether it has not improved for too long."""
        return self.waited > self.patience

    @property
    def why(self) -> str:
        """What did not improve, as scikit-learn says it."""
        what = "Validation score" if self.scores else "Training loss"
        return f"{what} did not improve more than tol={self.tol:f} for {self.patience} consecutive epochs."
