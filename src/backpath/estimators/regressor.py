"""A regressor in scikit-learn's manner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.special import xlogy
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_sample_weight, column_or_1d

from backpath.estimators.multilayer_perceptron import MultilayerPerceptron, stochastic
from backpath.estimators.parts import Part
from backpath.graph import DataError, SettingError
from backpath.nets import Loss

LossFunction = Callable[[Any, Any], Any]
LOSSES = ("squared_error", "poisson", "huber")


class MLPRegressor(RegressorMixin, MultilayerPerceptron):
    """A multilayer perceptron that predicts quantities, in the place of ``sklearn.neural_network.MLPRegressor``.

    It takes the same arguments and has the same attributes; with ``scale_features=False, scale_target=False`` and the
    same ``random_state`` it makes the same steps. More than scikit-learn's are all arguments from ``scale_features``
    on.

    Args:
        loss: ``"squared_error"``, ``"poisson"`` for counts, ``"huber"``, or a traceable function of scores and targets,
            both (batch, outputs), to one loss for each example.
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
        scale_target: whether targets have mean 0 and deviation 1 in training; predictions are in their own units, and
            so is the loss. Counts (``"poisson"``) are divided by their mean.

    Attributes:
        coefs_, intercepts_, n_iter_, t_, loss_, loss_curve_, best_loss_, validation_scores_, best_validation_score_,
        n_layers_, n_outputs_, out_activation_, n_features_in_, feature_names_in_: as in scikit-learn.
        validation_loss_curve_: the loss of the validation part after each epoch.
        engine_: what made the steps, and why it was chosen.
        network_, parameters_: the trained network and its parameters, of scaled features, for ``backpath.explain`` and
            the other functions of networks.
    """

    scale_target: bool

    def __init__(
        self,
        loss: str | LossFunction = "squared_error",
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
        scale_target: bool = True,
    ):
        self._set(locals())

    def fit(self, X: Any, y: Any, sample_weight: Any = None, validation: Any = None) -> MLPRegressor:
        """Train on examples and their quantities.

        Args:
            X: dense or sparse, of shape (examples, features).
            y: shape (examples,) or (examples, outputs).
            sample_weight: of the examples in the loss.
            validation: (X, y) to judge each epoch, in place of a part of the examples; the best epoch is kept.

        Raises:
            ValueError: if arguments or data cannot be used; it says which.
        """
        return self._fit(X, y, sample_weight, validation)

    @available_if(stochastic)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, validation: Any = None) -> MLPRegressor:
        """One epoch over X and y, from where the last call ended.

        With ``early_stopping``, or ``validation``, each call is judged; once it is time to stop, the best parameters
        are back and further calls change nothing.
        """
        return self._fit(X, y, sample_weight, validation, incremental=True)

    def predict(self, X: Any) -> np.ndarray:
        """Quantities of shape (examples,), or (examples, outputs)."""
        values = self._decode(self._scores(X))
        return values[:, 0] if self._one_column else values

    @property
    def out_activation_(self) -> str:
        """What makes predictions of scores."""
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

    def _read(self, y: Any, first: bool, classes: Any) -> np.ndarray:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if first:
            self._one_column = y.ndim == 1
        if self.loss == "poisson" and y.min() < 0:
            raise DataError(f"loss='poisson' needs counts, which are not negative; y has {y.min():g}")
        return y.reshape(len(y), -1)

    def _outputs(self, y: np.ndarray) -> int:
        return y.shape[1]

    def _example_weights(self, y: Any, sample_weight: Any, X: Any) -> np.ndarray | None:
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        if weights is not None and not weights.any():
            raise DataError("all examples weigh 0: there is nothing to learn from")
        return weights

    def _learn_target_scale(self, part: Part) -> None:
        self._center, self._unit = np.zeros(part.y.shape[1]), np.ones(part.y.shape[1])
        self._offset = 0.0
        if self.scale_target and self.loss == "poisson":
            self._unit = np.maximum(np.average(part.y, axis=0, weights=part.weights), 1e-12)
        elif self.scale_target:
            self._center = np.average(part.y, axis=0, weights=part.weights)
            unit = np.sqrt(np.average(np.square(part.y - self._center), axis=0, weights=part.weights))
            self._unit = np.where(unit > 1e-12 * np.abs(self._center), unit, 1.0)
        if not np.isfinite(self._unit).all():
            raise DataError("y spans a range that cannot be computed with: scale it down")
        if self.loss == "poisson":
            # What the network's loss leaves out, since it does not depend on the predictions.
            constant = xlogy(part.y, part.y / self._unit) - part.y
            self._offset = float(np.average(constant.sum(axis=1), weights=part.weights))

    def _to_network(self, y: np.ndarray) -> np.ndarray:
        return ((y - self._center) / self._unit).astype(self._dtype)

    def _reported(self, loss: float) -> float:
        if self.loss == "squared_error":
            return loss * float(np.mean(np.square(self._unit)))
        return loss * float(np.mean(self._unit)) + self._offset if self.loss == "poisson" else loss

    def _decode(self, scores: np.ndarray) -> np.ndarray:
        if self.loss == "poisson":
            return (np.exp(scores) * self._unit).astype(scores.dtype, copy=False)
        return (scores * self._unit + self._center).astype(scores.dtype, copy=False)

    def _score(self, scores: np.ndarray, part: Part) -> float:
        return float(r2_score(part.y, self._decode(scores), sample_weight=part.weights))

    def _in_target_units(self, W: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.loss == "poisson":
            return W, b + np.log(self._unit)
        return W * self._unit, b * self._unit + self._center
