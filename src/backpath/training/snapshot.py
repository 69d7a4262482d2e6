"""A copy of where training stands, to go back to when a loss stops being finite."""

from __future__ import annotations

import numpy as np

from backpath.training.averaging import AverageState
from backpath.training.chain import OptimizerState


class Snapshot:
    """Room for the parameters, the optimizer's and the average's state, and the random state of one moment.

    The room is made once; saving and restoring copy into arrays that are there.
    """

    __slots__ = ("_arrays", "_copies", "_random", "_steps", "_weight")

    def __init__(self, parameters: np.ndarray, state: OptimizerState, averaged: AverageState | None):
        averages = [averaged.total] if averaged else []
        self._arrays = [parameters, *(a for arrays in state.arrays for a in arrays), *averages]
        self._copies = [np.empty_like(a) for a in self._arrays]

    def save(self, state: OptimizerState, averaged: AverageState | None, rng: np.random.Generator) -> None:
        """Keep this moment, in place of the one before."""
        for copy, array in zip(self._copies, self._arrays, strict=True):
            np.copyto(copy, array)
        self._steps, self._random = state.steps, rng.bit_generator.state
        self._weight = averaged.weight if averaged else 0.0

    def restore(
        self, state: OptimizerState, averaged: AverageState | None, rng: np.random.Generator
    ) -> tuple[OptimizerState, AverageState | None]:
        """Go back; of the state that training reached, the factor on its step sizes is kept."""
        for copy, array in zip(self._copies, self._arrays, strict=True):
            np.copyto(array, copy)
        rng.bit_generator.state = self._random
        return state._replace(steps=self._steps), averaged._replace(weight=self._weight) if averaged else None
