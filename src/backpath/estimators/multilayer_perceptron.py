"""What classifier and regressor share: scikit-learn's arguments, attributes and manners over our training."""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from backpath.data.scaling import fit_scaling
from backpath.estimators.arguments import check_arguments, hidden_sizes
from backpath.estimators.course import Course
from backpath.estimators.initial import draw
from backpath.estimators.parts import Part, split
from backpath.estimators.random_order import RandomOrder
from backpath.estimators.steps import RATES, optimizer_of, weight_mask
from backpath.graph import NonFiniteError, SettingError
from backpath.nets import Loss, Network
from backpath.training.fit import MOST_FOLDED, checked_examples
from backpath.training.loop.cores import blas_threads, usable_cores
from backpath.training.loop.engine_choice import choose_engine
from backpath.training.loop.epochs import Loop
from backpath.training.loop.examples import InMemory
from backpath.training.loop.rows import Rows, rows_of
from backpath.training.loop.starts import some, start
from backpath.training.minimize import METHODS, solve

CHUNK = 4096
LOWEST_RATE = 1e-6
STEP_DOWN = 5.0


class MultilayerPerceptron(BaseEstimator, ABC):
    """The base of :class:`MLPClassifier` and :class:`MLPRegressor`; use those."""

    hidden_layer_sizes: Any
    activation: str | Sequence[str]
    solver: str
    alpha: float
    batch_size: int | str
    learning_rate: str
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool
    random_state: Any
    tol: float
    verbose: bool
    warm_start: bool
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    scale_features: bool | str
    norm: str | None
    dropout: float | Sequence[float]
    init: str | None
    clip: float | None
    dtype: Any
    engine: str
    loss: Any

    _accepted: ClassVar[dict[str, Any]] = {"accept_sparse": "csr", "dtype": (np.float64, np.float32)}

    def _set(self, arguments: dict[str, Any]) -> None:
        for name in self._get_param_names():
            setattr(self, name, arguments[name])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # What the two do in their own way.

    @abstractmethod
    def _loss(self) -> str | Loss:
        """The network's loss."""

    @abstractmethod
    def _read(self, y: Any, first: bool, classes: Any) -> np.ndarray:
        """``y`` as numbers: class indices, 0 and 1, or values; learns the classes at first."""

    @abstractmethod
    def _outputs(self, y: np.ndarray) -> int:
        """How many the network needs for these."""

    @abstractmethod
    def _example_weights(self, y: Any, sample_weight: Any, X: Any) -> np.ndarray | None:
        """Of each example in the loss."""

    def _network_options(self) -> dict[str, Any]:
        return {"norm": self.norm, "dropout": self.dropout}

    def _hidden(self, examples: int) -> Any:
        """Sizes of the hidden layers for so many."""
        return self.hidden_layer_sizes

    def _factors(self, network: Network) -> np.ndarray | None:
        """What the step of each parameter is multiplied by."""
        return None

    def _predicting_loss(self) -> str | Loss:
        """The loss of the network that predicts."""
        return self._loss()

    def _learn_target_scale(self, part: Part) -> None:
        """From the training part."""

    def _to_network(self, y: np.ndarray) -> np.ndarray:
        """What the network is to predict for these numbers."""
        return y

    @abstractmethod
    def _score(self, scores: np.ndarray, part: Part) -> float:
        """Accuracy or R^2 of the network's scores."""

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        """What a split keeps in proportion."""
        return None

    def _reported(self, loss: float) -> float:
        """A loss of the network as one of the targets as they were given."""
        return loss

    # Fitting.

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, validation: Any, incremental: bool = False, classes: Any = None
    ) -> Any:
        check_arguments(self)
        first = not hasattr(self, "_network") or not (self.warm_start or incremental)
        X, y = self._checked(X, y, first)
        numbers = self._read(y, first, classes)
        part = Part(X, numbers, self._example_weights(y, sample_weight, X))
        self._random = check_random_state(self.random_state)
        if first:
            self._shape(part)
        part, held = self._parted(part, validation)
        if first:
            self._scaling = fit_scaling(self.scale_features, part.X, part.weights)
            self._learn_target_scale(part)
        elif self._network.sizes[-1] != self._outputs(numbers):
            raise ValueError(f"y has {self._outputs(numbers)} outputs; the estimator was fitted to {self.n_outputs_}")
        rows = rows_of(part.X, self._scaling)
        if first:
            self._begin(rows)
        if self.solver in METHODS:
            self._minimize(rows, part)
        else:
            self._descend(rows, part, held, incremental)
        self._finish(rows)
        return self

    def _checked(self, X: Any, y: Any, first: bool) -> tuple[Any, Any]:
        checked: Any = validate_data(self, X, y, multi_output=True, reset=first, **self._accepted)
        return checked

    def _checked_features(self, X: Any) -> Any:
        return validate_data(self, X, reset=False, **self._accepted)

    def _shape(self, part: Part) -> None:
        """The network, before its first parameters."""
        hidden = hidden_sizes(self, len(part.y))
        names = [self.activation] * len(hidden) if isinstance(self.activation, str) else list(self.activation)
        names = ["sigmoid" if name == "logistic" else name for name in names]
        sizes = [part.X.shape[1], *hidden, self._outputs(part.y)]
        self._network = Network(sizes, names, self._loss(), **self._network_options())
        self._dtype = np.dtype(self.dtype if self.dtype is not None else part.X.dtype)
        self.n_layers_, self.n_outputs_ = len(sizes), sizes[-1]
        self.t_ = self.n_iter_ = 0
        self._course, self._state = self._new_course(), None

    def _new_course(self) -> Course:
        return Course(self.tol, self.n_iter_no_change)

    def _parted(self, part: Part, validation: Any) -> tuple[Part, Part | None]:
        """What trains, and what judges each epoch if stopping is early."""
        if validation is not None:
            if not isinstance(validation, (list, tuple)) or len(validation) != 2:
                raise ValueError("validation must be a pair: (X, y)")
            X, y = self._checked(*validation, first=False)
            return part, Part(X, self._read(y, False, None), None)
        if not self.early_stopping or self.solver in METHODS:
            return part, None
        return split(part, self.validation_fraction, self._strata(part.y), self._random)

    def _begin(self, rows: Rows) -> None:
        """Initial parameters: by default drawn as scikit-learn does, to the last number."""
        net = self._network
        self._flat = np.zeros(net.parameter_count, self._dtype)
        views = net.views(self._flat)
        if self.init is not None:
            first = start(net, rows, self.init, int(self._random.randint(2**31)), self._dtype)
            for name, view in views.items():
                view[...] = first[name]
            return
        draw(net, views, self._random)

    def _minimize(self, rows: Rows, part: Part) -> None:
        net, total = self._network, len(rows) if part.weights is None else part.weights.sum()
        l2 = self.alpha / total * weight_mask(net)
        with blas_threads(None):
            found = solve(
                net,
                *checked_examples(net, rows, self._to_network(part.y)),
                self._flat.astype(float),
                self.solver,
                iterations=self.max_iter,
                l2=l2,
                weights=part.weights,
                evaluations=self.max_fun,
                tolerance=self.tol,
            )
        self.n_iter_ = int(found.nit)
        self.loss_ = self._reported(float(found.fun))
        self._flat[...] = found.x
        if self.n_iter_ >= self.max_iter:
            warnings.warn(
                f"{self.solver} failed to converge after {self.n_iter_} iteration(s): increase max_iter or tol.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _descend(self, rows: Rows, part: Part, held: Part | None, incremental: bool) -> None:
        if not incremental:
            self._state, self._course = None, self._new_course()
        if incremental and self._course.best is not None and self._course.stalled:
            return
        batch, most = self._batch_size(len(rows)), 1 if incremental else self.max_iter
        mean_weight = 1.0 if part.weights is None else float(part.weights.mean())
        steps = math.ceil(len(rows) / batch)
        examples = InMemory(rows, self._to_network(part.y), part.weights)
        optimizer = optimizer_of(self, self._network, batch * mean_weight, steps * self.max_iter)
        self.engine_, programs = choose_engine(
            self.engine, self._network, self._flat, examples, optimizer, None, batch, most, None
        )
        loop = Loop(
            self._network,
            self._flat,
            examples,
            batch,
            optimizer,
            int(self._random.get_state()[1][0]),  # type: ignore[index]
            state=self._state,
            shuffle=self.shuffle,
            rng=RandomOrder(self._random, len(rows)),
            engine=self.engine_.engine,
            threads=usable_cores(),
            programs=programs,
        )
        quiet = np.errstate(over="ignore", invalid="ignore")
        try:
            with loop.blas(), quiet:
                self._epochs(loop, rows, held, batch * mean_weight, most)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=4)
        self._state = loop.state
        if self._course.best is not None and (not incremental or self._course.stalled):
            self._flat[...] = self._course.best

    def _epochs(self, loop: Loop, rows: Rows, held: Part | None, batch: float, most: int) -> None:
        course, mask = self._course, weight_mask(self._network)
        held_rows = None if held is None else rows_of(held.X, self._scaling)
        self.n_iter_ = self.n_iter_ if most == 1 else 0
        while len(loop.history) < most:
            epoch = self._epoch(loop, len(rows))
            penalty = 0.5 * self.alpha * float((self._flat * mask) @ self._flat) / batch
            self.n_iter_ += 1
            self.t_ += len(rows)
            judged = None if held is None or held_rows is None else self._judge(rows, held_rows, held)
            course.after_epoch(self._reported(epoch + penalty), self._flat, judged)
            self.loss_ = course.losses[-1]
            if self.verbose:
                print(f"Iteration {self.n_iter_}, loss = {self.loss_:.8f}")
                if judged:
                    print(f"Validation score: {judged[1]:f}")
            if course.stalled and self._stops(loop):
                return
        if most > 1 and self.n_iter_ == self.max_iter and self.learning_rate in RATES:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization hasn't "
                f"converged yet.",
                ConvergenceWarning,
                stacklevel=5,
            )

    def _epoch(self, loop: Loop, examples: int) -> float:
        """Its loss; says so if it had to be made again with smaller steps."""
        before, iteration = loop.rollbacks, len(loop.history) + 1
        try:
            loss = loop.epoch().loss
        except NonFiniteError as error:
            raise ValueError(f"Solver produced non-finite parameter weights: {error}") from error
        if loop.rollbacks > before:
            undone = iteration - len(loop.history)
            self.n_iter_, self.t_ = self.n_iter_ - undone, self.t_ - undone * examples
            self._course.undo(undone)
            warnings.warn(
                f"The loss was not finite in iteration {self.n_iter_ + undone + 1}: training went on from iteration "
                f"{self.n_iter_ + 1} with step sizes times {loop.state.factor:g}.",
                ConvergenceWarning,
                stacklevel=6,
            )
        return loss

    def _stops(self, loop: Loop) -> bool:
        """Whether a course that no longer improves ends; an adaptive rate is lowered first."""
        lowered = loop.state.factor / STEP_DOWN
        adaptive = self.solver == "sgd" and self.learning_rate == "adaptive"
        if adaptive and self.learning_rate_init * loop.state.factor > LOWEST_RATE:
            if self.verbose:
                print(f"{self._course.why} Setting learning rate to {self.learning_rate_init * lowered:f}")
            loop.state = loop.state._replace(factor=lowered)
            self._course.waited = 0
            return False
        if self.verbose:
            print(f"{self._course.why} Stopping.")
        return True

    def _batch_size(self, examples: int) -> int:
        if isinstance(self.batch_size, str):
            return min(200, examples)
        if self.batch_size > examples:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=5
            )
        return int(min(self.batch_size, examples))

    def _judge(self, rows: Rows, held_rows: Rows, held: Part) -> tuple[float, float]:
        """Loss and score of the validation part."""
        network, parameters = self._folded(rows)
        scores = self._scores_of(held_rows, network, parameters, self._dtype)
        losses = network.loss_function.function(scores, network.targets(self._to_network(held.y)))
        loss = self._reported(float(np.average(losses, weights=held.weights)))
        return loss, self._score(scores, held)

    def _folded(self, rows: Rows) -> tuple[Network, dict[str, np.ndarray]]:
        network, parameters = self._network, self._network.views(self._flat)
        if network.options:
            network, parameters = network.folded(parameters, some(rows, 0, self._dtype, MOST_FOLDED))
        return Network(network.sizes, network.activations, self._predicting_loss(), norm=network.norm), parameters

    def _finish(self, rows: Rows) -> None:
        """The attributes that remain."""
        self.network_, self.parameters_ = self._folded(rows)
        if self.solver in METHODS:
            return
        course = self._course
        self.loss_curve_ = course.losses
        self.best_loss_ = None if course.scores else course.best_loss
        self.validation_scores_ = course.scores or None
        self.validation_loss_curve_ = course.validation_losses or None
        self.best_validation_score_ = course.best_score if course.scores else None

    # Predicting.

    def _scores(self, X: Any) -> np.ndarray:
        """The network's scores of shape (examples, outputs)."""
        check_is_fitted(self)
        X = self._checked_features(X)
        # As exact as the features are: in float32 an example's scores would depend on its place among the others.
        dtype = np.result_type(self._dtype, X.dtype)
        parameters = {name: value.astype(dtype, copy=False) for name, value in self.parameters_.items()}
        return self._scores_of(rows_of(X, self._scaling), self.network_, parameters, dtype)

    def _scores_of(
        self, rows: Rows, network: Network, parameters: dict[str, np.ndarray], dtype: np.dtype
    ) -> np.ndarray:
        scores = np.empty((len(rows), network.sizes[-1]), self._dtype)
        for first in range(0, len(rows), CHUNK):
            chosen = np.arange(first, min(first + CHUNK, len(rows)))
            scores[chosen] = network.scores(parameters, rows.take(chosen, dtype))
        return scores

    @property
    def coefs_(self) -> list[np.ndarray]:
        """The weights of each layer, of shape (inputs, outputs); with the feature scaling in them where it is linear.

        As the network that they are, they act on features as they were given.
        """
        return [W for W, _ in self._layers()]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """The biases of each layer, of shape (outputs,); see ``coefs_``."""
        return [b for _, b in self._layers()]

    def _layers(self) -> list[tuple[np.ndarray, np.ndarray]]:
        if not hasattr(self, "parameters_"):
            raise AttributeError(f"this {type(self).__name__} has no weights yet: call fit first")
        p = self.parameters_
        layers = [(p[f"W{r}"], p.get(f"b{r}", p.get(f"shift{r}"))) for r in range(1, self.n_layers_)]
        layers = [(W.astype(float), np.asarray(b, float)) for W, b in layers]
        if self._scaling is not None and self._scaling.linear:
            W, b = layers[0]
            W = self._scaling.weights() @ W
            layers[0] = W, b - self._scaling.mean @ W
        layers[-1] = self._in_target_units(*layers[-1])
        return [(W.astype(self._dtype), b.astype(self._dtype)) for W, b in layers]

    def _in_target_units(self, W: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return W, b


def stochastic(estimator: Any) -> bool:
    """Whether its solver takes steps on batches.

    Raises:
        SettingError: if no solver has its name.
    """
    if estimator.solver in METHODS:
        raise SettingError(f"partial_fit steps through batches: solver={estimator.solver!r} needs all examples at once")
    return True
