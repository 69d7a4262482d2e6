"""Averages of the parameters over the steps of training, which wander less than the parameters do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from backpath.training.optimizers.ranges import check_fraction


class AverageState(NamedTuple):
    """The sum so far, weighted, and the number of steps in it."""

    total: np.ndarray
    weight: float


@dataclass(frozen=True, slots=True)
class PolyakAverage:
    """The mean of the parameters after each step (Polyak and Juditsky, 1992).

    Args:
        decay: in [0, 1): weights fall by this factor with each step into the past, and sum to 1 from the first step on;
            by default all steps count alike.
    """

    decay: float | None = None

    def __post_init__(self) -> None:
        if self.decay is not None:
            check_fraction(decay=self.decay)

    def init(self, parameters: np.ndarray) -> AverageState:
        """No step yet; ``parameters`` are one flat array."""
        return AverageState(np.zeros_like(parameters), 0.0)

    def scalars(self, weight: float, count: int = 1) -> np.ndarray:
        """What ``apply`` needs of the ``count`` steps after so many, of shape (count, 1)."""
        seen = weight + np.arange(count)
        return (1 - 1 / (seen + 1) if self.decay is None else np.full(count, self.decay))[:, None]

    def apply(self, parameters: Any, total: Any, scalars: Any) -> Any:
        """The weighted sum with these parameters in it; traceable."""
        return total * scalars[0] + parameters * (1 - scalars[0])

    def update(self, parameters: np.ndarray, state: AverageState) -> AverageState:
        """The state with these parameters in it."""
        scalars = self.scalars(state.weight)[0].tolist()
        return AverageState(self.apply(parameters, state.total, scalars), state.weight + 1)

    def read(self, state: AverageState, out: np.ndarray) -> None:
        """Write the average into ``out``."""
        seen = 1.0 if self.decay is None else 1 - self.decay**state.weight
        np.divide(state.total, seen, out=out)
