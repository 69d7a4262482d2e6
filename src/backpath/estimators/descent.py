"""Fits of an estimator by steps on batches: epochs, each judged by scikit-learn's rules."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from backpath.engines.xla.setting import XlaSetting
from backpath.estimators.parts import Part
from backpath.estimators.random_order import RandomOrder
from backpath.estimators.scoring import folded, scores_of
from backpath.estimators.steps import RATES, optimizer_of, weight_mask
from backpath.graph import NonFiniteError, SettingError
from backpath.training.loop.cores import usable_cores
from backpath.training.loop.engine_choice import choose_engine
from backpath.training.loop.epochs import Loop
from backpath.training.loop.examples import InMemory
from backpath.training.loop.rows import Rows, rows_of

LOWEST_RATE = 1e-6
STEP_DOWN = 5.0


class Descent:
    """One call of ``fit`` or ``partial_fit``: changes the estimator's parameters where they lie, and its attributes.

    Args:
        estimator: whose arguments and parameters.
        rows: to train on.
        part: what they are rows of, with targets and weights.
        held: what judges each epoch, or None.
        incremental: whether this is one epoch that goes on from the last call's.
    """

    def __init__(self, estimator: Any, rows: Rows, part: Part, held: Part | None, incremental: bool):
        self.estimator, self.rows, self.part, self.held = estimator, rows, part, held
        self.incremental = incremental
        self.held_rows = None if held is None else rows_of(held.X, estimator._scaling)
        self.mask = weight_mask(estimator._network)
        self.batch = self._batch_size()
        self.batch_weight = self.batch * (1.0 if part.weights is None else float(part.weights.mean()))
        self.overflowed: list[int] = []

    def run(self) -> None:
        """Train until it is time to stop.

        Raises:
            SettingError: if training diverged.
        """
        e, course = self.estimator, self.estimator._course
        course.tol, course.patience = e.tol, e.n_iter_no_change
        if self.incremental and course.best is not None and course.stalled:
            return
        if not self.incremental:
            e._state, e._rate = None, e.learning_rate_init
        loop = self._loop()
        try:
            with loop.blas(), np.errstate(over="ignore", invalid="ignore"):
                self._epochs(loop)
        except KeyboardInterrupt:
            loop.stepping.fetch()
            warnings.warn("Training interrupted by user.", stacklevel=4)
        e._state = loop.state
        if self.overflowed:
            self._tell_overflow()
        if course.best is not None and self.held is not None and (not self.incremental or course.stalled):
            e._flat[...] = course.best

    def _batch_size(self) -> int:
        examples = len(self.rows)
        asked = self.estimator._batch(examples)
        if asked > examples:
            warnings.warn(
                f"Got `batch_size` less than 1 or larger than sample size. It is going to be clipped to {examples}",
                stacklevel=5,
            )
        return min(asked, examples)

    def _loop(self) -> Loop:
        e, rows, part = self.estimator, self.rows, self.part
        epochs, steps = 1 if self.incremental else e.max_iter, math.ceil(len(rows) / self.batch)
        examples = InMemory(rows, e._to_network(part.y), part.weights)
        optimizer = optimizer_of(e, e._network, self.batch_weight, steps * e.max_iter)
        setting = XlaSetting(e.device)
        e.engine_, programs = choose_engine(
            e.engine, e._network, e._flat, examples, optimizer, None, self.batch, epochs, None, setting=setting
        )
        return Loop(
            e._network,
            e._flat,
            examples,
            self.batch,
            optimizer,
            int(e._random.get_state()[1][0]),
            state=e._state,
            shuffle=e.shuffle,
            rng=RandomOrder(e._random, len(rows)),
            engine=e.engine_.engine,
            threads=usable_cores(),
            programs=programs,
            setting=setting,
        )

    def _epochs(self, loop: Loop) -> None:
        e, course = self.estimator, self.estimator._course
        most, e.n_iter_ = 1 if self.incremental else e.max_iter, 0
        while len(loop.history) < most:
            loss = self._epoch(loop)
            penalty = 0.5 * e.alpha * float((e._flat * self.mask) @ e._flat) / self.batch_weight
            e.n_iter_ += 1
            e.t_ += len(self.rows)
            judged = self._judged()
            course.after_epoch(e._reported(loss, penalty), e._flat, judged)
            e.loss_ = course.losses[-1]
            if e.verbose:
                print(f"Iteration {e.n_iter_}, loss = {e.loss_:.8f}")
                if judged:
                    print(f"Validation score: {judged[1]:f}")
            if e.learning_rate == "invscaling":
                e._rate = e.learning_rate_init / (e.t_ + 1) ** e.power_t
            if course.stalled and self._stops():
                return
        if not self.incremental and e.learning_rate in RATES:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({e.max_iter}) reached and the optimization hasn't "
                f"converged yet.",
                ConvergenceWarning,
                stacklevel=5,
            )

    def _epoch(self, loop: Loop) -> float:
        """Its loss; says so if it had to be made again with smaller steps."""
        e, before, iteration = self.estimator, loop.rollbacks, len(loop.history) + 1
        try:
            loss = loop.epoch().loss
        except NonFiniteError as error:
            raise SettingError(
                f"Solver produced non-finite parameter weights: {error} (learning_rate_init={e.learning_rate_init:g}, "
                f"scale_features={e.scale_features!r})."
            ) from error
        if loop.rollbacks > before:
            undone = iteration - len(loop.history)
            e.n_iter_, e.t_ = e.n_iter_ - undone, e.t_ - undone * len(self.rows)
            e._course.undo(undone)
            warnings.warn(
                f"The loss was not finite in iteration {e.n_iter_ + undone + 1}: training went on from iteration "
                f"{e.n_iter_ + 1} with step sizes times {loop.state.factor:g}.",
                ConvergenceWarning,
                stacklevel=6,
            )
        return loss

    def _judged(self) -> tuple[float, float] | None:
        """Loss and score of the validation part, NaN where they overflow; None if there is none."""
        e, held = self.estimator, self.held
        if held is None or self.held_rows is None:
            return None
        network, parameters = folded(e, self.rows)
        scores = scores_of(self.held_rows, network, parameters, e._dtype)
        losses = network.loss_function.function(scores, network.targets(e._to_network(held.y)))
        loss = e._reported(float(np.average(losses, weights=held.weights)))
        if not (np.isfinite(scores).all() and np.isfinite(loss)):
            self.overflowed.append(e.n_iter_)
            return math.nan, math.nan
        return loss, e._score(scores, held)

    def _tell_overflow(self) -> None:
        e, told = self.estimator, self.overflowed
        what = f"{len(told)} of {e.n_iter_} iterations ended with predictions of the validation part that overflow"
        cure = f"lower learning_rate_init={e.learning_rate_init:g}, or scale the features (scale_features=True)"
        if e._course.best is None:
            raise SettingError(f"training diverged: {what}, and none with others: {cure}")
        warnings.warn(
            f"{what}, first iteration {told[0]}; what was best before is kept. Training diverged: {cure}.",
            ConvergenceWarning,
            stacklevel=5,
        )

    def _stops(self) -> bool:
        """Whether a course that no longer improves ends; an adaptive rate is lowered first."""
        e = self.estimator
        adaptive = e.solver == "sgd" and e.learning_rate == "adaptive"
        if adaptive and e._rate > LOWEST_RATE:
            e._rate /= STEP_DOWN
            e._course.waited = 0
            if e.verbose:
                print(f"{e._course.why} Setting learning rate to {e._rate:f}")
            return False
        if e.verbose:
            print(f"{e._course.why} Stopping.")
        return True
