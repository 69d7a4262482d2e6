"""Members trained together: one batched model, steps of the ordinary loop, each member's best epoch kept."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpath.engines import Choice
from backpath.engines.xla.setting import XlaSetting
from backpath.estimators.robust.defaults import Defaults
from backpath.estimators.robust.judges import Bench, Judges
from backpath.estimators.robust.members import Arrays, Form, Members, stacked
from backpath.estimators.robust.progress import Progress
from backpath.estimators.robust.schedule import Clock, Schedule, level_then_down, waves
from backpath.graph import NonFiniteError, SettingError
from backpath.training.loop.engine_choice import choose_engine
from backpath.training.loop.epochs import Loop
from backpath.training.loop.examples import InMemory
from backpath.training.loop.rows import rows_of
from backpath.training.optimizers.chain import Optimizer, OptimizerState, chain
from backpath.training.optimizers.limits import Decay, Factors
from backpath.training.optimizers.momenta import ScaleByAdam
from backpath.training.optimizers.named import ScaleByRate

TURNS = (1 / 15, 3 / 15, 7 / 15)
"""Where a wave of the step size ends and the next one begins."""

RESERVE = 0.08
"""The part of the time that is kept for what comes after the last epoch."""


@dataclass(frozen=True)
class Lesson:
    """What members train on, and how.

    Attributes:
        form: of each member.
        chosen: numbers of the fit.
        X: features of shape (rows, features), of the type to train in.
        y: what they are to predict, of shape (rows, outputs), as they are judged by it.
        weights: of the rows, or None for 1 each.
        held: whether a row judges a member and does not train it, of shape (members, rows).
        seed: of everything random.
        engine: that makes the steps, or ``"auto"``.
        device: of the XLA engine.
        threads: that may be used.
        patience: epochs without a better one after which a member ends.
    """

    form: Form
    chosen: Defaults
    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None
    held: np.ndarray
    seed: int
    engine: str
    device: str | None
    threads: int
    patience: float

    @property
    def steps(self) -> int:
        """Of an epoch, with no more rows than asked for in each: fewer where there would be too few steps."""
        rows, c = len(self.X), self.chosen
        most = max(c.least_batch, math.ceil(rows * c.epochs / c.least_steps)) if c.least_steps else rows
        return math.ceil(rows / min(c.batch, rows, most))

    @property
    def batch(self) -> int:
        """Rows of a step: all steps have as many, so that they are one program; an epoch may leave out a few rows."""
        return len(self.X) // self.steps

    def targets(self, members: np.ndarray) -> np.ndarray:
        """Of each row: what it is to predict, smoothed, then what it weighs for each of these members."""
        y, smoothing = self.y, self.chosen.smoothing
        if self.form.loss == "cross_entropy":
            y = (1 - smoothing) * y + smoothing / self.form.outputs
        elif self.form.loss == "sigmoid_cross_entropy":
            y = (1 - smoothing) * y + smoothing / 2
        trains = (~self.held[members].T).astype(float)
        if self.weights is not None:
            trains *= self.weights[:, None]
        mean = trains.mean(axis=0)
        return np.concatenate([y, trains / np.where(mean > 0, mean, 1)], axis=1).astype(self.X.dtype)


@dataclass
class Learned:
    """What training found, of each member that began.

    Attributes:
        parameters: at its best epoch, of shapes (members, ...).
        scores: then, of the rows that judge it, of shape (members, held, outputs).
        losses: then, of those rows.
        epochs: the number of that epoch.
        judges: which rows they are.
        loss_curve: the mean loss of training, an epoch each.
        held_curve: the mean loss of held-out rows over members in training, an epoch each.
        engine: what made the steps.
    """

    parameters: Arrays
    scores: np.ndarray
    losses: np.ndarray
    epochs: np.ndarray
    judges: Judges
    loss_curve: list[float] = field(default_factory=list)
    held_curve: list[float] = field(default_factory=list)
    engine: Choice | None = None


class Course:
    """One fit of all members.

    Args:
        lesson: what they train on.
        clock: how long it may take.
        told: hears of each epoch.
    """

    def __init__(self, lesson: Lesson, clock: Clock, told: Progress):
        self.lesson, self.clock, self.told = lesson, clock, told
        self.bench = Bench(lesson.form)
        members = len(lesson.held)
        first = stacked(lesson.form, lesson.seed, range(members), lesson.chosen.bias, lesson.chosen.spread)
        dtype = lesson.X.dtype
        first = {name: value.astype(dtype) for name, value in first.items()}
        judges = Judges.of(lesson.held, lesson.X, lesson.y.astype(dtype), lesson.weights)
        scores = np.zeros((*judges.rows.shape, lesson.form.outputs), dtype)
        best = {name: value.copy() for name, value in first.items()}
        self.found = Learned(best, scores, np.full(members, np.inf), np.zeros(members, int), judges)
        self.going = np.arange(members)
        self.turns = list(TURNS)
        self.in_wave, self.before_wave = np.full(members, np.inf), np.full(members, np.inf)
        self.rows = rows_of(lesson.X)
        self.schedule = Schedule(lesson.chosen.epochs * lesson.steps)
        self.loop = self._loop(first, None)

    def run(self) -> Learned:
        """Train until the course or the time ends.

        Raises:
            SettingError: if training diverged.
        """
        found, epoch = self.found, 0
        while True:
            epoch += 1
            loss = self._epoch()
            losses = self._judged(epoch)
            found.loss_curve.append(loss)
            judged = losses[found.judges.judged[self.going]]
            found.held_curve.append(float(judged.mean()) if len(judged) else math.nan)
            step = self.loop.state.steps
            self._mind_time(step)
            self.told.epoch(epoch, self.schedule.progress(step), found.held_curve[-1], len(self.going))
            if step >= self.schedule.total or self.clock.left <= self._reserve or not self._thin_out(epoch, step):
                break
        self.loop.stepping.fetch()
        if not np.isfinite(found.losses[found.judges.judged]).all():
            raise SettingError(
                f"training diverged: scores of held-out rows overflow: lower learning_rate_init={self._rate:g}"
            )
        return found

    @property
    def _rate(self) -> float:
        return self.lesson.chosen.rate

    @property
    def _reserve(self) -> float:
        return 0.0 if self.clock.budget is None else RESERVE * self.clock.budget

    def _loop(self, parameters: Arrays, state: OptimizerState | None) -> Loop:
        """What makes epochs of the members that go on, from these parameters."""
        lesson = self.lesson
        model = Members(lesson.form, parameters)
        flat = np.concatenate([value.ravel() for value in parameters.values()])
        optimizer = self._optimizer(model)
        setting = XlaSetting(lesson.device)
        left = math.ceil((self.schedule.total - (state.steps if state else 0)) / lesson.steps)
        examples = InMemory(self.rows, lesson.targets(self.going), most=lesson.batch * lesson.steps)
        choice, programs = choose_engine(
            lesson.engine,
            model,
            flat,
            examples,
            optimizer,
            None,
            lesson.batch,
            left,
            lesson.threads,
            setting=setting,
        )
        self.found.engine = self.found.engine or choice
        extras: dict[str, Any] = {"programs": programs, "setting": setting}
        return Loop(
            model,
            flat,
            examples,
            lesson.batch,
            optimizer,
            lesson.seed,
            state=state,
            engine=choice.engine,
            threads=lesson.threads,
            **extras,
        )

    def _optimizer(self, model: Members) -> Optimizer:
        c, schedule = self.lesson.chosen, self.schedule
        fans, shapes = self.lesson.form.fans, model.parameter_shapes
        # A weight of deviation 1 / root(inputs), whose steps are as much smaller, is the NTK parametrization.
        of_kind = {"scale": c.scale_factor, "gain": c.scale_factor, "drop": 0.0}
        of_kind |= dict.fromkeys(("frequency", "phase", "mix", "shift"), c.embedding_factor)
        of_kind |= {name: 1 / math.sqrt(fan) for name, fan in fans.items()}
        factors = [np.full(math.prod(shape), of_kind.get(name, c.bias_factor)) for name, shape in shapes.items()]
        links: list[Any] = [ScaleByAdam(c.beta_1, c.beta_2, 1e-8), Factors(np.concatenate(factors))]
        if c.decay:
            mask = [np.full(math.prod(shape), float(name in fans)) for name, shape in shapes.items()]
            pull = lambda step: c.decay * level_then_down(schedule.progress(step))  # noqa: E731
            links.append(Decay(pull, mask=np.concatenate(mask)))
        return chain(*links, ScaleByRate(lambda step: c.rate * waves(schedule.progress(step))))

    @property
    def _views(self) -> Arrays:
        stepping = self.loop.stepping
        return stepping.model.views(stepping.parameters)

    def _epoch(self) -> float:
        """Its loss.

        Raises:
            SettingError: if training diverged.
        """
        loop, c = self.loop, self.lesson.chosen
        if self.lesson.form.drops:
            self._views["drop"][...] = c.dropout * level_then_down(self.schedule.progress(loop.state.steps))
            loop.stepping.changed()
        try:
            with loop.blas(), np.errstate(over="ignore", invalid="ignore"):
                return loop.epoch().loss
        except NonFiniteError as error:
            raise SettingError(f"training diverged: {error} (learning_rate_init={self._rate:g})") from error

    def _judged(self, epoch: int) -> np.ndarray:
        """The losses of held-out rows of the members that go on; what is best of each is kept."""
        found, going = self.found, self.going
        judges, parameters = found.judges.some(going), self._views
        with self.loop.blas(), np.errstate(over="ignore", invalid="ignore"):
            scores, losses = self.bench.judge(parameters, judges)
        better = (losses < found.losses[going]) | ~judges.judged
        of, kept = np.flatnonzero(better), going[better]
        found.losses[kept], found.scores[kept], found.epochs[kept] = losses[of], scores[of], epoch
        for name, value in parameters.items():
            found.parameters[name][kept] = value[of]
        self.in_wave[going] = np.minimum(self.in_wave[going], losses)
        return losses

    def _mind_time(self, step: int) -> None:
        """Shorten the course to what the time allows, by what the epochs so far took."""
        if self.clock.budget is None:
            return
        epochs = len(self.found.loss_curve)
        if epochs == 1:
            self.began = self.clock.spent
            return
        pace = (self.clock.spent - self.began) / (epochs - 1)
        left = max(int((self.clock.left - self._reserve) / max(pace, 1e-9)), 0)
        end = step + left * self.loop.steps
        if end < self.schedule.total:
            self.schedule.end_at(end, step)

    def _thin_out(self, epoch: int, step: int) -> bool:
        """Leave behind the members that will not get better; whether any go on."""
        found, stays = self.found, np.ones(len(self.going), bool)
        if self.lesson.patience < math.inf:
            stays = epoch - found.epochs[self.going] <= self.lesson.patience
        if self.turns and self.schedule.progress(step) >= self.turns[0]:
            self.turns.pop(0)
            # Waves lengthen: where one was no better than all before it, longer ones would only fit more closely.
            stays &= (self.in_wave <= self.before_wave)[self.going] | ~found.judges.judged[self.going]
            self.before_wave = np.minimum(self.before_wave, self.in_wave)
            self.in_wave[:] = np.inf
        if stays.all() or not stays.any():
            return bool(stays.any())
        self._go_on_with(np.flatnonzero(stays))
        return True

    def _go_on_with(self, kept: np.ndarray) -> None:
        """A smaller loop for some of the members, from where they stand."""
        loop = self.loop
        loop.stepping.fetch()
        model, state = loop.stepping.model, loop.state

        def some(flat: np.ndarray) -> Arrays:
            return {name: view[kept].copy() for name, view in model.views(flat).items()}

        arrays = tuple(
            tuple(np.concatenate([part.ravel() for part in some(array).values()]) for array in own)
            for own in state.arrays
        )
        self.going = self.going[kept]
        rng = loop.rng
        self.loop = self._loop(some(loop.stepping.parameters), state._replace(arrays=arrays))
        self.loop.rng = rng
        self.loop.feed.shuffle(rng)
