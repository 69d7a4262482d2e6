"""Optimizers: state in, state out. The arrays inside are reused, so that a step allocates nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

# A block of parameters, gradients and state that stays in a core's cache from one operation to the next.
BLOCK = 1 << 15


class Momentum(NamedTuple):
    """State of :class:`SGD`: the velocity, shaped as the parameters, and a block to compute in."""

    velocity: np.ndarray
    scratch: np.ndarray


class Optimizer(Protocol):
    """What training asks of an optimizer; parameters are one flat array."""

    def init(self, parameters: np.ndarray) -> Momentum:
        """The state before the first step."""
        ...

    def update(self, gradient: np.ndarray, state: Momentum, parameters: np.ndarray) -> Momentum:
        """Change ``parameters`` in place by one step, and return the state after it (which may reuse the old)."""
        ...


@dataclass(frozen=True, slots=True)
class SGD:
    """Stochastic gradient descent with momentum: v <- momentum v + g, w <- w - rate v (Aggarwal, sec. 3.5.1).

    Args:
        rate: the step size.
        momentum: in [0, 1); 0 is plain steepest descent.

    Raises:
        ValueError: if a number is outside its range.
    """

    rate: float
    momentum: float = 0.0

    def __post_init__(self) -> None:
        if not (self.rate > 0 and np.isfinite(self.rate)):
            raise ValueError(f"rate={self.rate}: a step size is a positive number")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum={self.momentum}: it must be at least 0 and less than 1")

    def init(self, parameters: np.ndarray) -> Momentum:
        """A velocity of zero."""
        return Momentum(np.zeros_like(parameters), np.empty(min(BLOCK, parameters.size), parameters.dtype))

    def update(self, gradient: np.ndarray, state: Momentum, parameters: np.ndarray) -> Momentum:
        """One step on ``parameters``, in place."""
        for part in _blocks(parameters.size):
            v, scratch, w = state.velocity[part], state.scratch[: part.stop - part.start], parameters[part]
            np.multiply(v, self.momentum, out=v)
            np.add(v, gradient[part], out=v)
            np.multiply(v, -self.rate, out=scratch)
            np.add(w, scratch, out=w)
        return state


def _blocks(size: int) -> Iterator[slice]:
    return (slice(start, min(start + BLOCK, size)) for start in range(0, size, BLOCK))
