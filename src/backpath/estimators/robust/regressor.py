"""A regressor for people who tune nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import column_or_1d

from backpath.estimators.parts import Part
from backpath.estimators.robust.calibration import out_of_fold
from backpath.estimators.robust.estimator import RobustMLP
from backpath.estimators.robust.importance import score_of_each
from backpath.estimators.robust.lesson import Learned
from backpath.estimators.robust.targets import learned as learned_quantity
from backpath.graph import DataError


@final
@dataclass(eq=False, repr=False, kw_only=True)
class RobustMLPRegressor(RegressorMixin, RobustMLP):
    """A regressor that needs no tuning and minds no scale of features or targets.

    Targets that are skewed are learned on a curved scale where that halves their skewness; predictions are of the mean
    in their own units all the same: what unseen examples miss it by is added before the way back (Duan, 1983).
    Arguments and attributes are those of :class:`RobustMLPClassifier` but ``class_weight``, ``classes_`` and
    ``temperature_``; ``best_validation_score_`` is R^2.
    """

    def predict(self, X: Any) -> np.ndarray:
        """The quantities of each example."""
        values = self._values(self._scores(X))
        return values[:, 0] if self._one_column else values

    def _shown(self, scores: Any, outputs: np.ndarray) -> Any:
        values = np.stack([q.predicted(scores[:, k]) for k, q in enumerate(self._quantities)], axis=1)
        return score_of_each(values, outputs)

    def _importance_outputs(self, scores: np.ndarray) -> list[np.ndarray]:
        return [np.full(len(scores), k) for k in range(scores.shape[1])]

    def _output_of(self, output: Any, scores: np.ndarray) -> tuple[int, str]:
        many = len(self._quantities)
        if output is None:
            output = 0
        if not isinstance(output, (int, np.integer)) or not 0 <= output < many:
            raise DataError(f"there is no quantity {output!r}: they are numbered from 0 to {many - 1}")
        return int(output), "prediction" if many == 1 else f"prediction {output}"

    def _values(self, z: np.ndarray) -> np.ndarray:
        return np.stack([q.predicted(column) for q, column in zip(self._quantities, z.T, strict=True)], axis=1)

    def _checked(self, rows: Any, y: Any) -> tuple[np.ndarray, Any]:
        matrix, y = super()._checked(rows, y)
        return matrix, np.asarray(y, float)

    def _learn_targets(self, y: Any, classes: Any) -> None:
        self._one_column = y.ndim == 1 or y.shape[1] == 1

    def _read(self, y: Any) -> np.ndarray:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return y.reshape(len(y), -1)

    def _loss_of_each(self) -> str:
        return "squared_error"

    def _to_members(self, part: Part, judging: Part | None) -> np.ndarray:
        self._quantities = [learned_quantity(column, part.weights) for column in part.y.T]
        y = part.y if judging is None else np.concatenate([part.y, judging.y])
        with np.errstate(invalid="ignore", divide="ignore"):
            z = np.stack([q.to_learn(column) for q, column in zip(self._quantities, y.T, strict=True)], axis=1)
        return np.nan_to_num(z, nan=-3.0, posinf=3.0, neginf=-3.0)

    def _finish(self, learned: Learned, weights: np.ndarray | None) -> float:
        found, seen = out_of_fold(learned.scores.astype(float), learned.judges)
        truth = learned.judges.y[seen].astype(float)
        weighed = None if weights is None else weights[seen]
        self._quantities = [q.corrected(truth[:, k] - found[:, k], weighed) for k, q in enumerate(self._quantities)]
        self.best_validation_score_ = np.nan
        if np.count_nonzero(seen) > 1:
            y = np.stack([q.given(column) for q, column in zip(self._quantities, truth.T, strict=True)], axis=1)
            self.best_validation_score_ = float(r2_score(y, self._values(found), sample_weight=weighed))
        return 1.0
