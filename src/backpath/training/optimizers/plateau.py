"""Lowering the step size where the loss no longer falls."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from backpath.graph import SettingError
from backpath.training.optimizers.ranges import check_fraction


class PlateauState(NamedTuple):
    """The lowest loss so far, and for how many epochs it was not beaten."""

    best: float
    waited: int


@dataclass(frozen=True, slots=True)
class ReduceOnPlateau:
    """Multiplies the step size by ``factor`` when the loss of ``patience`` epochs in a row was no better than the best.

    Args:
        factor: in [0, 1).
        patience: at least 1.
        tolerance: by what part of the best loss a loss must be lower to count as better.
    """

    factor: float = 0.1
    patience: int = 10
    tolerance: float = 1e-4

    def __post_init__(self) -> None:
        check_fraction(factor=self.factor, tolerance=self.tolerance)
        if self.patience < 1:
            raise SettingError(f"patience={self.patience}: it must be at least 1")

    def init(self) -> PlateauState:
        """No loss seen."""
        return PlateauState(math.inf, 0)

    def update(self, loss: float, state: PlateauState) -> tuple[float, PlateauState]:
        """What to multiply the step size by after an epoch, and the state after it."""
        if loss < (1 - self.tolerance) * state.best:
            return 1.0, PlateauState(loss, 0)
        if state.waited + 1 < self.patience:
            return 1.0, state._replace(waited=state.waited + 1)
        return self.factor, state._replace(waited=0)
