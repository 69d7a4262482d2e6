"""The order of examples as scikit-learn draws it."""

from __future__ import annotations

from typing import Any

import numpy as np


class RandomOrder:
    """Orders from a ``RandomState``, each the one before it, permuted, so that the same seed visits the same batches.

    It stands in for a NumPy generator in a training loop.
    """

    def __init__(self, random: np.random.RandomState, examples: int):
        self.random = random
        self.order = np.arange(examples)

    def shuffle(self, order: np.ndarray) -> None:
        """Write the next order."""
        permutation = np.arange(len(self.order))
        self.random.shuffle(permutation)
        self.order = self.order[permutation]
        order[:] = self.order

    @property
    def bit_generator(self) -> RandomOrder:
        """Where the state is kept."""
        return self

    @property
    def state(self) -> tuple[Any, np.ndarray]:
        """Where the draws stand."""
        return self.random.get_state(), self.order

    @state.setter
    def state(self, state: tuple[Any, np.ndarray]) -> None:
        self.random.set_state(state[0])
        self.order = state[1]
