"""Watching a training: what its losses say while it runs, at next to no cost."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from backpath.diagnosis.thresholds import limit
from backpath.training.loop.epochs import Epoch

MOST = 0.02
"""Of the time of training that watching may take: where it would be more, epochs are not looked at."""

FEW, RECENT = 4, 10


@dataclass(slots=True)
class Watch:
    """Called after each epoch; tells each kind of trouble once.

    Attributes:
        epochs: that training is to last.
        chance: the loss of the best constant scores; nan if unknown.
        tell: called with the kind and a sentence.
    """

    epochs: int
    chance: float
    tell: Callable[[str, str], None]
    losses: list[float] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    spent: float = 0.0
    trained: float = 0.0

    def __call__(self, epoch: Epoch) -> None:
        """Look at an epoch that has just ended."""
        self.trained += epoch.seconds
        self.losses[epoch.number - 1 :] = [epoch.loss]
        if self.spent > MOST * self.trained:
            return
        started = time.perf_counter()
        for kind, message in self._seen(epoch):
            if kind not in self.told:
                self.told.add(kind)
                self.tell(kind, message)
        self.spent += time.perf_counter() - started

    def _seen(self, epoch: Epoch) -> list[tuple[str, str]]:
        losses, found = self.losses, []
        n = len(losses)
        if epoch.factor < 1 and "plateau" not in self.told:
            found.append(
                (
                    "non_finite",
                    f"epoch {epoch.number}: a loss was not finite, and steps were halved to {epoch.factor:g}",
                )
            )
        if n >= FEW and losses[-1] > 1.2 * losses[0]:
            found.append(
                (
                    "rate_too_large",
                    f"epoch {n}: the loss is {losses[-1]:.4g}, above the {losses[0]:.4g} of the first epoch",
                )
            )
        if n >= RECENT:
            recent = np.array(losses[-RECENT:])
            rising = float(np.mean(np.diff(recent) > 0))
            if rising > limit("rises") and recent[-1] > 1.05 * min(losses):
                found.append(
                    ("rate_too_large", f"epoch {n}: the loss rose in {rising:.0%} of the last {RECENT} epochs")
                )
            if math.isfinite(self.chance) and abs(recent[-1] - self.chance) < 0.02 * abs(self.chance):
                what = f"epoch {n}: the loss, {recent[-1]:.4g}, is still that of constant scores"
                found.append(("underfitting", what))
            moved = abs(losses[0] - losses[-1]) / max(abs(losses[0]), 1e-12)
            if 0 < moved < 0.01:
                found.append(("rate_too_small", f"epoch {n}: the loss has moved by {moved:.2%} since the first epoch"))
        if n == self.epochs and n >= 2 * FEW:
            fall = max(losses[0] - losses[-1], 1e-12)
            late = (losses[-1 - n // 4] - losses[-1]) / fall
            if late > 2 * limit("falling"):
                what = f"epoch {n}: the last quarter of the epochs brought {late:.0%} of the fall: it goes on falling"
                found.append(("too_few_epochs", what))
        return found
