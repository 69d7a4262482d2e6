"""A classifier for people who tune nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.multiclass import check_classification_targets

from backpath.data.frame import listed
from backpath.estimators.labels import Labels
from backpath.estimators.parts import Part
from backpath.estimators.robust.calibration import out_of_fold, probabilities, temperature
from backpath.estimators.robust.estimator import RobustMLP
from backpath.estimators.robust.importance import log_odds, score_of_each
from backpath.estimators.robust.lesson import Learned
from backpath.graph import DataError


@final
@dataclass(eq=False, repr=False, kw_only=True)
class RobustMLPClassifier(Labels, ClassifierMixin, RobustMLP):
    """A classifier that needs no tuning and minds no scale of the features.

    Several networks are trained at once, each without a part of the examples that judges its epochs; the best epoch of
    each counts. Their probabilities are averaged, with one temperature, by which they are as sure as they are right of
    examples that they have not seen. Each network is one of RealMLP's (Holzmueller and others, NeurIPS 2024).

    A frame (pandas, Polars, or any other that Narwhals knows) may hold categories as text, categoricals or booleans.
    The order of the examples does not matter, and one of weight 2 is the same as two equal ones, to the last bit.

    Args:
        hidden_layer_sizes: neurons of each hidden layer. This and what else is ``"auto"`` is chosen by examples,
            columns and classes.
        activation: of the hidden layers, one for all or one for each.
        n_members: how many networks.
        time_budget: seconds after which ``fit`` is done, about: it makes as many epochs as they allow, or trains fewer
            networks.
        learning_rate_init: the highest step size of the schedule.
        batch_size: examples a step.
        max_iter: epochs.
        validation_fraction: of the examples, which each network is judged by and does not train on.
        n_iter_no_change: epochs without a better one after which a network ends; by default it does where a wave of the
            schedule brought none.
        random_state: of initial weights, orders and the parts that judge.
        verbose: whether to show how far training has come.
        n_jobs: threads; by default one for each core.
        dtype: in which to train.
        engine: what makes the steps: ``"numpy"``, ``"compiled"``, ``"xla"``, or the one likely to be done first.
        device: of the XLA engine; see ``bp.fit``.
        class_weight: of each class in the loss, by label, or ``"balanced"``.

    Attributes:
        classes_: the labels.
        network_, parameters_: all networks as one model of the table's features, and its parameters, of shapes
            (members, ...), for ``bp.explain`` and the other functions of models.
        n_members_, n_outputs_, n_features_in_, feature_names_in_: how many there are, and what they are called.
        best_epochs_: the epoch that counts of each network.
        temperature_: by which scores are divided.
        loss_curve_, validation_loss_curve_: mean losses of the networks in training, an epoch each; the second of the
            examples that judge them.
        best_validation_score_: the accuracy on examples by the networks that have not seen them; NaN if there are none.
        n_iter_: epochs.
        engine_: what made the steps, and why it was chosen.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> RobustMLPClassifier(random_state=0, hidden_layer_sizes=(32, 32)).fit(X * [1, 1e6, 1e-3, 7], y).score(
    ...     X * [1, 1e6, 1e-3, 7], y) > 0.95
    True
    """

    class_weight: Any = None

    def predict(self, X: Any) -> Any:
        """The most probable class of each example, or its labels as 0 and 1."""
        return self._decode(self._scores(X))

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, of shape (examples, classes)."""
        scores = self._scores(X)
        return expit(scores) if self._multilabel else softmax(scores, axis=1)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithm of :meth:`predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores of each class, of shape (examples, classes); of two classes the logarithm of their odds."""
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 and not self._multilabel else scores

    def _checked(self, rows: Any, y: Any) -> tuple[np.ndarray, Any]:
        matrix, y = super()._checked(rows, y)
        check_classification_targets(y)
        return matrix, y

    @property
    def _classes(self) -> int | None:
        return 2 if self._multilabel else len(self.classes_)

    # Explaining.

    def _shown(self, scores: Any, outputs: np.ndarray) -> Any:
        return (score_of_each if self._multilabel else log_odds)(scores, outputs)

    def _importance_outputs(self, scores: np.ndarray) -> list[np.ndarray]:
        if self._multilabel:
            return [np.full(len(scores), k) for k in range(scores.shape[1])]
        return [scores.argmax(axis=1)]

    def _output_of(self, output: Any, scores: np.ndarray) -> tuple[int, str]:
        if output is None:
            position = int(scores[0].argmax())
        elif not (found := np.flatnonzero(self.classes_ == output)).size:
            raise DataError(f"there is no class {output!r}; there are {listed([str(c) for c in self.classes_])}")
        else:
            position = int(found[0])
        return position, f"log-odds of {self.classes_[position]}"

    def _loss_of_each(self) -> str:
        return "sigmoid_cross_entropy" if self._multilabel else "cross_entropy"

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        return None if self._multilabel else y.ravel()

    def _to_members(self, part: Part, judging: Part | None) -> np.ndarray:
        y = part.y if judging is None else np.concatenate([part.y, judging.y])
        return y if self._multilabel else np.eye(len(self.classes_))[y.astype(int).ravel()]

    def _finish(self, learned: Learned, weights: np.ndarray | None) -> float:
        judges = learned.judges
        found = temperature(learned.scores, judges, weights, self._multilabel)
        p, seen = out_of_fold(probabilities(learned.scores, found, self._multilabel), judges)
        self.best_validation_score_ = np.nan
        if seen.any():
            right, guessed = (judges.y[seen], p > 0.5) if self._multilabel else (judges.y[seen].argmax(1), p.argmax(1))
            weighed = None if weights is None else weights[seen]
            self.best_validation_score_ = float(accuracy_score(right, guessed, sample_weight=weighed))
        return found
