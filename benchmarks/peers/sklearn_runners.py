"""scikit-learn's estimators: an epoch is a call of ``partial_fit``."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.peers.cases import MOMENTUM, RATE, Case
from benchmarks.peers.runners import Runner


def epoch_by_epoch(case: Case) -> Runner:
    kind: Any = MLPClassifier if case.loss == "cross_entropy" else MLPRegressor
    estimator = kind(
        hidden_layer_sizes=case.sizes[1:-1],
        activation=case.activation,
        solver="sgd",
        alpha=0,
        batch_size=case.batch,
        learning_rate_init=RATE,
        momentum=MOMENTUM,
        nesterovs_momentum=False,
        shuffle=False,
    )
    X, y = case.data()
    targets = y[:, 0] if case.loss == "squared_error" else y
    # An estimator has weights only after a fit; they and the velocities are set back to the beginning.
    estimator.partial_fit(X, targets, **({"classes": np.arange(case.sizes[-1])} if kind is MLPClassifier else {}))
    weights, biases = zip(*case.layers(), strict=True)
    for array, first in zip(estimator.coefs_ + estimator.intercepts_, weights + biases, strict=True):
        array[...] = first
    estimator._optimizer.velocities = [np.zeros_like(array) for array in estimator.coefs_ + estimator.intercepts_]

    def epoch() -> float:
        estimator.partial_fit(X, targets)
        return float(estimator.loss_)

    return epoch
