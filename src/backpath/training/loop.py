"""The loop of training: epochs of mini-batch steps on one flat array of parameters."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from backpath.graph import NonFiniteError
from backpath.nets import Network
from backpath.paths import linearize
from backpath.training.averaging import PolyakAverage
from backpath.training.chain import Optimizer
from backpath.training.plateau import ReduceOnPlateau
from backpath.training.snapshot import Snapshot
from backpath.training.step import BatchGradient

MOST_ROLLBACKS = 3


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training data.

    Attributes:
        number: from 1.
        loss: the mean of its steps.
        seconds: wall time.
        factor: what its step sizes were multiplied by: below 1 if a loss that was not finite halved them before, or a
            plateau lowered them.
    """

    number: int
    loss: float
    seconds: float
    factor: float = 1.0


def descend(
    network: Network,
    parameters: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    *,
    epochs: int,
    batch: int,
    optimizer: Optimizer,
    seed: int,
    plateau: ReduceOnPlateau | None = None,
    average: PolyakAverage | None = None,
    threads: int | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> tuple[tuple[Epoch, ...], int]:
    """Train one flat array of parameters in place; arguments as of ``fit``, already checked.

    Returns:
        The epochs, and how many steps one takes.
    """
    loop = Loop(network, parameters, X, y, min(batch, len(X)), optimizer, np.random.default_rng([seed, 1]), average)
    history = []
    waiting = plateau.init() if plateau else None
    # A loss that overflows ends the fit with an error of its own; NumPy's warnings would only come before it.
    quiet = np.errstate(over="ignore", invalid="ignore")
    with blas_threads(threads), quiet:
        for number in range(1, epochs + 1):
            history.append(loop.epoch(number))
            if plateau and waiting:
                lowered, waiting = plateau.update(history[-1].loss, waiting)
                loop.state = loop.state._replace(factor=loop.state.factor * lowered)
            if on_epoch is not None:
                on_epoch(history[-1])
    if average and loop.averaged:
        average.read(loop.averaged, parameters)
    return tuple(history), loop.steps


@contextmanager
def blas_threads(threads: int | None) -> Iterator[None]:
    """The BLAS with so many threads, by default as many as this process may use cores."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads or usable_cores(), user_api="blas"):
        yield


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Loop:
    """Everything that an epoch needs, made once."""

    def __init__(
        self,
        network: Network,
        parameters: np.ndarray,
        X: np.ndarray,
        y: np.ndarray,
        batch: int,
        optimizer: Optimizer,
        rng: np.random.Generator,
        average: PolyakAverage | None,
    ):
        self.network, self.X, self.y = network, X, y
        self.parameters, self.optimizer, self.rng = parameters, optimizer, rng
        self.gradient = np.empty_like(parameters)
        self.state = optimizer.init(parameters)
        self.average = average
        self.averaged = average.init(parameters) if average else None
        self.snapshot = Snapshot(parameters, self.state, self.averaged)
        self.rollbacks = 0
        self.order = np.arange(len(X))
        cuts = [self.order[k : k + batch] for k in range(0, len(X), batch)]
        sizes = {len(rows): BatchGradient(network, parameters, self.gradient, X, y, len(rows)) for rows in cuts}
        self.batches = [(sizes[len(rows)], rows) for rows in cuts]
        self.losses = np.empty(len(cuts))
        self.weights = np.array([len(rows) for rows in cuts]) / len(X)
        self.steps = len(cuts)

    def epoch(self, number: int) -> Epoch:
        """One pass in a new order, with half the step sizes as often as its loss is not finite."""
        started = time.perf_counter()
        while True:
            self.snapshot.save(self.state, self.averaged, self.rng)
            self._sort_and_shuffle()
            self._descend(self.steps)
            loss = float(self.losses @ self.weights)
            if np.isfinite(loss):
                return Epoch(number, loss, time.perf_counter() - started, self.state.factor)
            self._roll_back(number)

    def _sort_and_shuffle(self) -> None:
        # Sorted first, so that the random state alone tells an epoch's order.
        self.order.sort()
        self.rng.shuffle(self.order)

    def _descend(self, steps: int) -> None:
        for k, (gradient_of, rows) in enumerate(self.batches[:steps]):
            gradient_of(rows)
            self.losses[k] = gradient_of.loss
            self.state = self.optimizer.update(self.gradient, self.state, self.parameters)
            if self.average and self.averaged:
                self.averaged = self.average.update(self.parameters, self.averaged)

    def _roll_back(self, number: int) -> None:
        step = int(np.argmin(np.isfinite(self.losses)))
        if self.rollbacks == MOST_ROLLBACKS:
            raise self._error(number, step)
        self.rollbacks += 1
        self.state, self.averaged = self.snapshot.restore(self.state, self.averaged, self.rng)
        self.state = self.state._replace(factor=self.state.factor / 2)

    def _error(self, number: int, step: int) -> NonFiniteError:
        """What happened, found by making the steps before it again."""
        loss = self.losses[step]
        self.state, self.averaged = self.snapshot.restore(self.state, self.averaged, self.rng)
        self._sort_and_shuffle()
        self._descend(step)
        rows = self.batches[step][1]
        X = self.X[rows].astype(self.parameters.dtype)
        p = linearize(self.network.loss_value, self.network.views(self.parameters), X, self.y[rows])
        bad = next((name for name, value in zip(p.names, p.values, strict=True) if not np.all(np.isfinite(value))), "")
        where = f", where {bad} is the first node that is not finite" if bad else ""
        return NonFiniteError(
            f"training diverged: the loss is {loss} at step {step + 1} of epoch {number}{where}, with step sizes "
            f"already halved {MOST_ROLLBACKS} times. Lower the rate, or scale the features to mean 0 and deviation 1"
        )
