"""Steps of many networks at once: those of one, mapped over a leading axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from backpath.engines.xla.compilation import compiling
from backpath.engines.xla.library import library, wide
from backpath.engines.xla.steps import XlaSteps

NUMBERS = 1 << 24
"""Row numbers, and numbers of what else steps read, that come from the host for one call, at most."""


class ManySteps:
    """Steps of so many networks, which read the same data, each in an order of its own.

    Args:
        steps: of one; all its data are on the device.
        networks: how many there are.
    """

    def __init__(self, steps: XlaSteps, networks: int):
        self.steps, self.networks = steps, networks
        with wide():
            self.resident = [steps.residence.data(intake) for intake in steps.intakes]
        self.staged = [i for i, data in zip(steps.intakes, self.resident, strict=True) if data is None]
        fed = [i.target.size for i in self.staged]
        self.most = max(1, NUMBERS // (networks * max(steps.batch, *fed, 1)))
        self._made: dict[int, Any] = {}

    def run(
        self,
        state: tuple[Any, ...],
        rows: np.ndarray,
        counts: np.ndarray,
        turn_to: Callable[[int], Any],
    ) -> tuple[tuple[Any, ...], np.ndarray]:
        """Make steps.

        Args:
            state: of all networks on the device, a leading axis longer than that of one; it is used up.
            rows: positions of the examples, of shape (networks, steps, examples).
            counts: the number of each step.
            turn_to: called with a network's number before what its steps read is asked for.

        Returns:
            The state after them, and the loss of each, of shape (networks, steps).
        """
        noted = []
        with wide():
            for first in range(0, rows.shape[1], self.most):
                part = slice(first, first + self.most)
                state, losses = self._run(state, rows[:, part], counts[part], turn_to)
                noted.append(losses)
        return state, np.concatenate([np.asarray(losses) for losses in noted], axis=1)

    def _run(
        self, state: tuple[Any, ...], rows: np.ndarray, counts: np.ndarray, turn_to: Callable[[int], Any]
    ) -> tuple[tuple[Any, ...], Any]:
        placement = self.steps.placement
        stages = [np.empty((self.networks, len(counts), *i.target.shape), i.target.dtype) for i in self.staged]
        for number in range(self.networks):
            turn_to(number)
            for intake, stage in zip(self.staged, stages, strict=True):
                flat = stage[number].reshape(-1, intake.target.shape[1])
                intake.taker(flat)(counts if intake.by_step else rows[number].reshape(-1))
        given = iter([placement.fed(stage) for stage in stages])
        fed = [None if data is not None else next(given) for data in self.resident]
        order = placement.fed(rows.astype(np.int32))
        count = len(counts)
        with nullcontext() if count in self._made else compiling():
            return self._call(count)(state, count, (order, fed), self.resident)

    def _call(self, count: int) -> Any:
        """The mapped function for so many steps."""
        if count not in self._made:
            mapped = library().vmap(self.steps.stretch(count), in_axes=(0, None, 0, None))
            self._made[count] = library().jit(mapped, donate_argnums=0)
        return self._made[count]

    @property
    def possible(self) -> bool:
        """Whether all data are on the device."""
        return all(intake.by_step for intake in self.staged)

    def begin(self, states: Sequence[np.ndarray]) -> tuple[Any, ...]:
        """Arrays of all networks' states, of shape (networks, length), on the device."""
        put, pieces = self.steps.placement.state, self.steps.residence.pieces
        with wide():
            if pieces is None:
                return tuple(put(array) for array in states)
            parts = [[a[:, p.start : p.stop].reshape(-1, *p.shape) for p in pieces] for a in states]
            return tuple(tuple(map(put, own)) for own in parts)

    def parameters(self, state: tuple[Any, ...]) -> np.ndarray:
        """The parameters of all networks, of shape (networks, parameters)."""
        own = (state[0],) if self.steps.residence.pieces is None else state[0]
        return np.concatenate([np.asarray(part).reshape(self.networks, -1) for part in own], axis=1)
