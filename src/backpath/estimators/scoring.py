"""The network of an estimator as it predicts, and its scores of rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.nets import Network
from backpath.training.loop.rows import Rows
from backpath.training.result import standing_for_all

CHUNK = 4096
"""Rows that are scored together."""


def folded(estimator: Any, rows: Rows) -> tuple[Network, dict[str, np.ndarray]]:
    """The network that predicts, and its parameters: views of those in training where nothing had to be folded."""
    network, parameters = estimator._network, estimator._network.views(estimator._flat)
    if network.options:
        network, parameters = network.folded(parameters, standing_for_all(network, rows, 0, estimator._dtype))
    return Network(network.sizes, network.activations, estimator._predicting_loss(), norm=network.norm), parameters


def scores_of(rows: Rows, network: Network, parameters: dict[str, np.ndarray], dtype: np.dtype) -> np.ndarray:
    """Of shape (rows, outputs)."""
    scores = np.empty((len(rows), network.sizes[-1]), dtype)
    for first in range(0, len(rows), CHUNK):
        chosen = np.arange(first, min(first + CHUNK, len(rows)))
        scores[chosen] = network.scores(parameters, rows.take(chosen, dtype))
    return scores
