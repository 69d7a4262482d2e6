"""What robust estimators share: from a table to members trained and judged, and back to predictions."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Self, cast

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import (
    _check_sample_weight,
    _num_samples,
    check_is_fitted,
    check_X_y,
)

from backpath.data.frame import Frame
from backpath.diagnosis import Diagnosis
from backpath.estimators.parts import Part
from backpath.estimators.repeats import laid_out
from backpath.estimators.robust.arguments import Arguments, activations, check_arguments, chosen, threads_of
from backpath.estimators.robust.course import Course
from backpath.estimators.robust.defaults import Defaults
from backpath.estimators.robust.diagnosing import diagnosis_of_member
from backpath.estimators.robust.folds import held_out
from backpath.estimators.robust.importance import Explaining
from backpath.estimators.robust.inputs import checked_rows
from backpath.estimators.robust.lesson import Learned, Lesson
from backpath.estimators.robust.members import Form
from backpath.estimators.robust.prediction import predicting, scores_in_parts
from backpath.estimators.robust.progress import Line, Silent
from backpath.estimators.robust.schedule import Clock
from backpath.estimators.robust.table import Table
from backpath.graph import DataError, SettingError


@dataclass(eq=False, repr=False, kw_only=True)
class RobustMLP(Explaining, Arguments, BaseEstimator, ABC):
    """Several networks in one, each judged by rows of its own: their mean predicts."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    # What each does in its own way.

    @abstractmethod
    def _learn_targets(self, y: Any, classes: Any) -> None:
        """What the targets are."""

    @abstractmethod
    def _read(self, y: Any) -> np.ndarray:
        """``y`` as numbers: class indices, 0 and 1, or values."""

    @abstractmethod
    def _loss_of_each(self) -> str:
        """The name of the members' loss."""

    @abstractmethod
    def _to_members(self, part: Part, judging: Part | None) -> np.ndarray:
        """What members are to predict, of shape (rows, outputs), learned from the first part, for both."""

    @abstractmethod
    def _finish(self, learned: Learned, weights: np.ndarray | None) -> float:
        """Calibrate; the temperature of scores."""

    def _class_weights(self, y: np.ndarray) -> np.ndarray | None:
        """Of each example in the loss, by its class."""
        return None

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        """What folds keep in proportion."""
        return None

    @property
    def _classes(self) -> int | None:
        """How many are told apart; None for quantities."""
        return None

    # Fitting.

    def fit(self, X: Any, y: Any, sample_weight: Any = None, validation: Any = None) -> Self:
        """Train on examples and their labels or quantities.

        Args:
            X: of shape (examples, features), an array or a frame.
            y: shape (examples,), or (examples, outputs): quantities, or labels as 0 and 1.
            sample_weight: of the examples in the loss.
            validation: (X, y) that judge each member, in place of a part of the examples, all of which then train.

        Raises:
            ValueError: if arguments or data cannot be used, or training diverged; it says which, and what to do.
        """
        check_arguments(self)
        clock = Clock(self.time_budget)
        lesson = self._prepared(X, y, sample_weight, validation)
        told = Line() if self.verbose else Silent()
        try:
            learned = Course(lesson, clock, told).run()
        finally:
            told.end()
        self._conclude(lesson, learned)
        return self

    def diagnose(
        self, X: Any, y: Any, sample_weight: Any = None, *, budget: float | None = 30.0, steps: int | None = None
    ) -> Diagnosis:
        """What is wrong with data or training as one of the networks meets them; the estimator stays as it is.

        Args:
            X: as of ``fit``.
            y: as of ``fit``.
            sample_weight: as of ``fit``.
            budget: seconds after which nothing new is tried; None for no end.
            steps: in place of seconds, so many steps of the optimizer.

        Raises:
            ValueError: as ``fit``.
        """
        e: Any = clone(self)
        check_arguments(e)
        lesson = e._prepared(X, y, sample_weight, None)
        return diagnosis_of_member(lesson, e._table.names, budget, steps)

    def _prepared(self, X: Any, y: Any, sample_weight: Any, validation: Any) -> Lesson:
        """What members are to learn from these arguments of ``fit``."""
        weights = None
        if sample_weight is not None:
            rows = np.empty((_num_samples(X), 0))
            weights = np.asarray(_check_sample_weight(sample_weight, rows, dtype=float, ensure_non_negative=True))
            if not weights.any():
                raise DataError("all examples weigh 0: there is nothing to learn from")
        rows = checked_rows(self, X, True)
        if y is None:
            # In scikit-learn's words, which its checks look for.
            raise DataError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        self._table = Table.fit(rows, weights)
        part, judging = self._parts(rows, y, weights, validation)
        self._seed = int(check_random_state(self.random_state).randint(2**31))
        return self._lesson(part, judging)

    def _checked(self, rows: Any, y: Any) -> tuple[np.ndarray, Any]:
        """The matrix of some rows, and targets that can be read."""
        return cast(Any, check_X_y(self._table.matrix(rows), y, multi_output=True))

    def _parts(self, X: Any, y: Any, weights: np.ndarray | None, validation: Any) -> tuple[Part, Part | None]:
        """What trains, in an order that it alone determines, and what judges if that is given."""
        matrix, y = self._checked(X, y)
        self._learn_targets(y, None)
        part = laid_out(Part(matrix, self._read(y), weights))
        by_class = self._class_weights(part.y)
        if by_class is not None:
            part = part._replace(weights=by_class if part.weights is None else part.weights * by_class)
            if not np.any(part.weights):
                raise DataError("class_weight makes all examples weigh 0: there is nothing to learn from")
        if validation is None:
            return part, None
        if not isinstance(validation, (list, tuple)) or len(validation) != 2:
            raise SettingError("validation must be a pair: (X, y)")
        given, targets = self._checked(checked_rows(self, validation[0], False), validation[1])
        return part, Part(given, self._read(targets), None)

    def _lesson(self, part: Part, judging: Part | None) -> Lesson:
        c = chosen(self, len(part.y), self._table.numbers, self._classes)
        y = self._to_members(part, judging)
        X, weights = part.X, part.weights
        if judging is None:
            held = held_out(X, part.y, self._strata(part.y), c.members, c.folds, self._seed)
        else:
            held = np.tile(np.arange(len(y)) >= len(X), (c.members, 1))
            X = np.concatenate([X, judging.X])
            weights = None if weights is None else np.concatenate([weights, np.ones(len(judging.y))])
        return Lesson(
            form=self._form(c, X, y),
            chosen=c,
            X=np.ascontiguousarray(X, self.dtype),
            y=y,
            weights=weights,
            held=held,
            seed=self._seed,
            engine=self.engine,
            device=self.device,
            threads=threads_of(self),
            patience=float(self.n_iter_no_change),
            timed=self.time_budget is not None,
        )

    def _form(self, c: Defaults, X: np.ndarray, y: np.ndarray) -> Form:
        numbers = self._table.numbers
        edges = None
        if c.bins and numbers:
            edges = np.quantile(X[:, :numbers], np.linspace(0, 1, c.bins + 1), axis=0).T.astype(self.dtype)
        return Form(
            features=X.shape[1],
            numbers=numbers,
            outputs=y.shape[1],
            loss=self._loss_of_each(),
            hidden=c.hidden,
            activation=activations(self, c),
            parametric=c.parametric,
            frequencies=c.frequencies,
            embedded=c.embedded,
            edges=edges,
            drops=c.dropout > 0,
        )

    def _conclude(self, lesson: Lesson, learned: Learned) -> None:
        """The attributes that remain."""
        self.temperature_ = self._finish(learned, lesson.weights)
        self.network_ = predicting(lesson.form, learned.parameters, self.temperature_)
        self.parameters_ = learned.parameters
        self.n_members_, self.n_outputs_ = len(learned.epochs), lesson.form.outputs
        self.n_iter_ = len(learned.loss_curve)
        self.best_epochs_ = learned.epochs
        self.loss_curve_, self.validation_loss_curve_ = learned.loss_curve, learned.held_curve
        self.engine_ = learned.engine
        self._remember(lesson.X, lesson.weights)

    # Predicting.

    def _scores(self, X: Any) -> np.ndarray:
        """Scores of shape (examples, outputs), of all members together."""
        check_is_fitted(self)
        with np.errstate(over="ignore", invalid="ignore"):
            rows = checked_rows(self, X, False)
            # Who gives a frame of ours tells it in another way.
            if not isinstance(X, Frame) and (unseen := self._table.unseen(rows)):
                told = "; ".join(f"{column}: {', '.join(found)}" for column, found in unseen.items())
                warnings.warn(f"X has categories that no training row had: {told}. They count as none.", stacklevel=3)
            matrix = self._table.matrix(rows)
            scores = scores_in_parts(self.network_, self.parameters_, matrix, float)
        finite = np.isfinite(scores).all(axis=1)
        if not finite.all():
            raise DataError(
                f"the scores of {np.sum(~finite):,} of {len(scores):,} examples are not finite, first of example "
                f"{np.argmin(finite)}: it lies too far outside of what was trained on, or training diverged"
            )
        return scores
