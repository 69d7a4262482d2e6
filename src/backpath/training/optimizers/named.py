"""Optimizers by their usual names, each a chain of transforms; names and defaults are Optax's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from backpath.training.optimizers.chain import Optimizer, Transform, chain
from backpath.training.optimizers.limits import Clip, ClipByGlobalNorm, Decay
from backpath.training.optimizers.momenta import (
    ScaleByAdadelta,
    ScaleByAdagrad,
    ScaleByAdam,
    ScaleByLion,
    ScaleByRms,
    ScaleByRprop,
    Trace,
)
from backpath.training.optimizers.ranges import check_positive
from backpath.training.optimizers.schedules import Schedule

Rate = float | Schedule
"""A step size, or a function from the number of a step, from 0, to its size."""


@dataclass(frozen=True, slots=True)
class ScaleByRate(Transform):
    """Times minus the step size: the last link of a chain, which turns a direction of ascent into a step down."""

    scales: ClassVar[bool] = True
    rate: Rate

    def __post_init__(self) -> None:
        if not callable(self.rate):
            check_positive(rate=self.rate)

    def scalars(self, counts: np.ndarray) -> tuple[np.ndarray, ...]:
        if callable(self.rate):
            return (-np.array([self.rate(int(count) - 1) for count in counts]),)
        return (np.full(len(counts), -self.rate),)

    def apply(self, x: Any, state: Any, parameters: Any, scalars: Any) -> tuple[Any, Any]:
        return x * scalars[0], state


def sgd(rate: Rate, momentum: float = 0.0, nesterov: bool = False) -> Optimizer:
    """Stochastic gradient descent: v <- momentum v + g, w <- w - rate v (Aggarwal, sec. 3.5.1).

    Raises:
        SettingError: if a number is outside its range.
    """
    return chain(*([Trace(momentum, nesterov)] if momentum else []), ScaleByRate(rate))


def adagrad(rate: Rate, initial: float = 0.1, eps: float = 1e-7) -> Optimizer:
    """See :class:`~backpath.training.optimizers.momenta.ScaleByAdagrad`."""
    return chain(ScaleByAdagrad(initial, eps), ScaleByRate(rate))


def rmsprop(rate: Rate, decay: float = 0.9, eps: float = 1e-8) -> Optimizer:
    """See :class:`~backpath.training.optimizers.momenta.ScaleByRms`."""
    return chain(ScaleByRms(decay, eps), ScaleByRate(rate))


def adadelta(rate: Rate = 1.0, rho: float = 0.9, eps: float = 1e-6) -> Optimizer:
    """See :class:`~backpath.training.optimizers.momenta.ScaleByAdadelta`."""
    return chain(ScaleByAdadelta(rho, eps), ScaleByRate(rate))


def adam(rate: Rate = 1e-3, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Optimizer:
    """See :class:`~backpath.training.optimizers.momenta.ScaleByAdam`."""
    return chain(ScaleByAdam(b1, b2, eps), ScaleByRate(rate))


def nadam(rate: Rate = 1e-3, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Optimizer:
    """Adam with Nesterov's look ahead (Dozat, 2016)."""
    return chain(ScaleByAdam(b1, b2, eps, nesterov=True), ScaleByRate(rate))


def adamw(
    rate: Rate = 1e-3, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8, weight_decay: float = 1e-4
) -> Optimizer:
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""
    return chain(ScaleByAdam(b1, b2, eps), Decay(weight_decay), ScaleByRate(rate))


def lion(rate: Rate = 1e-4, b1: float = 0.9, b2: float = 0.99, weight_decay: float = 1e-3) -> Optimizer:
    """See :class:`~backpath.training.optimizers.momenta.ScaleByLion`."""
    return chain(ScaleByLion(b1, b2), Decay(weight_decay), ScaleByRate(rate))


def rprop(rate: float = 1e-2, eta_minus: float = 0.5, eta_plus: float = 1.2) -> Optimizer:
    """See :class:`~backpath.training.optimizers.momenta.ScaleByRprop`."""
    return chain(ScaleByRprop(rate, eta_minus, eta_plus), ScaleByRate(1.0))


__all__ = [
    "OPTIMIZERS",
    "Clip",
    "ClipByGlobalNorm",
    "Decay",
    "Optimizer",
    "Rate",
    "ScaleByRate",
    "Transform",
    "adadelta",
    "adagrad",
    "adam",
    "adamw",
    "chain",
    "lion",
    "nadam",
    "rmsprop",
    "rprop",
    "sgd",
]

_ALL: Sequence[Callable[..., Optimizer]] = (sgd, adagrad, rmsprop, adadelta, adam, nadam, adamw, lion, rprop)

OPTIMIZERS: Mapping[str, Callable[..., Optimizer]] = {f.__name__: f for f in _ALL}
"""The functions above by name."""
