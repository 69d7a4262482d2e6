"""What all estimators share: attributes and manners of scikit-learn over our training."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from backpath.data.scaling import fit_scaling
from backpath.diagnosis import Diagnosis
from backpath.estimators.all_at_once import minimize
from backpath.estimators.arguments import Arguments, check_arguments, hidden_sizes
from backpath.estimators.course import Course
from backpath.estimators.descent import Descent
from backpath.estimators.diagnosing import diagnosis_of_fit
from backpath.estimators.initial import draw
from backpath.estimators.layers import Layers
from backpath.estimators.parts import Part, split
from backpath.estimators.scoring import folded, scores_of
from backpath.graph import DataError, SettingError
from backpath.nets import Loss, Network
from backpath.training.loop.rows import Rows, rows_of, scaled_once
from backpath.training.loop.starts import start
from backpath.training.minimize import METHODS

NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


class MultilayerPerceptron(Layers, Arguments, BaseEstimator, ABC):
    """The base of all estimators."""

    _accepted: ClassVar[dict[str, Any]] = {"accept_sparse": "csr", "dtype": (np.float64, np.float32)}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    # What each does in its own way.

    @abstractmethod
    def _loss(self) -> str | Loss:
        """The network's loss."""

    @abstractmethod
    def _learn_targets(self, y: Any, classes: Any) -> None:
        """What the targets are, at first."""

    @abstractmethod
    def _require_same_targets(self, y: Any, classes: Any, incremental: bool) -> None:
        """Refuse those that a fit cannot go on with."""

    @abstractmethod
    def _read(self, y: Any) -> np.ndarray:
        """``y`` as numbers: class indices, 0 and 1, or values."""

    @abstractmethod
    def _outputs(self, y: np.ndarray) -> int:
        """How many the network needs for these."""

    @abstractmethod
    def _out_activation(self) -> str:
        """What makes predictions of scores, as scikit-learn calls it."""

    @abstractmethod
    def _decode(self, scores: np.ndarray) -> Any:
        """Predictions of scores."""

    @abstractmethod
    def _score(self, scores: np.ndarray, part: Part) -> float:
        """Accuracy or R^2 of the network's scores; NaN if they are not finite."""

    def _class_weights(self, y: np.ndarray) -> np.ndarray | None:
        """Of each example in the loss, by its class."""
        return None

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        """What a split keeps in proportion."""
        return None

    def _held(self, examples: int) -> float:
        """How large a part of so many judges the others' training, as a fraction, or how many."""
        return self.validation_fraction

    def _network_options(self) -> dict[str, Any]:
        return {"norm": self.norm, "dropout": self.dropout}

    def _batch(self, examples: int) -> int:
        """Examples a step, of so many."""
        return min(200, examples) if isinstance(self.batch_size, str) else int(self.batch_size)

    def _hidden(self, examples: int) -> Any:
        """Sizes of the hidden layers for so many."""
        return self.hidden_layer_sizes

    def _factors(self, network: Network) -> np.ndarray | None:
        """What the step of each parameter is multiplied by."""
        return None

    def _predicting_loss(self) -> str | Loss:
        """The loss of the network that predicts."""
        return self._loss()

    def _laid_out(self, part: Part) -> Part:
        """The examples as they are split and trained on."""
        return part

    def _learn_target_scale(self, part: Part) -> None:
        """From the training part."""

    def _to_network(self, y: np.ndarray) -> np.ndarray:
        """What the network is to predict for these numbers."""
        return y

    def _reported(self, loss: float, penalty: float = 0.0) -> float:
        """A loss of the network, and its weights' penalty, as of the targets as they were given."""
        return loss + penalty

    # Fitting.

    def fit(self, X: Any, y: Any, sample_weight: Any = None, validation: Any = None) -> Self:
        """Train on examples and their labels or quantities.

        Args:
            X: of shape (examples, features).
            y: shape (examples,), or (examples, outputs): quantities, or labels as 0 and 1.
            sample_weight: of the examples in the loss.
            validation: (X, y) to judge each epoch, in place of a part of the examples; the best epoch is kept.

        Raises:
            ValueError: if arguments or data cannot be used, or training diverged; it says which, and what to do.
        """
        return self._fit(X, y, sample_weight, validation)

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, validation: Any, incremental: bool = False, classes: Any = None
    ) -> Self:
        check_arguments(self)
        goes_on = incremental or self.warm_start
        first = not (goes_on and hasattr(self, "network_"))
        X, y = self._checked(X, y, first)
        if first:
            self._learn_targets(y, classes)
        else:
            self._require_same_targets(y, classes, incremental)
        part = self._weighted(X, self._read(y), sample_weight)
        self._random = check_random_state(self.random_state)
        if first:
            self._shape(part, part.X.shape[1])
            self._draw()
        part, held = self._parted(part, validation)
        if first:
            self._learn_scales(part)
        elif self._network.sizes[-1] != self._outputs(part.y):
            raise DataError(f"y has {self._outputs(part.y)} outputs; the estimator was fitted to {self.n_outputs_}")
        rows = scaled_once(rows_of(part.X, self._scaling), self._dtype)
        if first and rows.shape[1] != self._network.sizes[0]:
            self._shape(part, rows.shape[1])
            self._draw()
        if first:
            self._begin(rows, goes_on)
        if self.solver in METHODS:
            minimize(self, rows, part)
        else:
            Descent(self, rows, part, held, incremental).run()
        if not np.isfinite(self._flat).all():
            raise DataError(NOT_FINITE)
        self._finish(rows)
        return self

    def _checked(self, X: Any, y: Any, first: bool) -> tuple[Any, Any]:
        checked: Any = validate_data(self, X, y, multi_output=True, reset=first, **self._accepted)
        return checked

    def _checked_features(self, X: Any) -> Any:
        return validate_data(self, X, reset=False, **self._accepted)

    def _weighted(self, X: Any, y: np.ndarray, sample_weight: Any) -> Part:
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        if weights is not None and not weights.any():
            raise DataError("all examples weigh 0: there is nothing to learn from")
        part = self._laid_out(Part(X, y, weights))
        by_class = self._class_weights(part.y)
        if by_class is None:
            return part
        weights = by_class if part.weights is None else part.weights * by_class
        if not weights.any():
            raise DataError("class_weight makes all examples weigh 0: there is nothing to learn from")
        return part._replace(weights=weights)

    def _shape(self, part: Part, features: int) -> None:
        """The network of so many features, before its first parameters."""
        hidden = hidden_sizes(self, len(part.y))
        names = [self.activation] * len(hidden) if isinstance(self.activation, str) else list(self.activation)
        names = ["sigmoid" if name == "logistic" else name for name in names]
        sizes = [features, *hidden, self._outputs(part.y)]
        self._network = Network(sizes, names, self._loss(), **self._network_options())
        self._dtype = np.dtype(self.dtype if self.dtype is not None else part.X.dtype)
        self.n_layers_, self.n_outputs_ = len(sizes), sizes[-1]
        self.out_activation_ = self._out_activation()
        self.t_ = self.n_iter_ = 0
        self._course, self._state, self._rate = self._new_course(), None, self.learning_rate_init

    def _new_course(self) -> Course:
        return Course(self.tol, self.n_iter_no_change)

    def _learn_scales(self, part: Part) -> None:
        try:
            self._scaling = fit_scaling(self.scale_features, part.X, part.weights)
        except DataError as error:
            values = part.X.data if hasattr(part.X, "indptr") else part.X
            too_large = np.abs(values).max(initial=0) > math.sqrt(np.finfo(float).max)
            raise DataError(f"{NOT_FINITE} {error}" if too_large else str(error)) from None
        self._learn_target_scale(part)

    def _parted(self, part: Part, validation: Any) -> tuple[Part, Part | None]:
        """What trains, and what judges each epoch if stopping is early."""
        if validation is not None:
            if not isinstance(validation, (list, tuple)) or len(validation) != 2:
                raise SettingError("validation must be a pair: (X, y)")
            X, y = self._checked(*validation, first=False)
            return part, Part(X, self._read(y), None)
        if not self.early_stopping or self.solver in METHODS:
            return part, None
        return split(part, self._held(len(part.y)), self._strata(part.y), self._random)

    def _draw(self) -> None:
        """Initial parameters, as scikit-learn draws them, to the last number, before anything else."""
        self._flat = np.zeros(self._network.parameter_count, self._dtype)
        first = self.activation if isinstance(self.activation, str) else next(iter(self.activation), None)
        draw(self._network, self._network.views(self._flat), first, self._random)

    def _begin(self, rows: Rows, goes_on: bool) -> None:
        """Other initial parameters, where they were asked for or set."""
        if self.init is not None:
            first = start(self._network, rows, self.init, int(self._random.randint(2**31)), self._dtype)
            for name, view in self._network.views(self._flat).items():
                view[...] = first[name]
        self._take_layers(goes_on)

    def _finish(self, rows: Rows) -> None:
        """The attributes that remain."""
        self.network_, self.parameters_ = folded(self, rows)
        if self.solver in METHODS:
            return
        course = self._course
        self.loss_curve_ = course.losses
        self.best_loss_ = None if course.scores else course.best_loss
        self.validation_scores_ = course.scores or None
        self.validation_loss_curve_ = course.validation_losses or None
        self.best_validation_score_ = course.best_score if course.scores else None

    def diagnose(
        self, X: Any, y: Any, sample_weight: Any = None, *, budget: float | None = 30.0, steps: int | None = None
    ) -> Diagnosis:
        """What is wrong with the fit to these examples, and which change repairs it; the estimator stays as it is.

        Args:
            X: as of ``fit``.
            y: as of ``fit``.
            sample_weight: as of ``fit``.
            budget: seconds after which nothing new is tried; None for no end.
            steps: in place of seconds, so many steps of the optimizer.

        Raises:
            ValueError: as ``fit``; and if the solver takes all examples at once.
        """
        return diagnosis_of_fit(self, X, y, sample_weight, budget, steps)

    # Predicting.

    def predict(self, X: Any) -> Any:
        """The most probable class of each example, its labels as 0 and 1, or its quantities."""
        return self._decode(self._scores(X))

    def _scores(self, X: Any) -> np.ndarray:
        """The network's scores of shape (examples, outputs)."""
        check_is_fitted(self)
        X = self._checked_features(X)
        # As exact as the features are: in float32 an example's scores would depend on its place among the others.
        dtype = np.result_type(self._dtype, X.dtype)
        parameters = {name: value.astype(dtype, copy=False) for name, value in self.parameters_.items()}
        with np.errstate(over="ignore", invalid="ignore"):
            scores = scores_of(rows_of(X, self._scaling), self.network_, parameters, dtype)
            scores = scores.astype(self._dtype, copy=False)
        finite = np.isfinite(scores).all(axis=1)
        if not finite.all():
            raise DataError(
                f"the scores of {np.sum(~finite):,} of {len(scores):,} examples are not finite, first of example "
                f"{np.argmin(finite)}: it lies too far outside of what was trained on, or training diverged"
            )
        return scores


def stochastic(estimator: Any) -> bool:
    """Whether its solver takes steps on batches.

    Raises:
        SettingError: if no solver has its name.
    """
    if estimator.solver in METHODS:
        raise SettingError(f"partial_fit steps through batches: solver={estimator.solver!r} needs all examples at once")
    return True
