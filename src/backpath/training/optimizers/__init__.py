"""Optimizers, their step sizes, and what comes of many steps: averages and plateaus. State in, state out.

Names and defaults are Optax's.
"""

from backpath.training.optimizers.averaging import PolyakAverage
from backpath.training.optimizers.chain import Optimizer, OptimizerState, Transform, chain
from backpath.training.optimizers.limits import Clip, ClipByGlobalNorm, Decay, Factors
from backpath.training.optimizers.named import (
    Rate,
    adadelta,
    adagrad,
    adam,
    adamw,
    lion,
    nadam,
    rmsprop,
    rprop,
    sgd,
)
from backpath.training.optimizers.plateau import ReduceOnPlateau

__all__ = [
    "Clip",
    "ClipByGlobalNorm",
    "Decay",
    "Factors",
    "Optimizer",
    "OptimizerState",
    "PolyakAverage",
    "Rate",
    "ReduceOnPlateau",
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
