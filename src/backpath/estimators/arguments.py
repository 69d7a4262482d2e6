"""The arguments of estimators, stated once, and checked before anything is learned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

import numpy as np

from backpath.engines import ENGINES
from backpath.estimators.steps import LEARNING_RATES, SOLVERS
from backpath.graph import SettingError
from backpath.nets import ACTIVATIONS

WHOLE = ("max_iter", "max_fun")
AT_LEAST_ZERO = ("alpha", "power_t", "tol")
BOOLEAN = ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping")
POSITIVE = ("learning_rate_init", "epsilon")
FRACTIONS = ("validation_fraction", "beta_1", "beta_2")


@dataclass(eq=False, repr=False, kw_only=True)
class Arguments:
    """All of them with their defaults, as fields: an estimator states those that differ, and which it does not take."""

    loss: Any = field(kw_only=False)
    hidden_layer_sizes: Any = field(default=(100,), kw_only=False)
    activation: str | Sequence[str] = field(default="relu", kw_only=False)
    solver: str = "adam"
    alpha: float = 0.0001
    batch_size: int | str = "auto"
    learning_rate: str = "constant"
    learning_rate_init: float = 0.001
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    random_state: Any = None
    tol: float = 1e-4
    verbose: bool = False
    warm_start: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: float = 10
    max_fun: int = 15000
    scale_features: bool | str = True
    norm: str | None = None
    dropout: float | Sequence[float] = 0.0
    init: str | None = None
    clip: float | None = None
    dtype: Any = None
    engine: str = "auto"
    device: str | None = None


def check_arguments(estimator: Any) -> None:
    """Make sure that each argument is one that the estimator knows.

    Raises:
        SettingError: which is a ValueError; it names the argument.
    """
    e = estimator
    one_of(e, "solver", SOLVERS)
    one_of(e, "learning_rate", LEARNING_RATES)
    one_of(e, "engine", ("auto", *ENGINES))
    activations = (*ACTIVATIONS, "logistic")
    for name in e.activation if np.ndim(e.activation) else [e.activation]:
        if name not in activations:
            raise SettingError(f"activation={name!r}: it is one of {', '.join(activations)}")
    for size in hidden_sizes(e, 1):
        if not isinstance(size, Integral) or size <= 0:
            raise SettingError(f"hidden_layer_sizes must be > 0, whole numbers, got {e.hidden_layer_sizes!r}")
    for name in BOOLEAN:
        require(e, name, isinstance(getattr(e, name), (bool, np.bool_)), "True or False")
    require(e, "verbose", isinstance(e.verbose, (bool, np.bool_, Integral)), "True or False, or a whole number")
    require(e, "random_state", is_seed(e.random_state), "None, a whole number from 0 to 2^32 - 1, or a RandomState")
    for name in WHOLE:
        require(e, name, isinstance(getattr(e, name), Integral) and getattr(e, name) >= 1, "a whole number from 1 on")
    for name in AT_LEAST_ZERO:
        require(e, name, _real(e, name) and 0 <= getattr(e, name) < math.inf, "a number from 0 on")
    for name in POSITIVE:
        require(e, name, _real(e, name) and 0 < getattr(e, name) < math.inf, "a number above 0")
    for name in FRACTIONS:
        require(e, name, _real(e, name) and 0 <= getattr(e, name) < 1, "a number from 0 to 1, below 1")
    require(e, "momentum", _real(e, "momentum") and 0 <= e.momentum <= 1, "a number from 0 to 1")
    patience = e.n_iter_no_change
    whole = isinstance(patience, Integral) and int(patience) >= 1
    require(e, "n_iter_no_change", whole or patience == math.inf, "a whole number from 1 on, or infinite")
    require(e, "clip", e.clip is None or (_real(e, "clip") and 0 < e.clip < math.inf), "None, or a number above 0")
    rates = e.dropout if np.ndim(e.dropout) else [e.dropout]
    require(
        e, "dropout", all(isinstance(r, (int, float)) and 0 <= r < 1 for r in rates), "numbers from 0 to 1, below 1"
    )
    require(e, "dtype", e.dtype is None or is_floating(e.dtype), "None, float32 or float64")
    whole = isinstance(e.batch_size, (int, np.integer)) and bool(e.batch_size >= 1)
    require(e, "batch_size", e.batch_size == "auto" or whole, "'auto', or a whole number from 1 on")


def hidden_sizes(estimator: Any, examples: int) -> list[Any]:
    """Of the hidden layers, for so many examples."""
    return np.atleast_1d(np.asarray(estimator._hidden(examples), dtype=object)).tolist()


def one_of(estimator: Any, name: str, choices: Sequence[str]) -> None:
    """Raises SettingError if an argument is none of these."""
    if getattr(estimator, name) not in choices:
        raise SettingError(f"{name}={getattr(estimator, name)!r}: it is one of {', '.join(choices)}")


def _real(estimator: Any, name: str) -> bool:
    return isinstance(getattr(estimator, name), Real)


def is_seed(seed: Any) -> bool:
    """Whether scikit-learn takes it for a ``random_state``."""
    if isinstance(seed, Integral):
        return 0 <= int(seed) < 2**32
    return seed is None or seed is np.random or isinstance(seed, np.random.RandomState)


def is_floating(dtype: Any) -> bool:
    """Whether it is the type of float32 or float64 numbers."""
    try:
        return np.dtype(dtype) in (np.float32, np.float64)
    except TypeError:
        return False


def require(estimator: Any, name: str, fits: bool, what: str) -> None:
    """Raises SettingError if an argument does not fit, with what it must be."""
    if not fits:
        raise SettingError(f"{name}={getattr(estimator, name)!r}: it must be {what}")
