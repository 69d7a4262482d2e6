"""A classifier in scikit-learn's manner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.validation import _check_sample_weight, column_or_1d

from backpath.estimators.multilayer_perceptron import MultilayerPerceptron, stochastic
from backpath.estimators.parts import Part
from backpath.graph import DataError, SettingError
from backpath.nets import LOSSES, Loss

LossFunction = Callable[[Any, Any], Any]


def _gives_probabilities(estimator: Any) -> bool:
    if estimator.loss != "log_loss":
        raise SettingError(f"loss={estimator.loss!r} gives no probabilities: use predict")
    return True


class MLPClassifier(ClassifierMixin, MultilayerPerceptron):
    """A multilayer perceptron that classifies, in the place of ``sklearn.neural_network.MLPClassifier``.

    It takes the same arguments and has the same attributes; with ``scale_features=False`` and the same
    ``random_state`` it makes the same steps. More than scikit-learn's are all arguments from ``scale_features`` on.
    Classes may be two, several, or several at once for an example (multilabel).

    Args:
        hidden_layer_sizes: neurons of each hidden layer; empty for a linear model.
        activation: of the hidden layers, one name or one for each: scikit-learn's, or any of ``backpath.nets``.
        solver: ``"adam"``, ``"sgd"``, any other of ``backpath.optimizers`` by name, or ``"lbfgs"``, ``"cg"`` and
            ``"newton-cg"`` on all examples at once.
        alpha: strength of the L2 penalty on the weights; of decoupled weight decay for ``"adamw"`` and ``"lion"``.
        batch_size: examples a step; ``"auto"`` is no more than 200.
        learning_rate: ``"constant"``, ``"invscaling"`` and ``"adaptive"`` as in scikit-learn; or a schedule over
            ``max_iter`` epochs: ``"cosine"``, ``"one_cycle"``, ``"exponential"``, ``"inverse_time"``, ``"coslog4"``.
        learning_rate_init: the step size, or the highest of a schedule.
        power_t: exponent of ``"invscaling"``.
        max_iter: epochs at most.
        shuffle: whether each epoch has a new order.
        random_state: of initial weights, orders, dropout and the validation part.
        tol: what counts as an improvement.
        verbose: whether to print each epoch.
        warm_start: whether ``fit`` goes on from where the last one ended.
        momentum: of ``"sgd"``.
        nesterovs_momentum: whether that looks ahead.
        early_stopping: whether a part of the examples judges each epoch; the best one is kept.
        validation_fraction: how large that part is.
        beta_1: decay of the mean gradient, of ``"adam"`` and ``"adamw"``.
        beta_2: decay of the mean square.
        epsilon: added to its root.
        n_iter_no_change: epochs without improvement before stopping.
        max_fun: evaluations of the loss at most, of ``"lbfgs"``.
        scale_features: learned from the training part: True or ``"standard"``, ``"minmax"``, ``"robust"`` (with smooth
            clip), ``"whiten"``, or False.
        norm: ``"batch"`` or ``"layer"`` normalization of hidden layers.
        dropout: probability with which training drops a hidden neuron, or one for each hidden layer.
        init: initial weights by name, such as ``"orthogonal"``, ``"critical"``, ``"lsuv"``, ``"pretrained"``; None
            draws them as scikit-learn does.
        clip: the largest norm of a gradient.
        dtype: in which to train; None is that of X, as in scikit-learn. float32 is faster.
        engine: what makes the steps: ``"numpy"``, ``"compiled"``, or the one of them that is likely to be done first.
        class_weight: of each class in the loss, by label, or ``"balanced"``.
        loss: ``"log_loss"``, ``"hinge"``, or a traceable function of scores and targets, both (batch, outputs), to one
            loss for each example.

    Attributes:
        coefs_, intercepts_, n_iter_, t_, loss_, loss_curve_, best_loss_, validation_scores_, best_validation_score_,
        n_layers_, n_outputs_, out_activation_, n_features_in_, feature_names_in_: as in scikit-learn.
        validation_loss_curve_: the loss of the validation part after each epoch.
        engine_: what made the steps, and why it was chosen.
        network_, parameters_: the trained network and its parameters, of scaled features, for ``backpath.explain`` and
            the other functions of networks.
        classes_: the labels.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> MLPClassifier(random_state=0, max_iter=2000).fit(X, y).score(X, y) > 0.95
    True
    """

    class_weight: Any

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        scale_features: bool | str = True,
        norm: str | None = None,
        dropout: float | Sequence[float] = 0.0,
        init: str | None = None,
        clip: float | None = None,
        dtype: Any = None,
        engine: str = "auto",
        class_weight: Any = None,
        loss: str | LossFunction = "log_loss",
    ):
        self._set(locals())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None, validation: Any = None) -> MLPClassifier:
        """Train on examples and their labels.

        Args:
            X: dense or sparse, of shape (examples, features).
            y: labels of shape (examples,), or 0 and 1 of shape (examples, labels).
            sample_weight: of the examples in the loss.
            validation: (X, y) to judge each epoch, in place of a part of the examples; the best epoch is kept.

        Raises:
            ValueError: if arguments or data cannot be used; it says which.
        """
        return self._fit(X, y, sample_weight, validation)

    @available_if(stochastic)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None, validation: Any = None
    ) -> MLPClassifier:
        """One epoch over X and y, from where the last call ended; the first one needs all ``classes``.

        With ``early_stopping``, or ``validation``, each call is judged; once it is time to stop, the best parameters
        are back and further calls change nothing.
        """
        if self.class_weight == "balanced":
            raise ValueError("class_weight='balanced' needs all examples at once: give the weights of the classes")
        if classes is None and not hasattr(self, "classes_"):
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return self._fit(X, y, sample_weight, validation, incremental=True, classes=classes)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each example, or its labels as 0 and 1."""
        return self._decode(self._scores(X))

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

    @property
    def out_activation_(self) -> str:
        """What makes probabilities of scores."""
        return {"cross_entropy": "softmax", "sigmoid_cross_entropy": "logistic"}.get(self._loss_name(), "identity")

    def _loss_name(self) -> str:
        loss = self.network_.loss
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

    def _read(self, y: Any, first: bool, classes: Any) -> np.ndarray:
        multilabel = type_of_target(y) == "multilabel-indicator"
        if first:
            self._multilabel, self._sparse_labels = multilabel, multilabel and not isinstance(y, np.ndarray)
            if not multilabel:
                y = self._column(y)
            self.classes_ = unique_labels(y) if classes is None else unique_labels(classes)
        elif multilabel != self._multilabel:
            raise ValueError("y has several labels for an example and the first y had one, or the other way round")
        if multilabel:
            return np.asarray(y if isinstance(y, np.ndarray) else y.toarray(), np.float32)
        y = self._column(y)
        where = np.searchsorted(self.classes_, y).clip(max=len(self.classes_) - 1)
        unknown = self.classes_[where] != y
        if unknown.any():
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}; y has "
                f"{np.unique(y[unknown])}. warm_start and partial_fit keep the classes that they began with."
            )
        return where.astype(np.float32)[:, None] if len(self.classes_) <= 2 else where

    def _column(self, y: Any) -> np.ndarray:
        if y.ndim == 2 and y.shape[1] > 1:
            raise ValueError("Multioutput target data is not supported: y must have one class for each example")
        return column_or_1d(y, warn=True)

    def _checked(self, X: Any, y: Any, first: bool) -> tuple[Any, Any]:
        X, y = super()._checked(X, y, first)
        from sklearn.utils.multiclass import check_classification_targets

        check_classification_targets(y)
        return X, y

    def _outputs(self, y: np.ndarray) -> int:
        return y.shape[1] if y.ndim == 2 else len(self.classes_)

    def _example_weights(self, y: Any, sample_weight: Any, X: Any) -> np.ndarray | None:
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        if self.class_weight is not None:
            by_class = compute_sample_weight(self.class_weight, y)
            weights = by_class if weights is None else weights * by_class
        if weights is not None and not weights.any():
            raise DataError("all examples weigh 0: there is nothing to learn from")
        return weights

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        return None if self._multilabel else y

    def _decode(self, scores: np.ndarray) -> Any:
        if self._multilabel:
            labels = (scores > 0).astype(int)
            if not self._sparse_labels:
                return labels
            from scipy.sparse import csr_matrix

            return csr_matrix(labels)
        best = (scores[:, 0] > 0).astype(int) if scores.shape[1] == 1 else scores.argmax(axis=1)
        return self.classes_[np.minimum(best, len(self.classes_) - 1)]

    def _score(self, scores: np.ndarray, part: Part) -> float:
        y = part.y if self._multilabel else self.classes_[part.y.astype(int).ravel()]
        return float(accuracy_score(y, self._decode(scores), sample_weight=part.weights))
