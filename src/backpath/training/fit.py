"""The fit loop: mini-batch stochastic gradient descent on a network, reproducible from its seed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import DataError, NonFiniteError, ShapeError
from backpath.nets import Network
from backpath.paths import linearize
from backpath.training.chain import Optimizer
from backpath.training.optimizers import sgd
from backpath.training.snapshot import Snapshot
from backpath.training.step import BatchGradient

DESCENT = sgd(0.05, momentum=0.9)
MOST_ROLLBACKS = 3


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training data.

    Attributes:
        number: from 1.
        loss: the mean of its steps.
        seconds: wall time.
        factor: what its step sizes were multiplied by: 1 unless a loss that was not finite halved them before.
    """

    number: int
    loss: float
    seconds: float
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Fit:
    """A trained network.

    Attributes:
        network: what was trained.
        parameters: its weights and biases by name, views of one flat array.
        history: every epoch.
        steps: how many steps were made.
        seconds_per_step: median over the epochs.
    """

    network: Network
    parameters: dict[str, np.ndarray]
    history: tuple[Epoch, ...]
    steps: int
    seconds_per_step: float

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Class indices, or values: see ``Network.predict``."""
        return self.network.predict(self.parameters, X)

    def probabilities(self, X: np.ndarray) -> np.ndarray:
        """Class probabilities of shape (batch, classes)."""
        return self.network.probabilities(self.parameters, X)


def fit(
    network: Network,
    X: Any,
    y: Any,
    *,
    epochs: int = 40,
    batch: int = 32,
    optimizer: Optimizer = DESCENT,
    seed: int = 0,
    threads: int | None = None,
    parameters: Mapping[str, np.ndarray] | None = None,
    dtype: Any = np.float32,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Fit:
    """Train ``network`` on (X, y) by mini-batches, with steps of any optimizer.

    The same arguments give the same weights to the last bit on one machine with one number of threads.

    An epoch whose loss is not finite is undone and made again with half the step sizes, at most three times in a fit;
    each epoch's ``factor`` tells.

    Args:
        network: what to train.
        X: shape (examples, inputs), real and finite; read where it lies, never copied whole.
        y: class indices (examples,) or values (examples, outputs), as the network's loss asks.
        epochs: passes over the data, each in a new random order.
        batch: examples a step; the last step of an epoch takes what is left.
        optimizer: such as ``sgd(0.05, momentum=0.9)``, the default, or ``adam(1e-3)``.
        seed: of initial weights and of the order of examples.
        threads: of the BLAS; by default all cores that this process may use.
        parameters: initial values by name, in place of fresh ones from ``seed``; they are not changed.
        dtype: the type in which to train.
        on_epoch: called after each epoch.

    Raises:
        ShapeError: if X or y do not fit the network.
        DataError: if X or y hold numbers that are not finite, or no example.
        NonFiniteError: if the loss is not finite for a fourth time: it names the first node that is not.
        ValueError: if a number is outside its range.
    """
    from threadpoolctl import threadpool_limits

    if epochs < 1 or batch < 1:
        raise ValueError(f"epochs={epochs}, batch={batch}: both must be at least 1")
    X, y = _examples(network, X, y)
    flat = np.empty(network.parameter_count, dtype)
    start = network.init(seed, dtype) if parameters is None else parameters
    views = network.views(flat)
    for name, view in views.items():
        view[...] = start[name]
    loop = _Loop(network, flat, X, y, min(batch, len(X)), optimizer, np.random.default_rng([seed, 1]))
    history = []
    # A loss that overflows ends the fit with an error of its own; NumPy's warnings would only come before it.
    quiet = np.errstate(over="ignore", invalid="ignore")
    with threadpool_limits(threads or usable_cores(), user_api="blas"), quiet:
        for number in range(1, epochs + 1):
            history.append(loop.epoch(number))
            if on_epoch is not None:
                on_epoch(history[-1])
    seconds = float(np.median([e.seconds for e in history])) / loop.steps
    return Fit(network, views, tuple(history), epochs * loop.steps, seconds)


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Loop:
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
    ):
        self.network, self.X, self.y = network, X, y
        self.parameters, self.optimizer, self.rng = parameters, optimizer, rng
        self.gradient = np.empty_like(parameters)
        self.state = optimizer.init(parameters)
        self.snapshot = Snapshot(parameters, self.state)
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
            self.snapshot.save(self.state, self.rng)
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

    def _roll_back(self, number: int) -> None:
        step = int(np.argmin(np.isfinite(self.losses)))
        if self.rollbacks == MOST_ROLLBACKS:
            raise self._error(number, step)
        self.rollbacks += 1
        self.state = self.snapshot.restore(self.state, self.rng)
        self.state = self.state._replace(factor=self.state.factor / 2)

    def _error(self, number: int, step: int) -> NonFiniteError:
        """What happened, found by making the steps before it again."""
        loss = self.losses[step]
        self.state = self.snapshot.restore(self.state, self.rng)
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


def _examples(network: Network, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    X, y = np.asarray(X), np.asarray(y)
    if X.ndim != 2 or X.shape[1] != network.sizes[0]:
        raise ShapeError(f"X has shape {list(X.shape)}; {network!r} needs (examples, {network.sizes[0]})")
    if len(X) == 0 or len(X) != len(y):
        raise DataError(f"X has {len(X)} examples and y has {len(y)}: they must be equally many, at least one")
    for name, array in (("X", X), ("y", y)):
        if array.dtype.kind not in "fiub":
            raise DataError(f"{name} holds {array.dtype}; it must hold numbers")
        # The sum is finite if all entries are, and needs no array of flags.
        if array.dtype.kind == "f" and not np.isfinite(array.sum(dtype=float)):
            raise DataError(f"{name} holds numbers that are not finite: fill or drop them first")
    return X, network.checked_classes(y) if network.reads_classes(y) else network.targets(y)
