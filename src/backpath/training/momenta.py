"""Transforms that remember gradients: momentum, and per-parameter step sizes from squared gradients.

Each is what Optax computes, written for one flat array in place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backpath.graph import SettingError
from backpath.training.chain import Arrays, Transform
from backpath.training.ranges import check_fraction, check_positive


@dataclass(frozen=True, slots=True)
class Trace(Transform):
    """Momentum: v <- decay v + g (Aggarwal, sec. 3.5.1); with ``nesterov`` the update looks ahead, g + decay v."""

    decay: float
    nesterov: bool = False

    def __post_init__(self) -> None:
        check_fraction(momentum=self.decay)

    def init(self, parameters: np.ndarray) -> Arrays:
        return (np.zeros_like(parameters),)

    def apply(
        self, x: np.ndarray, out: np.ndarray, state: Arrays, parameters: np.ndarray, scratch: Arrays, count: int
    ) -> np.ndarray:
        (v,) = state
        np.multiply(v, self.decay, out=v)
        np.add(v, x, out=v)
        if not self.nesterov:
            return v
        np.multiply(v, self.decay, out=scratch[0])
        return np.add(x, scratch[0], out=out)


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

    def apply(
        self, x: np.ndarray, out: np.ndarray, state: Arrays, parameters: np.ndarray, scratch: Arrays, count: int
    ) -> np.ndarray:
        (mean, square), s = state, scratch[0]
        _blend(mean, x, self.b1, s)
        np.multiply(x, x, out=s)
        _blend(square, s, self.b2, scratch[1])
        if self.nesterov:
            np.multiply(x, (1 - self.b1) / (1 - self.b1**count), out=out)
            np.multiply(mean, self.b1 / (1 - self.b1 ** (count + 1)), out=s)
            np.add(out, s, out=out)
        else:
            np.divide(mean, 1 - self.b1**count, out=out)
        np.divide(square, 1 - self.b2**count, out=s)
        np.sqrt(s, out=s)
        np.add(s, self.eps, out=s)
        return np.divide(out, s, out=out)


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

    def apply(
        self, x: np.ndarray, out: np.ndarray, state: Arrays, parameters: np.ndarray, scratch: Arrays, count: int
    ) -> np.ndarray:
        (square,), s = state, scratch[0]
        np.multiply(x, x, out=s)
        _blend(square, s, self.decay, scratch[1])
        np.add(square, self.eps, out=s)
        np.sqrt(s, out=s)
        return np.divide(x, s, out=out)


@dataclass(frozen=True, slots=True)
class ScaleByAdagrad(Transform):
    """The gradient over the root of the sum of its squares so far (Duchi and others, 2011)."""

    initial: float = 0.1
    eps: float = 1e-7

    def __post_init__(self) -> None:
        check_positive(eps=self.eps)

    def init(self, parameters: np.ndarray) -> Arrays:
        return (np.full_like(parameters, self.initial),)

    def apply(
        self, x: np.ndarray, out: np.ndarray, state: Arrays, parameters: np.ndarray, scratch: Arrays, count: int
    ) -> np.ndarray:
        (total,), s = state, scratch[0]
        np.multiply(x, x, out=s)
        np.add(total, s, out=total)
        np.add(total, self.eps, out=s)
        np.sqrt(s, out=s)
        return np.divide(x, s, out=out)


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

    def apply(
        self, x: np.ndarray, out: np.ndarray, state: Arrays, parameters: np.ndarray, scratch: Arrays, count: int
    ) -> np.ndarray:
        (gradients, updates), (s, t) = state, scratch
        np.multiply(x, x, out=s)
        _blend(gradients, s, self.rho, t)
        np.add(updates, self.eps, out=s)
        np.add(gradients, self.eps, out=t)
        np.divide(s, t, out=s)
        np.sqrt(s, out=s)
        np.multiply(x, s, out=out)
        np.multiply(out, out, out=s)
        _blend(updates, s, self.rho, t)
        return out


@dataclass(frozen=True, slots=True)
class ScaleByLion(Transform):
    """The sign of a blend of gradient and momentum (Chen and others, 2023)."""

    b1: float = 0.9
    b2: float = 0.99

    def __post_init__(self) -> None:
        check_fraction(b1=self.b1, b2=self.b2)

    def init(self, parameters: np.ndarray) -> Arrays:
        return (np.zeros_like(parameters),)

    def apply(
        self, x: np.ndarray, out: np.ndarray, state: Arrays, parameters: np.ndarray, scratch: Arrays, count: int
    ) -> np.ndarray:
        (mean,), (s, t) = state, scratch
        np.copyto(s, mean)
        _blend(s, x, self.b1, t)
        _blend(mean, x, self.b2, t)
        return np.sign(s, out=out)


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

    def apply(
        self, x: np.ndarray, out: np.ndarray, state: Arrays, parameters: np.ndarray, scratch: Arrays, count: int
    ) -> np.ndarray:
        (sizes, previous), (s, t) = state, scratch
        np.multiply(x, previous, out=s)
        np.sign(s, out=s)
        # 1 where s is 0, eta_plus where it is 1, eta_minus where it is -1: a parabola through the three.
        np.multiply(s, (self.eta_plus + self.eta_minus) / 2 - 1, out=t)
        np.add(t, (self.eta_plus - self.eta_minus) / 2, out=t)
        np.multiply(t, s, out=t)
        np.add(t, 1, out=t)
        np.multiply(sizes, t, out=sizes)
        np.clip(sizes, self.least, self.most, out=sizes)
        np.minimum(s, 0, out=t)
        np.add(t, 1, out=t)
        np.sign(x, out=out)
        np.multiply(out, sizes, out=out)
        np.multiply(out, t, out=out)
        np.copyto(previous, out)
        return previous


def _blend(mean: np.ndarray, x: np.ndarray, decay: float, scratch: np.ndarray) -> None:
    """mean <- decay mean + (1 - decay) x, in place."""
    np.multiply(x, 1 - decay, out=scratch)
    np.multiply(mean, decay, out=mean)
    np.add(mean, scratch, out=mean)
