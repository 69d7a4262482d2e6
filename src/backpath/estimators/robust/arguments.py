"""The arguments of robust estimators, stated once, and what follows from them for a fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral, Real
from typing import Any

import numpy as np

from backpath.engines import ENGINES
from backpath.estimators.arguments import is_floating, is_seed, one_of, require
from backpath.estimators.robust.defaults import Defaults, defaults_for
from backpath.nets import ACTIVATIONS
from backpath.training.loop.cores import usable_cores

WHOLE = ("n_members", "max_iter", "batch_size")


@dataclass(eq=False, repr=False, kw_only=True)
class Arguments:
    """Fields of estimators; ``"auto"`` is what suits rows, columns and classes: ``robust/defaults.py``."""

    hidden_layer_sizes: Any = field(default="auto", kw_only=False)
    activation: str | Sequence[str] = field(default="auto", kw_only=False)
    n_members: int | str = "auto"
    time_budget: float | None = None
    learning_rate_init: float | str = "auto"
    batch_size: int | str = "auto"
    max_iter: int | str = "auto"
    validation_fraction: float = 0.2
    n_iter_no_change: float = np.inf
    random_state: Any = None
    verbose: bool = False
    n_jobs: int | None = None
    dtype: Any = np.float32
    engine: str = "auto"
    device: str | None = None


def check_arguments(e: Any) -> None:
    """Make sure that each argument is one that the estimator knows.

    Raises:
        SettingError: which is a ValueError; it names the argument.
    """
    one_of(e, "engine", ("auto", *ENGINES))
    for name in e.activation if np.ndim(e.activation) else [e.activation]:
        known = name in ACTIVATIONS or name == "auto"
        require(e, "activation", known, f"'auto', or of {', '.join(ACTIVATIONS)}, one for all layers or one for each")
    hidden = e.hidden_layer_sizes
    sizes = [] if isinstance(hidden, str) else np.atleast_1d(np.asarray(hidden, dtype=object)).tolist()
    whole = all(isinstance(size, Integral) and size > 0 for size in sizes)
    require(e, "hidden_layer_sizes", whole and (sizes != [] or hidden == "auto"), "> 0, whole numbers, or 'auto'")
    for name in WHOLE:
        value = getattr(e, name)
        fits = value == "auto" if isinstance(value, str) else isinstance(value, Integral) and value >= 1
        require(e, name, fits, "'auto', or a whole number from 1 on")
    rate, budget, patience = e.learning_rate_init, e.time_budget, e.n_iter_no_change
    fits = rate == "auto" if isinstance(rate, str) else isinstance(rate, Real) and 0 < rate < math.inf
    require(e, "learning_rate_init", fits, "'auto', or a number above 0")
    fits = budget is None or (isinstance(budget, Real) and 0 < budget < math.inf)
    require(e, "time_budget", fits, "None, or seconds, a number above 0")
    fits = patience == math.inf or (isinstance(patience, Integral) and patience >= 1)
    require(e, "n_iter_no_change", fits, "a whole number from 1 on, or infinite")
    part = e.validation_fraction
    require(e, "validation_fraction", isinstance(part, Real) and 0 < part <= 0.5, "a number above 0, 0.5 at most")
    fits = e.n_jobs is None or (isinstance(e.n_jobs, Integral) and e.n_jobs != 0)
    require(e, "n_jobs", fits, "None, a number of threads, or -1 for one for each core")
    require(e, "random_state", is_seed(e.random_state), "None, a whole number from 0 to 2^32 - 1, or a RandomState")
    require(e, "dtype", is_floating(e.dtype), "float32 or float64")
    require(e, "verbose", isinstance(e.verbose, (bool, np.bool_, Integral)), "True or False")


def chosen(e: Any, rows: int, numbers: int, classes: int | None) -> Defaults:
    """The numbers of a fit: those that were asked for, and what suits a table of these rows, columns and classes."""
    found = defaults_for(rows, numbers, classes)
    named = {
        "members": e.n_members,
        "epochs": e.max_iter,
        "batch": e.batch_size,
        "rate": e.learning_rate_init,
    }
    asked = {name: value for name, value in named.items() if not isinstance(value, str)}
    if "batch" in asked:
        asked["least_steps"] = 0
    if not isinstance(e.hidden_layer_sizes, str):
        asked["hidden"] = tuple(map(int, np.atleast_1d(e.hidden_layer_sizes)))
    folds = max(round(1 / e.validation_fraction), 2)
    return replace(found, folds=folds, **asked)


def activations(e: Any, found: Defaults) -> tuple[str, ...]:
    """One for each hidden layer."""
    if np.ndim(e.activation):
        names = tuple(found.activation if name == "auto" else name for name in e.activation)
        require(e, "activation", len(names) == len(found.hidden), f"one for each of {len(found.hidden)} hidden layers")
        return names
    return (found.activation if e.activation == "auto" else str(e.activation),) * len(found.hidden)


def threads_of(e: Any) -> int:
    """That the fit may use; a negative number counts back from all cores, as in joblib."""
    cores = usable_cores()
    if e.n_jobs is None:
        return cores
    return int(e.n_jobs) if e.n_jobs > 0 else max(cores + 1 + int(e.n_jobs), 1)
