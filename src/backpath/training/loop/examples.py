"""What a fit trains on, and the batches that an epoch makes of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.engines import Steps
from backpath.engines.processes.shares import WHOLE, Shares
from backpath.nets import Model
from backpath.training.checkpoints.identity import digest
from backpath.training.loop.rows import Rows

Make = Callable[[Rows, np.ndarray, int, np.ndarray | None], Steps]
"""From examples, targets, the size of a batch and weights or None to what makes steps."""


class Feed(ABC):
    """The batches of one epoch after another.

    Attributes:
        steps: how many there are in an epoch.
        weights: the part of the epoch's examples that is in each, of shape (steps,).
    """

    steps: int
    weights: np.ndarray

    def _cut(self, examples: int, batch: int) -> None:
        sizes = np.minimum(batch, examples - np.arange(0, examples, batch))
        self.steps, self.weights = len(sizes), sizes / examples

    @abstractmethod
    def shuffle(self, rng: Any) -> None:
        """Begin an epoch in a new order, which the state of ``rng`` alone determines."""

    @abstractmethod
    def stretches(self, first: int, until: int) -> Iterator[tuple[Steps, np.ndarray]]:
        """What makes these steps, and on which rows, of shape (steps, examples): as many as are at hand each time.

        The rows are this process's own.
        """

    @abstractmethod
    def examples(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """X and y of a step, of this process's own rows."""


class Examples(ABC):
    """Examples and their targets, somewhere."""

    @property
    @abstractmethod
    def at_hand(self) -> Rows:
        """All of them, or a random part for those who need no more."""

    @property
    def weighted(self) -> bool:
        """Whether they have weights in the loss."""
        return False

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def identity(self) -> str:
        """The same for the same examples, and for no others."""

    @abstractmethod
    def feed(self, model: Model, make: Make, batch: int, shuffle: bool, shares: Shares = WHOLE) -> Feed:
        """Batches of so many examples over all processes, in a new order each epoch or always in their own."""


@dataclass(frozen=True, slots=True)
class InMemory(Examples):
    """Examples in arrays.

    Attributes:
        X: where they lie.
        y: as ``Network.targets`` or ``Network.checked_classes`` has them.
        weights: of each in the loss, of shape (examples,), or None.
        most: so many of them are an epoch, others each time; 0 for all.
    """

    X: Rows
    y: np.ndarray
    weights: np.ndarray | None = None
    most: int = 0

    @property
    def at_hand(self) -> Rows:
        return self.X

    @property
    def weighted(self) -> bool:
        return self.weights is not None

    def __len__(self) -> int:
        return self.most or len(self.X)

    def identity(self) -> str:
        scaling = self.X.scaling
        scales = () if scaling is None else (scaling.mean, scaling.factor, scaling.weights())
        return digest(*self.X.arrays, self.y, *scales, *(() if self.weights is None else (self.weights,)))

    def feed(self, model: Model, make: Make, batch: int, shuffle: bool, shares: Shares = WHOLE) -> Feed:
        return _Shuffled(self, make, batch, shuffle, shares)


class _Shuffled(Feed):
    def __init__(self, examples: InMemory, make: Make, batch: int, shuffle: bool, shares: Shares):
        self._cut(len(examples), batch)
        self.given, self.shuffled, self.batch, self.shares = examples, shuffle, batch, shares
        self.order = np.arange(len(examples.X))
        self.whole, rest = divmod(len(examples), batch)
        sizes = [batch] * (self.whole > 0) + [rest] * (rest > 0)
        self.makers = {n: make(examples.X, examples.y, n, examples.weights) for n in sizes}

    def shuffle(self, rng: Any) -> None:
        # Sorted first, so that the random state alone tells an epoch's order.
        if self.shuffled:
            self.order.sort()
            rng.shuffle(self.order)

    def stretches(self, first: int, until: int) -> Iterator[tuple[Steps, np.ndarray]]:
        if first < min(until, self.whole):
            rows = self.order[first * self.batch : min(until, self.whole) * self.batch]
            yield self.makers[self.batch], rows.reshape(-1, self.batch)[:, self.shares.rows(self.batch)]
        if first <= self.whole < until:
            rest = self.order[self.whole * self.batch : len(self.given)]
            yield self.makers[len(rest)], rest[None, self.shares.rows(len(rest))]

    def examples(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self.order[: len(self.given)][step * self.batch : (step + 1) * self.batch]
        rows = rows[self.shares.rows(len(rows))]
        return self.given.X.take(rows, float), self.given.y[rows]
