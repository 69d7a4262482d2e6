"""Optimizers as chains of transforms of the gradient: state in, state out, and traceable: a step is a program."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

Arrays = tuple[np.ndarray, ...]


class Transform(ABC):
    """One link of a chain: makes an update of an update; the first one gets the gradient."""

    scales: ClassVar[bool] = False
    """Whether it multiplies each update by its scalar alone."""

    def init(self, parameters: np.ndarray) -> Arrays:
        """Its arrays of state before the first step, each shaped as the parameters."""
        return ()

    def scalars(self, counts: np.ndarray) -> tuple[np.ndarray, ...]:
        """The numbers that differ from step to step, each for all of these steps, which count from 1."""
        return ()

    @abstractmethod
    def apply(self, x: Any, state: Any, parameters: Any, scalars: Any) -> tuple[Any, Any]:
        """The update that follows from the update ``x``, and the state after it.

        Written in NumPy's functions without in-place writes, so that it works on traced values too.

        Args:
            x: shaped as the parameters.
            state: the arrays that ``init`` began with.
            parameters: before the step.
            scalars: its own, of this step.
        """


class OptimizerState(NamedTuple):
    """What an optimizer keeps between steps.

    Attributes:
        steps: steps made.
        arrays: of each transform, its arrays of state, shaped as the parameters.
        factor: what every update is multiplied by; 1 unless a step size was lowered from outside.
    """

    steps: int
    arrays: tuple[Arrays, ...]
    factor: float


@dataclass(frozen=True)
class Optimizer:
    """A chain of transforms, whose result is added to the parameters; see :func:`chain`."""

    transforms: tuple[Transform, ...]

    def init(self, parameters: np.ndarray) -> OptimizerState:
        """The state before the first step; ``parameters`` are one flat array."""
        return OptimizerState(0, tuple(t.init(parameters) for t in self.transforms), 1.0)

    def scalars(self, steps: int, factor: float, count: int = 1) -> np.ndarray:
        """What ``apply`` needs of the ``count`` steps after so many, of shape (count, numbers)."""
        counts = np.arange(steps + 1, steps + count + 1)
        own = [s for t in self.transforms for s in t.scalars(counts)]
        # One product fewer for every parameter, where the last transform takes a factor along.
        last = factor * own.pop() if self.transforms[-1].scales else np.full(count, factor)
        return np.stack([*own, last], axis=1)

    def apply(self, gradient: Any, arrays: Any, parameters: Any, scalars: Any) -> tuple[Any, tuple[Any, ...]]:
        """Parameters and arrays of state after a step; traceable.

        Args:
            gradient: shaped as the parameters.
            arrays: of each transform.
            parameters: one flat array.
            scalars: of this step; see :meth:`scalars`.
        """
        x, after, first = gradient, [], 0
        for t, state in zip(self.transforms, arrays, strict=True):
            last = first + len(t.scalars(np.ones(1)))
            x, state = t.apply(x, state, parameters, [scalars[k] for k in range(first, last)])
            after.append(tuple(state))
            first = last
        return parameters + (x if self.transforms[-1].scales else x * scalars[first]), tuple(after)

    def update(
        self, gradient: np.ndarray, state: OptimizerState, parameters: np.ndarray
    ) -> tuple[np.ndarray, OptimizerState]:
        """Parameters and state after a step."""
        scalars = self.scalars(state.steps, state.factor)[0].tolist()
        parameters, arrays = self.apply(gradient, state.arrays, parameters, scalars)
        return parameters, OptimizerState(state.steps + 1, arrays, state.factor)


def chain(*transforms: Transform | Optimizer) -> Optimizer:
    """An optimizer that applies one transform after another; optimizers among them stand for their own.

    >>> from backpath.training.optimizers.named import sgd
    >>> from backpath.training.optimizers.limits import ClipByGlobalNorm
    >>> len(chain(ClipByGlobalNorm(1.0), sgd(0.1, momentum=0.9)).transforms)
    3
    """
    links: list[Transform] = []
    for t in transforms:
        links += t.transforms if isinstance(t, Optimizer) else (t,)
    return Optimizer(tuple(links))
