"""What estimators of classes share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from backpath.estimators.labels import Labels
from backpath.estimators.multilayer_perceptron import MultilayerPerceptron, stochastic
from backpath.estimators.parts import Part
from backpath.graph import DataError, SettingError
from backpath.nets import LOSSES, Loss

LossFunction = Callable[[Any, Any], Any]


def _gives_probabilities(estimator: Any) -> bool:
    if estimator.loss != "log_loss":
        raise SettingError(f"loss={estimator.loss!r} gives no probabilities: use predict")
    return True


@dataclass(eq=False, repr=False, kw_only=True)
class Classifying(Labels, ClassifierMixin, MultilayerPerceptron):
    """Two classes, several, or several at once for an example (multilabel)."""

    class_weight: Any = None

    @available_if(stochastic)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None, validation: Any = None
    ) -> Self:
        """One epoch over X and y, from where the last call ended; the first one needs all ``classes``.

        With ``early_stopping``, or ``validation``, each call is judged; once it is time to stop, the best parameters
        are back and further calls change nothing.
        """
        if self.class_weight == "balanced":
            raise SettingError("class_weight='balanced' needs all examples at once: give the weights of the classes")
        if classes is None and not hasattr(self, "network_"):
            raise SettingError("classes must be passed on the first call to partial_fit.")
        return self._fit(X, y, sample_weight, validation, incremental=True, classes=classes)

    @available_if(_gives_probabilities)
    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, of shape (examples, classes)."""
        scores = self._scores(X)
        p = LOSSES[self._loss_name()].link(scores)
        return np.hstack([1 - p, p])[:, : len(self.classes_)] if self.n_outputs_ == 1 else p

    @available_if(_gives_probabilities)
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithm of :meth:`predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def _out_activation(self) -> str:
        return {"cross_entropy": "softmax", "sigmoid_cross_entropy": "logistic"}.get(self._loss_name(), "identity")

    def _loss_name(self) -> str:
        loss = self._predicting_loss()
        return loss if isinstance(loss, str) else "own"

    def _loss(self) -> str | Loss:
        if callable(self.loss):
            return Loss(self.loss, lambda scores: scores, True)
        if self.loss not in ("log_loss", "hinge"):
            raise SettingError(f"loss={self.loss!r}: it is 'log_loss', 'hinge', or a function of scores and targets")
        if self.loss == "hinge":
            if self._multilabel:
                raise SettingError("loss='hinge' knows one class for each example: take loss='log_loss' for several")
            return "hinge"
        return "sigmoid_cross_entropy" if self._multilabel or len(self.classes_) <= 2 else "cross_entropy"

    def _checked(self, X: Any, y: Any, first: bool) -> tuple[Any, Any]:
        X, y = super()._checked(X, y, first)
        check_classification_targets(y)
        return X, y

    def _require_same_targets(self, y: Any, classes: Any, incremental: bool) -> None:
        if classes is not None and not np.array_equal(unique_labels(classes), self.classes_):
            raise SettingError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}. "
                f"Give the same, or none; for other classes make a new estimator."
            )
        if incremental:
            return
        found = unique_labels(y if type_of_target(y) == "multilabel-indicator" else self._column(y))
        if not np.array_equal(found, self.classes_):
            raise DataError(
                f"warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {found}. For other classes set warm_start=False, or make a "
                f"new estimator."
            )

    def _outputs(self, y: np.ndarray) -> int:
        return y.shape[1] if y.ndim == 2 else len(self.classes_)

    def _score(self, scores: np.ndarray, part: Part) -> float:
        return float(accuracy_score(self._labels(part.y), self._decode(scores), sample_weight=part.weights))
