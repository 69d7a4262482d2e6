"""From an estimator's arguments, scikit-learn's and ours, to an optimizer."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.graph import SettingError
from backpath.nets import Network
from backpath.training.minimize import METHODS
from backpath.training.optimizers.chain import Optimizer, Transform, chain
from backpath.training.optimizers.descent import SCHEDULES
from backpath.training.optimizers.limits import ClipByGlobalNorm, Decay, Factors
from backpath.training.optimizers.momenta import Trace
from backpath.training.optimizers.named import OPTIMIZERS, Rate, ScaleByRate, adam, adamw, lion

SOLVERS = (*OPTIMIZERS, *METHODS)
RATES = ("constant", "invscaling", "adaptive")
LEARNING_RATES = (*RATES, *(name for name in SCHEDULES if name not in (*RATES, "plateau")))


def weight_mask(network: Network) -> np.ndarray:
    """1 for each weight, 0 for each bias, gain and scale, in one flat array."""
    shapes = network.parameter_shapes
    return np.concatenate([np.full(int(np.prod(shape)), float(name[0] == "W")) for name, shape in shapes.items()])


def optimizer_of(estimator: Any, network: Network, batch: float, steps: int) -> Optimizer:
    """The steps that an estimator's arguments describe.

    Args:
        estimator: whose arguments.
        network: what they train; its weights alone are pulled to zero, by alpha / batch each step.
        batch: the sum of the examples' weights in a step, on average.
        steps: how many there can be, for a schedule.

    Raises:
        SettingError: if the arguments do not go together.
    """
    e = estimator
    course = SCHEDULES.get(e.learning_rate)
    rate: Rate = course(e.learning_rate_init, steps) if course else e.learning_rate_init
    step: Transform | Optimizer
    links: list[Transform | Optimizer] = [ClipByGlobalNorm(e.clip)] if e.clip is not None else []
    if e.alpha and e.solver not in ("adamw", "lion"):
        links.append(Decay(e.alpha / batch, mask=weight_mask(network)))
    if e.solver == "sgd":
        if e.learning_rate in ("invscaling", "adaptive"):
            rate = lambda step: e._rate  # noqa: E731
        # The step size goes into the velocity, as in scikit-learn, where it matters if it changes.
        velocity = [Trace(e.momentum, e.nesterovs_momentum)] if e.momentum else []
        step = chain(ScaleByRate(rate), *velocity)
    elif e.solver == "adam":
        step = adam(rate, e.beta_1, e.beta_2, e.epsilon)
    elif e.solver == "adamw":
        step = adamw(rate, e.beta_1, e.beta_2, e.epsilon, e.alpha)
    elif e.solver == "lion":
        step = lion(rate, weight_decay=e.alpha)
    elif e.solver == "rprop" and callable(rate):
        raise SettingError("solver='rprop' finds its step sizes itself: it takes no schedule")
    else:
        step = OPTIMIZERS[e.solver](rate)
    factors = e._factors(network)
    return chain(*links, step, *([] if factors is None else [Factors(factors)]))
