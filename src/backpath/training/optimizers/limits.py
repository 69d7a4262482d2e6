"""Transforms that bound the gradient or pull the weights towards zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import SettingError
from backpath.training.optimizers.chain import Arrays, Transform
from backpath.training.optimizers.ranges import check_positive
from backpath.training.optimizers.schedules import Schedule


@dataclass(frozen=True, slots=True)
class Clip(Transform):
    """Every entry between -limit and limit."""

    limit: float

    def __post_init__(self) -> None:
        check_positive(limit=self.limit)

    def apply(self, x: Any, state: Any, parameters: Any, scalars: Any) -> tuple[Any, Any]:
        return np.clip(x, -self.limit, self.limit), state


@dataclass(frozen=True, slots=True)
class ClipByGlobalNorm(Transform):
    """The whole update scaled down where its Euclidean norm exceeds the limit (Pascanu and others, 2013)."""

    limit: float

    def __post_init__(self) -> None:
        check_positive(limit=self.limit)

    def apply(self, x: Any, state: Any, parameters: Any, scalars: Any) -> tuple[Any, Any]:
        norm = np.sqrt(np.sum(x * x))
        return x * (self.limit / np.maximum(norm, self.limit)), state


@dataclass(frozen=True, slots=True)
class Factors(Transform):
    """Each entry times its own factor: the last link of a chain, for step sizes that differ.

    Args:
        factors: shaped as the parameters.
    """

    factors: np.ndarray

    def init(self, parameters: np.ndarray) -> Arrays:
        return (np.asarray(self.factors, parameters.dtype),)

    def apply(self, x: Any, state: Any, parameters: Any, scalars: Any) -> tuple[Any, Any]:
        return x * state[0], state


@dataclass(frozen=True, slots=True)
class Decay(Transform):
    """Adds the gradient of a penalty: l2/2 w^2 + l1 |w|, of all parameters or of those that ``mask`` is 1 for.

    Before an optimizer in a chain it is a penalty of the loss; between ``ScaleByAdam`` and the step size it is
    decoupled weight decay (Loshchilov and Hutter, 2019).

    Args:
        l2: at least 0; or a schedule, a function from the number of a step, from 0, to it.
        l1: at least 0; at w = 0 its derivative is taken as 0.
        mask: shaped as the parameters, 1 where there is a penalty and 0 elsewhere; by default 1 everywhere.
    """

    l2: float | Schedule = 0.0
    l1: float = 0.0
    mask: np.ndarray | None = None

    def __post_init__(self) -> None:
        if not ((callable(self.l2) or self.l2 >= 0) and self.l1 >= 0):
            raise SettingError(f"l2={self.l2}, l1={self.l1}: penalties are at least 0")

    def init(self, parameters: np.ndarray) -> Arrays:
        return () if self.mask is None else (np.asarray(self.mask, parameters.dtype),)

    def scalars(self, counts: np.ndarray) -> tuple[np.ndarray, ...]:
        return (np.array([self.l2(int(count) - 1) for count in counts]),) if callable(self.l2) else ()

    def apply(self, x: Any, state: Any, parameters: Any, scalars: Any) -> tuple[Any, Any]:
        pull = (scalars[0] if callable(self.l2) else self.l2) * parameters
        if self.l1:
            pull = pull + self.l1 * np.sign(parameters)
        for mask in state:
            pull = pull * mask
        return x + pull, state
