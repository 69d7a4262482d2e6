"""Estimators for people who tune nothing: the defaults of RealMLP-TD-S (Holzmueller and others, NeurIPS 2024)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, final

import numpy as np
from sklearn.utils.validation import check_array, check_X_y, validate_data

from backpath.estimators.categories import Categories, frame_of
from backpath.estimators.classifying import Classifying
from backpath.estimators.course import Course
from backpath.estimators.multilayer_perceptron import MultilayerPerceptron
from backpath.estimators.parts import Part
from backpath.estimators.regressing import Regressing
from backpath.estimators.repeats import laid_out
from backpath.nets import LOSSES, Loss, Network, smoothed

SCALE_FACTOR, BIAS_FACTOR = 6.0, 0.1
"""Step sizes of input scales and of biases, relative to those of weights."""

SMOOTHING = 0.1
WIDTH, FEW = 256, 1000
"""Neurons of a hidden layer, and examples from which on there are three of them."""


@dataclass(eq=False, repr=False, kw_only=True)
class RobustMLP(MultilayerPerceptron):
    """What the two share: features scaled by their quartiles and clipped smoothly, categories one-hot, a learned scale
    for each feature, the NTK parametrization, a last layer that begins at zero, Adam with the coslog4 schedule, and the
    best epoch by a validation part. What is no argument of theirs is a field that is not set."""

    hidden_layer_sizes: Any = field(default="auto", kw_only=False)
    batch_size: int | str = 256
    max_iter: int = 256
    validation_fraction: float = 0.2
    n_iter_no_change: float = np.inf
    dtype: Any = np.float32

    solver: str = field(init=False, default="adam")
    alpha: float = field(init=False, default=0.0)
    learning_rate: str = field(init=False, default="coslog4")
    beta_1: float = field(init=False, default=0.9)
    beta_2: float = field(init=False, default=0.95)
    epsilon: float = field(init=False, default=1e-8)
    power_t: float = field(init=False, default=0.5)
    momentum: float = field(init=False, default=0.9)
    nesterovs_momentum: bool = field(init=False, default=True)
    tol: float = field(init=False, default=0.0)
    max_fun: int = field(init=False, default=1)
    shuffle: bool = field(init=False, default=True)
    warm_start: bool = field(init=False, default=False)
    early_stopping: bool = field(init=False, default=True)
    scale_features: bool | str = field(init=False, default="robust")
    init: str | None = field(init=False, default=None)
    clip: float | None = field(init=False, default=None)
    norm: str | None = field(init=False, default=None)
    dropout: float | Sequence[float] = field(init=False, default=0.0)

    _accepted: ClassVar[dict[str, Any]] = {"dtype": (np.float64, np.float32)}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags

    def _new_course(self) -> Course:
        return Course(self.tol, self.n_iter_no_change, by_loss=True)

    def _network_options(self) -> dict[str, Any]:
        return {"ntk": True, "input_scale": True}

    def _hidden(self, examples: int) -> Any:
        if not isinstance(self.hidden_layer_sizes, str):
            return self.hidden_layer_sizes
        return (WIDTH,) * (3 if examples >= FEW else 1)

    def _factors(self, network: Network) -> np.ndarray | None:
        by_kind = {"s": SCALE_FACTOR, "b": BIAS_FACTOR, "W": 1.0}
        shapes = network.parameter_shapes
        return np.concatenate([np.full(int(np.prod(shape)), by_kind[name[0]]) for name, shape in shapes.items()])

    def _batch(self, examples: int) -> int:
        return min(super()._batch(examples), examples)

    def _laid_out(self, part: Part) -> Part:
        return laid_out(part)

    def _held(self, examples: int) -> float:
        few = math.ceil(self.validation_fraction * examples) == 1 and examples > 2
        return 2 if few else self.validation_fraction

    def _draw(self) -> None:
        net, last = self._network, str(len(self._network.sizes) - 1)
        self._flat = np.zeros(net.parameter_count, self._dtype)
        for name, view in net.views(self._flat).items():
            if name == "scale":
                view[...] = 1
            elif name[1:] != last:
                view[...] = self._random.standard_normal(view.shape)

    def _checked(self, X: Any, y: Any, first: bool) -> tuple[Any, Any]:
        if first:
            self._categories = Categories.fit(X)
        if not self._categories:
            return super()._checked(X, y, first)
        validate_data(self, X, reset=first, skip_check_array=True)
        return check_X_y(self._categories.transform(X), y, multi_output=True)

    def _checked_features(self, X: Any) -> Any:
        if not self._categories:
            frame_of(X)  # Refuses a lazy one.
            return super()._checked_features(X)
        numbers = self._categories.transform(X)
        validate_data(self, X, reset=False, skip_check_array=True)
        return check_array(numbers, input_name="X")


@final
@dataclass(eq=False, repr=False, kw_only=True)
class RobustMLPClassifier(RobustMLP, Classifying):
    """A classifier that needs no tuning and minds no scale of the features.

    A frame (pandas, Polars, or any other that Narwhals knows) may hold categories as text, categoricals or booleans.
    The order of the examples does not matter, and one of weight 2 is the same as two equal ones, to the last bit.

    Args:
        hidden_layer_sizes: neurons of each hidden layer; by default three layers of 256, or one for
            fewer than 1,000 examples.
        activation: of the hidden layers.
        learning_rate_init: the highest step size of the schedule.
        batch_size: examples a step.
        max_iter: epochs.
        validation_fraction: of the examples, to choose the best epoch.
        n_iter_no_change: epochs without a better one after which training ends; by default it never does before
            ``max_iter``.
        class_weight: of each class in the loss, by label, or ``"balanced"``.
        random_state: of initial weights, orders and the validation part.
        verbose: whether to print each epoch.
        dtype: in which to train.
        engine: what makes the steps: ``"numpy"``, ``"compiled"``, ``"xla"``, or the one likely to be done first.
        device: of the XLA engine; see ``bp.fit``.

    Attributes:
        coefs_, intercepts_, network_, parameters_: as of :class:`MLPClassifier`; weights are of scaled features.
        classes_, loss_curve_, n_iter_, engine_: as of :class:`MLPClassifier`.
        validation_scores_, validation_loss_curve_, best_validation_score_: likewise.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> RobustMLPClassifier(random_state=0, hidden_layer_sizes=(32, 32)).fit(X * [1, 1e6, 1e-3, 7], y).score(
    ...     X * [1, 1e6, 1e-3, 7], y) > 0.95
    True
    """

    loss: Any = field(init=False, default="log_loss")
    activation: str | Sequence[str] = field(default="selu", kw_only=False)
    learning_rate_init: float = 0.04

    def _loss(self) -> str | Loss:
        name = self._predicting_loss()
        classes = 2 if name == "sigmoid_cross_entropy" else len(self.classes_)
        return smoothed(LOSSES[str(name)], SMOOTHING, classes)

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        """The classes, unless a part would lack some of them."""
        if self._multilabel:
            return None
        counts = np.unique(y, return_counts=True)[1]
        return y if counts.min() >= 2 and max(math.ceil(self.validation_fraction * len(y)), 2) >= len(counts) else None

    def _predicting_loss(self) -> str | Loss:
        return super()._loss()


@final
@dataclass(eq=False, repr=False, kw_only=True)
class RobustMLPRegressor(RobustMLP, Regressing):
    """A regressor that needs no tuning and minds no scale of features or targets.

    Its arguments are those of :class:`RobustMLPClassifier` but ``class_weight``; by default ``activation`` is
    ``"mish"`` and ``learning_rate_init`` 0.07.
    """

    loss: Any = field(init=False, default="squared_error")
    scale_target: bool = field(init=False, default=True)
    activation: str | Sequence[str] = field(default="mish", kw_only=False)
    learning_rate_init: float = 0.07
