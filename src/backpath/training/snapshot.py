"""A copy of where training stands, to go back to when a loss stops being finite."""

from __future__ import annotations

import numpy as np

from backpath.training.chain import OptimizerState


class Snapshot:
    """Room for the parameters, the optimizer's state and the random state of one moment.

    The room is made once; saving and restoring copy into arrays that are there.
    """

    __slots__ = ("_arrays", "_copies", "_random", "_steps")

    def __init__(self, parameters: np.ndarray, state: OptimizerState):
        self._arrays = (parameters, *(a for arrays in state.arrays for a in arrays))
        self._copies = tuple(np.empty_like(a) for a in self._arrays)

    def save(self, state: OptimizerState, rng: np.random.Generator) -> None:
        """Keep this moment, in place of the one before."""
        for copy, array in zip(self._copies, self._arrays, strict=True):
            np.copyto(copy, array)
        self._steps, self._random = state.steps, rng.bit_generator.state

    def restore(self, state: OptimizerState, rng: np.random.Generator) -> OptimizerState:
        """Go back; of the state that training reached, the factor on its step sizes is kept."""
        for copy, array in zip(self._copies, self._arrays, strict=True):
            np.copyto(array, copy)
        rng.bit_generator.state = self._random
        return state._replace(steps=self._steps)
