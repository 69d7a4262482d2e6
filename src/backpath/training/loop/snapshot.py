"""A copy of where training stood at the start of an epoch, to go back to when a loss stops being finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.training.optimizers.averaging import AverageState
from backpath.training.optimizers.chain import OptimizerState


class Snapshot:
    """Room for the parameters, the optimizer's and the average's state, and the random state of one moment.

    The room is made once; saving and restoring copy into arrays that are there.

    Attributes:
        arrays: those of the running training, by name.
        copies: what they were, by the same names.
        facts: what else there is of that moment, as plain data.
    """

    __slots__ = ("arrays", "copies", "facts")

    def __init__(self, parameters: np.ndarray, state: OptimizerState, averaged: AverageState | None):
        self.arrays = {"parameters": parameters}
        for link, arrays in enumerate(state.arrays):
            self.arrays |= {f"optimizer.{link}.{k}": a for k, a in enumerate(arrays)}
        if averaged:
            self.arrays["average"] = averaged.total
        self.copies = {name: np.empty_like(a) for name, a in self.arrays.items()}
        self.facts: dict[str, Any] = {}

    def save(self, state: OptimizerState, averaged: AverageState | None, rng: Any) -> None:
        """Keep this moment, in place of the one before."""
        for name, array in self.arrays.items():
            np.copyto(self.copies[name], array)
        weight = averaged.weight if averaged else 0.0
        self.facts = {"steps": state.steps, "weight": weight, "random": rng.bit_generator.state}

    def restore(
        self, state: OptimizerState, averaged: AverageState | None, rng: Any
    ) -> tuple[OptimizerState, AverageState | None]:
        """Go back; of the state that training reached, the factor on its step sizes is kept."""
        for name, array in self.arrays.items():
            np.copyto(array, self.copies[name])
        rng.bit_generator.state = self.facts["random"]
        state = state._replace(steps=self.facts["steps"])
        return state, averaged._replace(weight=self.facts["weight"]) if averaged else None
