"""Members as one model that predicts: the mean of their probabilities, or of their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from backpath.estimators.robust.members import Form, scores_of_each
from backpath.nets import Model
from backpath.ops import log_softmax, logsumexp

CHUNK = 1024
"""Rows that all members score together."""


@final
@dataclass(frozen=True)
class Together:
    """Scores of shape (rows, outputs), of which the loss's link makes the mean of what members predict.

    Attributes:
        form: of the members.
        temperature: by which their scores are divided.
    """

    form: Form
    temperature: float

    def __call__(self, p: Mapping[str, Any], X: Any) -> Any:
        scores = scores_of_each(self.form, p, X)
        if self.form.loss == "squared_error":
            return np.mean(scores, axis=0)
        scores = scores * (1 / self.temperature)
        if self.form.loss == "sigmoid_cross_entropy":
            # log(mean p / mean (1 - p)), which no rounding of p near 1 spoils.
            return logsumexp(_log_sigmoid(scores), axis=0) - logsumexp(_log_sigmoid(-scores), axis=0)
        return logsumexp(log_softmax(scores), axis=0)


def _log_sigmoid(x: Any) -> Any:
    return np.minimum(x, 0.0) - np.log1p(np.exp(-np.abs(x)))


def predicting(form: Form, parameters: dict[str, np.ndarray], temperature: float) -> Model:
    """The model of trained members."""
    return Model(Together(form, temperature), parameters, loss=form.loss).suited((form.features,))


def scores_in_parts(model: Model, parameters: dict[str, np.ndarray], X: np.ndarray, dtype: Any) -> np.ndarray:
    """Scores of all rows, computed in a type whose rounding does not show where a row stands among the others."""
    wide = {name: value.astype(dtype, copy=False) for name, value in parameters.items()}
    parts = [
        model.scores(wide, X[first : first + CHUNK].astype(dtype, copy=False))
        for first in range(0, max(len(X), 1), CHUNK)
    ]
    return np.concatenate(parts)
