"""The learning-rate range test: a short run with growing steps, which finds the sizes that work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import DataError, SettingError
from backpath.nets import Model
from backpath.training.given import Init, examples_of, first_parameters
from backpath.training.loop.cores import blas_threads
from backpath.training.loop.examples import InMemory
from backpath.training.loop.step import BatchGradient
from backpath.training.optimizers.chain import Optimizer
from backpath.training.optimizers.named import Rate, sgd

EXPLODED, TRIALS = 4.0, 6


@dataclass(frozen=True, slots=True)
class RangeTest:
    """What a range test saw.

    Attributes:
        rates: of each step, growing.
        losses: before each step, smoothed.
        suggestion: a rate that was seen to decrease the loss from the start.
        decrease: what the loss fell to in a trial with it, as a part of what it was.
    """

    rates: np.ndarray
    losses: np.ndarray
    suggestion: float
    decrease: float


def find_rate(
    model: Model,
    X: Any,
    y: Any,
    optimizer: Callable[[Rate], Optimizer] = sgd,
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 120,
    batch: int = 32,
    seed: int = 0,
    init: Init = "auto",
    threads: int | None = None,
) -> RangeTest:
    """Find a step size: grow it from step to step until the loss explodes, then try what looked best.

    The suggestion is a third of the rate at which the smoothed loss was lowest, or a third of that and so on: the first
    with which a trial of as many steps, from the same start, decreased the loss of a batch that it was not trained on.
    (Smith, 2017, with the trial added.)

    Args:
        model: what to train.
        X: shape (examples, ...).
        y: class indices or values, as the model's loss asks.
        optimizer: from a rate to an optimizer, such as ``optimizers.adam``.
        lowest: the rate of the first step.
        highest: that of the last.
        steps: how many.
        batch: examples a step.
        seed: of initial weights and batches.
        init: how initial weights are drawn; see ``fit``.
        threads: of the BLAS; by default all cores that this process may use.

    Raises:
        SettingError: if no rate was seen to decrease the loss, or a number is outside its range.
        ShapeError: if X or y do not fit the model.
        DataError: if there are too few examples, or numbers that are not finite.
    """
    if not (0 < lowest < highest and steps >= 10 and batch >= 1):
        raise SettingError(f"lowest={lowest:g}, highest={highest:g}, steps={steps}, batch={batch}: rates must grow")
    model, examples = examples_of(model, X, y, None)
    if len(examples) < 2:
        raise DataError("a range test needs two examples or more")
    if not isinstance(examples, InMemory):
        raise SettingError("a range test needs examples in arrays: give it some of those on disk")
    run = _Run(model, examples, batch, seed, init)
    growth = (highest / lowest) ** (1 / (steps - 1))
    with blas_threads(threads), np.errstate(over="ignore", invalid="ignore"):
        losses = _smoothed(run.losses(optimizer(lambda step: lowest * growth**step), steps))
        rates = lowest * growth ** np.arange(len(losses))
        rate = float(rates[np.argmin(losses)])
        run.restart()
        before = run.held_out_loss()
        for _ in range(TRIALS):
            rate /= 3
            run.losses(optimizer(rate), steps)
            after = run.held_out_loss()
            if after < before:
                return RangeTest(rates, losses, rate, after / before)
    raise SettingError(
        f"no rate from {lowest:g} to {highest:g} decreased the loss from this start: widen the range, scale the "
        f"features, or take another init"
    )


class _Run:
    """Steps from one start, on batches that leave out some examples."""

    def __init__(self, model: Model, examples: InMemory, batch: int, seed: int, init: Init):
        self.rng = np.random.default_rng([seed, 3])
        order = self.rng.permutation(len(examples))
        held = max(1, min(len(examples) // 5, 512))
        self.held, self.rest = order[:held], order[held:]
        self.batch = min(batch, len(self.rest))
        self.first = first_parameters(model, examples.X, init, seed, np.float32)
        self.parameters, self.gradient = self.first.copy(), np.empty_like(self.first)
        arguments = model, self.parameters, self.gradient, examples.X, examples.y
        self.gradient_of = BatchGradient(*arguments, self.batch)
        self.held_gradient_of = BatchGradient(*arguments, held)

    def restart(self) -> None:
        """Back to the start."""
        np.copyto(self.parameters, self.first)

    def losses(self, optimizer: Optimizer, steps: int) -> np.ndarray:
        """Before each of some steps from the start, as far as they do not explode."""
        self.restart()
        state, seen = optimizer.init(self.parameters), []
        for _ in range(steps):
            self.gradient_of(self.rng.choice(self.rest, self.batch, replace=False))
            loss = float(self.gradient_of.loss)
            if seen and not loss < EXPLODED * seen[0] + 1:
                break
            seen.append(loss)
            self.parameters[...], state = optimizer.update(self.gradient, state, self.parameters)
        return np.array(seen)

    def held_out_loss(self) -> float:
        """Of the examples that no step saw; infinite where it is not a number."""
        self.held_gradient_of(self.held)
        loss = float(self.held_gradient_of.loss)
        return loss if np.isfinite(loss) else np.inf


def _smoothed(losses: np.ndarray, decay: float = 0.8) -> np.ndarray:
    """Exponentially decaying means, corrected for their start."""
    mean, smooth = 0.0, []
    for k, loss in enumerate(losses, 1):
        mean = decay * mean + (1 - decay) * float(loss)
        smooth.append(mean / (1 - decay**k))
    return np.array(smooth)
