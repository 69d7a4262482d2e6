"""Some members in one batched model, which take the ordinary loop's steps; the best epoch of each is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from backpath.engines import Choice
from backpath.engines.xla.setting import XlaSetting
from backpath.estimators.robust.judges import Bench
from backpath.estimators.robust.lesson import Learned, Lesson
from backpath.estimators.robust.members import Arrays, Members
from backpath.estimators.robust.schedule import Schedule, level_then_down, waves
from backpath.graph import NonFiniteError, SettingError
from backpath.training.loop.engine_choice import choose_engine
from backpath.training.loop.epochs import Loop
from backpath.training.loop.examples import InMemory
from backpath.training.loop.rows import Rows
from backpath.training.loop.stepping import Programs
from backpath.training.optimizers.chain import Optimizer, OptimizerState, chain
from backpath.training.optimizers.limits import Decay, Factors
from backpath.training.optimizers.momenta import ScaleByAdam
from backpath.training.optimizers.named import ScaleByRate


class Squad:
    """Members that take each step together.

    Args:
        lesson: what they train on.
        rows: its features.
        found: what is best of all members so far; this writes what its own members find.
        schedule: of the whole course.
        members: which of all they are.
        seed: of the order of rows and of what drops out.
        threads: that a step may use.
        programs: of other squads of as many, which are used again and added to.
    """

    def __init__(
        self,
        lesson: Lesson,
        rows: Rows,
        found: Learned,
        schedule: Schedule,
        members: np.ndarray,
        seed: int,
        threads: int,
        programs: dict[int, Programs],
    ):
        self.lesson, self.rows, self.found, self.schedule = lesson, rows, found, schedule
        self.members, self.seed, self.threads, self.programs = members, seed, threads, programs
        self.loss, self.losses = math.nan, np.full(len(members), np.inf)
        first = {name: value[members] for name, value in found.parameters.items()}
        self._gather(first, None)

    def train(self) -> None:
        """Make a round of steps.

        Raises:
            SettingError: if training diverged.
        """
        loop, c = self.loop, self.lesson.chosen
        if self.lesson.form.drops:
            self.views["drop"][...] = c.dropout * level_then_down(self.schedule.progress(loop.state.steps))
            loop.stepping.changed()
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                self.loss = loop.epoch().loss / len(self.members)
        except NonFiniteError as error:
            raise SettingError(f"training diverged: {error} (learning_rate_init={c.rate:g})") from error

    def judge(self, number: int) -> None:
        """Note the losses of held-out rows after so many epochs, and what is best of each member."""
        found, members = self.found, self.members
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            self.losses = self.bench.judge()
        better = (self.losses < found.losses[members]) | ~found.judges.judged[members]
        of, kept = np.flatnonzero(better), members[better]
        found.losses[kept], found.scores[kept], found.epochs[kept] = self.losses[of], self.bench.scores[of], number
        for name, value in self.views.items():
            found.parameters[name][kept] = value[of]

    def keep(self, chosen: np.ndarray) -> None:
        """Go on with some of the members alone, from where they stand."""
        loop, model = self.loop, self.loop.stepping.model

        def some(flat: np.ndarray) -> Arrays:
            return {name: view[chosen].copy() for name, view in model.views(flat).items()}

        arrays = tuple(tuple(_flat(some(array)) for array in own) for own in loop.state.arrays)
        self.members, self.losses = self.members[chosen], self.losses[chosen]
        state = loop.state._replace(arrays=arrays)
        # The next order was drawn already, and is drawn again.
        loop.rng.bit_generator.state = loop.began
        self._gather(some(loop.stepping.parameters), state, loop.rng)

    def _gather(self, parameters: Arrays, state: OptimizerState | None, rng: np.random.Generator | None = None) -> None:
        """Make the loop of these members, and what judges them."""
        lesson = self.lesson
        model = Members(lesson.form, parameters)
        flat, setting = _flat(parameters), XlaSetting(lesson.device)
        optimizer = optimizer_of(lesson, model.parameter_shapes, self.schedule)
        left = math.ceil((self.schedule.total - (state.steps if state else 0)) / lesson.round)
        examples = InMemory(self.rows, lesson.targets(self.members), most=lesson.batch * lesson.round)
        choice, programs = choose_engine(
            lesson.engine if self.found.engine is None else self.found.engine.engine,
            model,
            flat,
            examples,
            optimizer,
            None,
            lesson.batch,
            left,
            self.threads,
            setting=setting,
        )
        if choice.engine == "compiled" and lesson.engine == "auto":
            # Its products of stacks of matrices are slower than the BLAS's.
            choice, programs = Choice("numpy", "stacks of products, which the BLAS makes, a thread for each squad"), {}
        self.found.engine = self.found.engine or choice
        shared = self.programs.setdefault(len(self.members), {})
        shared |= programs
        options: dict[str, Any] = {"engine": choice.engine, "threads": self.threads, "setting": setting}
        self.loop = Loop(
            model, flat, examples, lesson.batch, optimizer, self.seed, state=state, programs=shared, rng=rng, **options
        )
        self.views: Arrays = model.views(flat)
        self.bench = Bench(lesson.form, self.found.judges, self.members, self.views)


def optimizer_of(lesson: Lesson, shapes: Mapping[str, tuple[int, ...]], schedule: Schedule) -> Optimizer:
    """The steps of parameters of these shapes, each kind with a size of its own."""
    c, fans = lesson.chosen, lesson.form.fans
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


def _flat(parameters: Arrays) -> np.ndarray:
    return np.concatenate([value.ravel() for value in parameters.values()])
