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
from backpath.training.optimizers import SGD
from backpath.training.step import BatchGradient


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training data: its number from 1, the mean loss of its steps, and its wall time."""

    number: int
    loss: float
    seconds: float


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
    rate: float = 0.05,
    momentum: float = 0.9,
    seed: int = 0,
    threads: int | None = None,
    parameters: Mapping[str, np.ndarray] | None = None,
    dtype: Any = np.float32,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Fit:
    """Train ``network`` on (X, y) by mini-batch gradient descent with momentum.

    The same arguments give the same weights to the last bit on one machine with one number of threads.

    Args:
        network: what to train.
        X: shape (examples, inputs), real and finite; read where it lies, never copied whole.
        y: class indices (examples,) or values (examples, outputs), as the network's loss asks.
        epochs: passes over the data, each in a new random order.
        batch: examples a step; the last step of an epoch takes what is left.
        rate: step size.
        momentum: in [0, 1).
        seed: of initial weights and of the order of examples.
        threads: of the BLAS; by default all cores that this process may use.
        parameters: initial values by name, in place of fresh ones from ``seed``; they are not changed.
        dtype: the type in which to train.
        on_epoch: called after each epoch.

    Raises:
        ShapeError: if X or y do not fit the network.
        DataError: if X or y hold numbers that are not finite, or no example.
        NonFiniteError: if the loss stops being finite.
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
    loop = _Loop(network, flat, X, y, min(batch, len(X)), SGD(rate, momentum), np.random.default_rng([seed, 1]))
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
        optimizer: SGD,
        rng: np.random.Generator,
    ):
        self.parameters, self.optimizer, self.rng = parameters, optimizer, rng
        self.gradient = np.empty_like(parameters)
        self.state = optimizer.init(parameters)
        self.order = np.arange(len(X))
        cuts = [self.order[k : k + batch] for k in range(0, len(X), batch)]
        sizes = {len(rows): BatchGradient(network, parameters, self.gradient, X, y, len(rows)) for rows in cuts}
        self.batches = [(sizes[len(rows)], rows) for rows in cuts]
        self.losses = np.empty(len(cuts))
        self.weights = np.array([len(rows) for rows in cuts]) / len(X)
        self.steps = len(cuts)

    def epoch(self, number: int) -> Epoch:
        """One pass in a new order."""
        started = time.perf_counter()
        self.rng.shuffle(self.order)
        for k, (gradient_of, rows) in enumerate(self.batches):
            gradient_of(rows)
            self.losses[k] = gradient_of.loss
            self.state = self.optimizer.update(self.gradient, self.state, self.parameters)
        loss = float(self.losses @ self.weights)
        if not np.isfinite(loss):
            step = int(np.argmin(np.isfinite(self.losses)))
            raise NonFiniteError(
                f"the loss is {self.losses[step]} at step {step + 1} of epoch {number}: training diverged. Lower the "
                f"rate (it is {self.optimizer.rate:g}), or scale the features to mean 0 and deviation 1"
            )
        return Epoch(number, loss, time.perf_counter() - started)


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
