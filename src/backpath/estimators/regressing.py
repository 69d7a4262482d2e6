"""What estimators of quantities share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import xlogy
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d

from backpath.estimators.multilayer_perceptron import MultilayerPerceptron, stochastic
from backpath.estimators.parts import Part
from backpath.graph import DataError, SettingError
from backpath.nets import Loss

LossFunction = Callable[[Any, Any], Any]
LOSSES = ("squared_error", "poisson", "huber")


@dataclass(eq=False, repr=False, kw_only=True)
class Regressing(RegressorMixin, MultilayerPerceptron):
    """One quantity, or several, learned in units of their own spread."""

    scale_target: bool = True

    @available_if(stochastic)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, validation: Any = None) -> Self:
        """One epoch over X and y, from where the last call ended; scales stay those of the first one.

        With ``early_stopping``, or ``validation``, each call is judged; once it is time to stop, the best parameters
        are back and further calls change nothing.
        """
        return self._fit(X, y, sample_weight, validation, incremental=True)

    def _out_activation(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"

    def _loss(self) -> str | Loss:
        if callable(self.loss):
            return Loss(self.loss, lambda scores: scores, False)
        if self.loss not in LOSSES:
            raise SettingError(f"loss={self.loss!r}: it is one of {', '.join(LOSSES)}, or a function")
        return self.loss

    def _checked(self, X: Any, y: Any, first: bool) -> tuple[Any, Any]:
        X, y = super()._checked(X, y, first)
        return X, np.asarray(y, float) if np.asarray(y).dtype.kind not in "fiub" else y

    def _learn_targets(self, y: Any, classes: Any) -> None:
        self._one_column = y.ndim == 1 or y.shape[1] == 1

    def _require_same_targets(self, y: Any, classes: Any, incremental: bool) -> None:
        """How many there are is told by the network."""

    def _read(self, y: Any) -> np.ndarray:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if self.loss == "poisson" and y.min() < 0:
            raise DataError(f"loss='poisson' needs counts, which are not negative; y has {y.min():g}")
        return y.reshape(len(y), -1)

    def _outputs(self, y: np.ndarray) -> int:
        return y.shape[1]

    def _learn_target_scale(self, part: Part) -> None:
        self._center, self._unit = np.zeros(part.y.shape[1]), np.ones(part.y.shape[1])
        self._offset = 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            if self.scale_target and self.loss == "poisson":
                self._unit = np.maximum(np.average(part.y, axis=0, weights=part.weights), 1e-12)
            elif self.scale_target:
                self._center = np.average(part.y, axis=0, weights=part.weights)
                unit = np.sqrt(np.average(np.square(part.y - self._center), axis=0, weights=part.weights))
                self._unit = np.where(unit > 1e-12 * np.abs(self._center), unit, 1.0)
        if not (np.isfinite(self._unit).all() and np.isfinite(self._center).all()):
            raise DataError("y spans a range that cannot be computed with: scale it down")
        if self.loss == "poisson":
            # What the network's loss leaves out, since it does not depend on the predictions.
            constant = xlogy(part.y, part.y / self._unit) - part.y
            self._offset = float(np.average(constant.mean(axis=1), weights=part.weights))

    def _to_network(self, y: np.ndarray) -> np.ndarray:
        return ((y - self._center) / self._unit).astype(self._dtype)

    def _reported(self, loss: float, penalty: float = 0.0) -> float:
        if callable(self.loss):
            return loss + penalty
        # As scikit-learn tells it: the mean over the outputs.
        told = loss / self.n_outputs_ + penalty
        if self.loss == "poisson":
            return told * float(np.mean(self._unit)) + self._offset
        return told * float(np.mean(np.square(self._unit))) if self.loss == "squared_error" else told

    def _decode(self, scores: np.ndarray) -> np.ndarray:
        values = self._values(scores)
        return values[:, 0] if self._one_column else values

    def _values(self, scores: np.ndarray) -> np.ndarray:
        """Of shape (examples, outputs)."""
        if self.loss == "poisson":
            return (np.exp(scores) * self._unit).astype(scores.dtype, copy=False)
        return (scores * self._unit + self._center).astype(scores.dtype, copy=False)

    def _score(self, scores: np.ndarray, part: Part) -> float:
        values = self._values(scores)
        return float(r2_score(part.y, values, sample_weight=part.weights)) if np.isfinite(values).all() else np.nan

    def _in_target_units(self, W: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.loss == "poisson":
            return W, b + np.log(self._unit)
        return W * self._unit, b * self._unit + self._center

    def _from_target_units(self, W: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.loss == "poisson":
            return W, b - np.log(self._unit)
        return W / self._unit, (b - self._center) / self._unit
