"""Many networks trained together on one device: each step is made for all of them at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from backpath.engines.xla.many import ManySteps
from backpath.engines.xla.steps import XlaSteps
from backpath.training.loop.epochs import Epoch, Loop
from backpath.training.optimizers.chain import Optimizer


class Job(Protocol):
    """One network to train: where its random numbers begin, and how it goes on."""

    @property
    def seed(self) -> int:
        """Of orders and of what drops out."""
        ...

    @property
    def optimizer(self) -> Optimizer:
        """Of a form that all share."""
        ...


class Together:
    """Trainings of one model that differ in parameters, seeds and step sizes.

    Args:
        loop: of one of them, by the XLA engine.
        jobs: all of them.
        first: their initial parameters, of shape (networks, parameters).
    """

    def __init__(self, loop: Loop, jobs: Sequence[Job], first: np.ndarray):
        self.loop, self.jobs = loop, jobs
        self.rngs = [np.random.default_rng([job.seed, 1]) for job in jobs]
        self.made: dict[int, ManySteps] = {}
        each = [job.optimizer.init(row).arrays for job, row in zip(jobs, first, strict=True)]
        flat = [[array for arrays in own for array in arrays] for own in each]
        self.states, self.steps = [first, *(np.stack(rows) for rows in zip(*flat, strict=True))], 0

    def train(self, epochs: int) -> tuple[np.ndarray, list[tuple[Epoch, ...]]]:
        """The parameters after so many epochs, and the epochs of each network; losses may not be finite."""
        state, histories = None, [[] for _ in self.jobs]
        for number in range(1, epochs + 1):
            started = time.perf_counter()
            state, losses = self._epoch(state)
            seconds = (time.perf_counter() - started) / len(self.jobs)
            for history, loss in zip(histories, losses @ self.loop.feed.weights, strict=True):
                history.append(Epoch(number, float(loss), seconds))
        assert state is not None
        return next(iter(self.made.values())).parameters(state), [tuple(history) for history in histories]

    def _epoch(self, state: Any) -> tuple[Any, np.ndarray]:
        feed, found, first = self.loop.feed, [], 0
        orders: list[list[np.ndarray]] = []
        makers: list[XlaSteps] = []
        for rng in self.rngs:
            feed.shuffle(rng)
            stretches = [(steps, rows.copy()) for steps, rows in feed.stretches(0, feed.steps)]
            orders.append([rows for _, rows in stretches])
            makers = [steps for steps, _ in stretches if isinstance(steps, XlaSteps)]
        for steps, rows in zip(makers, zip(*orders, strict=True), strict=True):
            many = self.made.setdefault(id(steps), ManySteps(steps, len(self.jobs)))
            state = many.begin(self.states) if state is None else state
            count = len(rows[0])
            state, losses = many.run(state, np.stack(rows), np.arange(first, first + count) + self.steps, self._turn_to)
            found.append(losses)
            first += count
        self.steps += first
        return state, np.concatenate(found, axis=1)

    def _turn_to(self, number: int) -> None:
        """What steps read next is that network's."""
        job, stepping = self.jobs[number], self.loop.stepping
        stepping.optimizer, stepping.seed = job.optimizer, job.seed
        stepping.state = stepping.state._replace(factor=1.0)


def can_go_together(loop: Loop) -> bool:
    """Whether a loop of the XLA engine has all data on the device, so that networks share them."""
    feed = loop.feed
    makers = [steps for steps, _ in feed.stretches(0, feed.steps)]
    return all(isinstance(steps, XlaSteps) and ManySteps(steps, 1).possible for steps in makers)
