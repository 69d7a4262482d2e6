"""Transforms that remember gradients: momentum, and per-parameter step sizes from squared gradients.

Each is what Optax computes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import SettingError
from backpath.training.optimizers.chain import Arrays, Transform
from backpath.training.optimizers.ranges import check_fraction, check_positive


@dataclass(frozen=True, slots=True)
class Trace(Transform):
    """Momentum: v <- decay v + g (Aggarwal, sec. 3.5.1); with ``nesterov`` the update looks ahead, g + decay v."""

    decay: float
    nesterov: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.decay <= 1:
            raise SettingError(f"momentum={self.decay}: it must be from 0 to 1")

    def init(self, parameters: np.ndarray) -> Arrays:
        return (np.zeros_like(parameters),)

    def apply(self, x: Any, state: Any, parameters: Any, scalars: Any) -> tuple[Any, Any]:
        v = self.decay * state[0] + x
        return (x + self.decay * v if self.nesterov else v), (v,)


@dataclass(frozen=True, slots=True)
class ScaleByAdam(Transform):
    """Mean over root mean square of the gradients, both decaying and corrected for their start (Kingma and Ba, 2015).

    Args:
        b1: decay of the mean.
        b2: decay of the mean square.
        eps: added to the root.
        nesterov: look one step ahead (Dozat, 2016).
    """

    b1: float = 0.9
    b2: float = 0.999
    eps: float = 1e-8
    nesterov: bool = False

    def __post_init__(self) -> None:
        check_fraction(b1=self.b1, b2=self.b2)
        check_positive(eps=self.eps)

    def init(self, parameters: np.ndarray) -> Arrays:
        return np.zeros_like(parameters), np.zeros_like(parameters)

    def scalars(self, counts: np.ndarray) -> tuple[np.ndarray, ...]:
        start, square_start = 1 - self.b1**counts, 1 - self.b2**counts
        return start, square_start, 1 - self.b1 ** (counts + 1)

    def apply(self, x: Any, state: Any, parameters: Any, scalars: Any) -> tuple[Any, Any]:
        start, square_start, next_start = scalars
        mean, square = _blend(state[0], x, self.b1), _blend(state[1], x * x, self.b2)
        direction = mean / start
        if self.nesterov:
            direction = x * ((1 - self.b1) / start) + mean * (self.b1 / next_start)
        return direction / (np.sqrt(square / square_start) + self.eps), (mean, square)


@dataclass(frozen=True, slots=True)
class ScaleByRms(Transform):
    """The gradient over the root of the decaying mean of its square (Tieleman and Hinton, 2012)."""

    decay: float = 0.9
    eps: float = 1e-8

    def __post_init__(self) -> None:
        check_fraction(decay=self.decay)
        check_positive(eps=self.eps)

    def init(self, parameters: np.ndarray) -> Arrays:
        return (np.zeros_like(parameters),)

    def apply(self, x: Any, state: Any, parameters: Any, scalars: Any) -> tuple[Any, Any]:
        square = _blend(state[0], x * x, self.decay)
        return x / np.sqrt(square + self.eps), (square,)


@dataclass(frozen=True, slots=True)
class ScaleByAdagrad(Transform):
    """The gradient over the root of the sum of its squares so far (Duchi and others, 2011)."""

    initial: float = 0.1
    eps: float = 1e-7

    def __post_init__(self) -> None:
        check_positive(eps=self.eps)

    def init(self, parameters: np.ndarray) -> Arrays:
        return (np.full_like(parameters, self.initial),)

    def apply(self, x: Any, state: Any, parameters: Any, scalars: Any) -> tuple[Any, Any]:
        total = state[0] + x * x
        return x / np.sqrt(total + self.eps), (total,)


@dataclass(frozen=True, slots=True)
class ScaleByAdadelta(Transform):
    """Root mean square of the updates over that of the gradients, times the gradient (Zeiler, 2012)."""

    rho: float = 0.9
    eps: float = 1e-6

    def __post_init__(self) -> None:
        check_fraction(rho=self.rho)
        check_positive(eps=self.eps)

    def init(self, parameters: np.ndarray) -> Arrays:
        return np.zeros_like(parameters), np.zeros_like(parameters)

    def apply(self, x: Any, state: Any, parameters: Any, scalars: Any) -> tuple[Any, Any]:
        gradients = _blend(state[0], x * x, self.rho)
        x = x * np.sqrt((state[1] + self.eps) / (gradients + self.eps))
        return x, (gradients, _blend(state[1], x * x, self.rho))


@dataclass(frozen=True, slots=True)
class ScaleByLion(Transform):
    """The sign of a blend of gradient and momentum (Chen and others, 2023)."""

    b1: float = 0.9
    b2: float = 0.99

    def __post_init__(self) -> None:
        check_fraction(b1=self.b1, b2=self.b2)

    def init(self, parameters: np.ndarray) -> Arrays:
        return (np.zeros_like(parameters),)

    def apply(self, x: Any, state: Any, parameters: Any, scalars: Any) -> tuple[Any, Any]:
        return np.sign(_blend(state[0], x, self.b1)), (_blend(state[0], x, self.b2),)


@dataclass(frozen=True, slots=True)
class ScaleByRprop(Transform):
    """Steps of sizes of their own, which grow while a derivative keeps its sign and shrink when it changes.

    Made for the gradient of all the data (Riedmiller and Braun, 1993). A step after a change of sign is left out.

    Args:
        rate: the size of the first steps.
        eta_minus: what a change of sign multiplies a size by.
        eta_plus: what an unchanged sign does.
        least: of the sizes.
        most: of the sizes.
    """

    rate: float
    eta_minus: float = 0.5
    eta_plus: float = 1.2
    least: float = 1e-6
    most: float = 50.0

    def __post_init__(self) -> None:
        check_fraction(eta_minus=self.eta_minus)
        if not (self.least <= self.rate <= self.most and self.eta_plus >= 1):
            raise SettingError(
                f"rate={self.rate}, eta_plus={self.eta_plus}: the rate must be from {self.least:g} to {self.most:g}, "
                f"and eta_plus at least 1"
            )

    def init(self, parameters: np.ndarray) -> Arrays:
        return np.full_like(parameters, self.rate), np.zeros_like(parameters)

    def apply(self, x: Any, state: Any, parameters: Any, scalars: Any) -> tuple[Any, Any]:
        sizes, previous = state
        agreement = np.sign(x * previous)
        # 1 where it is 0, eta_plus where it is 1, eta_minus where it is -1: a parabola through the three.
        bend, slope = (self.eta_plus + self.eta_minus) / 2 - 1, (self.eta_plus - self.eta_minus) / 2
        sizes = np.clip(sizes * ((bend * agreement + slope) * agreement + 1.0), self.least, self.most)
        step = np.sign(x) * sizes * (np.minimum(agreement, 0.0) + 1.0)
        return step, (sizes, step)


def _blend(mean: Any, x: Any, decay: float) -> Any:
    """decay mean + (1 - decay) x."""
    return decay * mean + (1 - decay) * x
