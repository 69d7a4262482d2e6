"""Fits of an estimator by methods that need all examples at once."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from backpath.engines.xla.setting import XlaSetting
from backpath.estimators.parts import Part
from backpath.estimators.steps import weight_mask
from backpath.training.given import checked_examples
from backpath.training.loop.cores import blas_threads
from backpath.training.loop.rows import Rows
from backpath.training.minimize import solve


def minimize(estimator: Any, rows: Rows, part: Part) -> None:
    """Train its parameters where they lie; says so if they are not at a minimum when it ends."""
    e, net = estimator, estimator._network
    setting = XlaSetting(e.device)
    total = len(rows) if part.weights is None else part.weights.sum()
    with blas_threads(None), np.errstate(over="ignore", invalid="ignore"):
        found = solve(
            net,
            *checked_examples(net, rows, e._to_network(part.y)),
            e._flat.astype(float),
            e.solver,
            iterations=e.max_iter,
            l2=e.alpha / total * weight_mask(net),
            weights=part.weights,
            evaluations=e.max_fun,
            tolerance=e.tol,
            setting=setting if setting.engine(e.engine) == "xla" else None,
        )
        e._flat[...] = found.x
    e.n_iter_ = min(int(found.nit), e.max_iter)
    e.loss_ = e._reported(float(found.fun))
    if not found.success:
        warnings.warn(
            f"{e.solver} failed to converge after {e.n_iter_} iteration(s) and {found.nfev} evaluations of the loss "
            f"({found.message}): increase max_iter={e.max_iter}"
            f"{f', max_fun={e.max_fun}' if e.solver == 'lbfgs' else ''} or tol={e.tol:g}, or scale the data.",
            ConvergenceWarning,
            stacklevel=4,
        )
