"""Averages of the parameters over the steps of training, which wander less than the parameters do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from backpath.training.ranges import check_fraction


class AverageState(NamedTuple):
    """The sum so far, weighted, the total of the weights, and room to compute in."""

    total: np.ndarray
    weight: float
    scratch: np.ndarray


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
        return AverageState(np.zeros_like(parameters), 0.0, np.empty_like(parameters))

    def update(self, parameters: np.ndarray, state: AverageState) -> AverageState:
        """The state with these parameters in it; its arrays are the old one's."""
        keep = (1 - 1 / (state.weight + 1)) if self.decay is None else self.decay
        np.multiply(state.total, keep, out=state.total)
        np.multiply(parameters, 1 - keep, out=state.scratch)
        np.add(state.total, state.scratch, out=state.total)
        return state._replace(weight=state.weight + 1)

    def read(self, state: AverageState, out: np.ndarray) -> None:
        """Write the average into ``out``."""
        seen = 1.0 if self.decay is None else 1 - self.decay**state.weight
        np.divide(state.total, seen, out=out)
