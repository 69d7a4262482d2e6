"""The loop of training: epochs of mini-batch steps on one flat array of parameters."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from backpath.engines.processes.signs import getting_on
from backpath.engines.xla.setting import ANYWHERE, XlaSetting
from backpath.graph import NonFiniteError, RunError
from backpath.nets import Model
from backpath.paths import linearize
from backpath.training.checkpoints.checkpoint import Checkpoint
from backpath.training.checkpoints.saver import LONGEST, Saver
from backpath.training.loop.cores import blas_threads, usable_cores
from backpath.training.loop.examples import Examples
from backpath.training.loop.snapshot import Snapshot
from backpath.training.loop.stepping import Programs, Stepping, form
from backpath.training.optimizers.averaging import PolyakAverage
from backpath.training.optimizers.chain import Optimizer, OptimizerState
from backpath.training.optimizers.plateau import PlateauState, ReduceOnPlateau

MOST_ROLLBACKS = 3

FAR = 3.0
"""How many times the lowest loss a loss may lie above it, in a state that is worth going back to."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training data.

    Attributes:
        number: from 1.
        loss: the mean of its steps.
        seconds: wall time.
        factor: what its step sizes were multiplied by: below 1 if a loss that was not finite halved them before, or a
            plateau lowered them.
    """

    number: int
    loss: float
    seconds: float
    factor: float = 1.0


def typical_seconds(history: Sequence[Epoch]) -> float:
    """The median of what epochs took, the upper one of two."""
    return sorted(epoch.seconds for epoch in history)[len(history) // 2]


def descend(
    model: Model,
    parameters: np.ndarray,
    examples: Examples,
    *,
    epochs: int,
    batch: int,
    optimizer: Optimizer,
    seed: int,
    plateau: ReduceOnPlateau | None = None,
    average: PolyakAverage | None = None,
    threads: int | None = None,
    saver: Saver | None = None,
    resume: Checkpoint | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    engine: str = "numpy",
    programs: Programs | None = None,
    setting: XlaSetting = ANYWHERE,
) -> tuple[tuple[Epoch, ...], int]:
    """Train one flat array of parameters in place; arguments as of ``fit``, already checked.

    Returns:
        The epochs, and how many steps one takes.
    """
    extras: dict[str, Any] = {"plateau": plateau, "average": average, "saver": saver, "programs": programs}
    extras |= {"engine": engine, "threads": threads or usable_cores(), "setting": setting}
    loop = Loop(model, parameters, examples, batch, optimizer, seed, **extras)
    if resume:
        loop.resume(resume)
    # A loss that overflows ends the fit with an error of its own; NumPy's warnings would only come before it.
    quiet = np.errstate(over="ignore", invalid="ignore")
    with loop.blas(), quiet, saver.catching_interrupts() if saver else nullcontext():
        while len(loop.history) < epochs:
            told = loop.epoch()
            if on_epoch is not None:
                loop.company.all_or_none(partial(on_epoch, told))
            if saver:
                saver.after_epoch(loop.capture, last=len(loop.history) == epochs)
    if average and loop.stepping.averaged:
        average.read(loop.stepping.averaged, parameters)
    return tuple(loop.history), loop.steps


class Loop:
    """Everything that an epoch needs, made once.

    Args:
        model: what to train.
        parameters: one flat array, changed in place.
        examples: to train it on.
        batch: examples a step.
        optimizer: of the steps.
        seed: of the order of examples and of what drops out.
        state: the optimizer's, to go on with; by default that before the first step.
        shuffle: whether each epoch has a new order.
        rng: shuffles the order, in place of a generator of ``seed``; it has ``shuffle`` and ``bit_generator.state``.
        plateau: lowers the step size where the loss no longer falls.
        average: of the parameters over the steps.
        saver: keeps where training stands.
        engine: one of ``ENGINES``.
        threads: that it may use.
        programs: of other trainings of the same model by the same engine.
        setting: of the XLA engine.
    """

    def __init__(
        self,
        model: Model,
        parameters: np.ndarray,
        examples: Examples,
        batch: int,
        optimizer: Optimizer,
        seed: int,
        *,
        state: OptimizerState | None = None,
        shuffle: bool = True,
        rng: Any = None,
        plateau: ReduceOnPlateau | None = None,
        average: PolyakAverage | None = None,
        saver: Saver | None = None,
        engine: str = "numpy",
        threads: int = 1,
        programs: Programs | None = None,
        setting: XlaSetting = ANYWHERE,
    ):
        self.stepping = Stepping(model, parameters, optimizer, seed, state, average, engine, threads, programs, setting)
        self.rng = np.random.default_rng([seed, 1]) if rng is None else rng
        self.plateau, self.saver = plateau, saver
        self.waiting = plateau.init() if plateau else None
        self.snapshot = Snapshot(parameters, self.state, self.stepping.averaged)
        self.feed = examples.feed(model, self.stepping.steps, batch, shuffle, self.stepping.shares)
        self.company = self.stepping.shares.company
        self.steps = self.feed.steps
        self.losses = np.zeros(self.steps)
        self.history: list[Epoch] = []
        self.lowest = math.inf
        self.rollbacks, self.step, self.spent = 0, 0, 0.0
        self.pace = LONGEST / 8
        self._begin()

    @property
    def state(self) -> OptimizerState:
        """The optimizer's."""
        return self.stepping.state

    @state.setter
    def state(self, state: OptimizerState) -> None:
        self.stepping.state = state

    def takes(self, optimizer: Optimizer) -> bool:
        """Whether the programs are of this optimizer too, which then differs in its step sizes alone."""
        return form(optimizer) == form(self.stepping.optimizer)

    def restart(self, parameters: np.ndarray, optimizer: Optimizer, seed: int) -> None:
        """Begin again, as a new loop would from these parameters, with an optimizer that :meth:`takes` accepts."""
        self.stepping.restart(parameters, optimizer, seed)
        self.rng = np.random.default_rng([seed, 1])
        self.waiting = self.plateau.init() if self.plateau else None
        self.history = []
        self.lowest = math.inf
        self.rollbacks, self.spent = 0, 0.0
        self._begin()

    def blas(self) -> Any:
        """A context in which the BLAS has the threads that the engine needs: the compiled one shares out products."""
        if not self.stepping.minds_blas:
            return nullcontext()
        return blas_threads(self.stepping.threads if self.stepping.engine == "numpy" else 1)

    def epoch(self) -> Epoch:
        """One pass in a new order, or the rest of one.

        As often as its loss or the parameters after it are not finite, training goes back to where its loss was last
        near its lowest, with half the steps.
        """
        while True:
            self._descend(self.steps)
            self.stepping.fetch()
            loss = self.company.led(float(self.losses @ self.feed.weights))
            # The sum of finite numbers is finite in double precision, and takes no array of flags.
            if np.isfinite(loss) and np.isfinite(self.company.led(self.stepping.parameters.sum(dtype=float))):
                break
            self._roll_back()
        self.history.append(Epoch(len(self.history) + 1, loss, self.spent, self.state.factor))
        self.lowest = min(self.lowest, loss)
        if self.plateau and self.waiting:
            lowered, self.waiting = self.plateau.update(loss, self.waiting)
            self.state = self.state._replace(factor=self.state.factor * lowered)
        self.spent = 0.0
        self._begin()
        return self.history[-1]

    def capture(self) -> Checkpoint:
        """Where training stands, between two steps; its arrays are the training's own."""
        self.stepping.fetch()
        snapshot = self.snapshot
        arrays = {**snapshot.arrays, **{f"start.{name}": copy for name, copy in snapshot.copies.items()}}
        facts = {
            "step": self.step,
            "spent": self.spent,
            "rollbacks": self.rollbacks,
            "history": [asdict(epoch) for epoch in self.history],
            "steps": self.state.steps,
            "factor": self.state.factor,
            "weight": self.stepping.averaged.weight if self.stepping.averaged else 0.0,
            "waiting": list(self.waiting) if self.waiting else None,
            "random": self.began,
            "start": snapshot.facts,
        }
        return Checkpoint({**arrays, "losses": self.losses}, facts)

    def resume(self, checkpoint: Checkpoint) -> None:
        """Stand where a training of the same settings stood.

        Raises:
            RunError: if the checkpoint is of another training.
        """
        here, facts = self.capture(), checkpoint.facts
        for name, array in here.arrays.items():
            found = checkpoint.arrays.get(name)
            if found is None or (found.shape, found.dtype) != (array.shape, array.dtype):
                raise RunError(f"the checkpoint is of another training: its {name!r} does not fit")
        try:
            step = int(facts["step"])
            self.history = [
                Epoch(**{name: _finite(told) for name, told in epoch.items()}) for epoch in facts["history"]
            ]
            self.lowest = _lowest(self.history)
            self.snapshot.facts = self._start_of(facts["start"])
            self.state = self.state._replace(steps=int(facts["steps"]), factor=_finite(facts["factor"]))
            self.rollbacks, self.spent = int(facts["rollbacks"]), _finite(facts["spent"])
            if averaged := self.stepping.averaged:
                self.stepping.averaged = averaged._replace(weight=_finite(facts["weight"]))
            if self.waiting:
                self.waiting = PlateauState(*facts["waiting"])
            self.rng.bit_generator.state = facts["random"]
        except KeyError as error:
            raise RunError(f"the checkpoint lacks {error}: another version of backpath made it") from None
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            raise RunError(f"the checkpoint is damaged: {error}") from None
        if not 0 <= step <= self.steps:
            raise RunError(f"the checkpoint is damaged: it has made {step} of {self.steps} steps")
        for name, array in here.arrays.items():
            np.copyto(array, checkpoint.arrays[name])
        self.stepping.changed()
        self._shuffle()
        self.step = step

    def _start_of(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The facts of a snapshot from a checkpoint, each of its kind; ValueError, KeyError or TypeError if not."""
        self.rng.bit_generator.state = facts["random"]
        numbers = {"steps": int(facts["steps"]), "weight": _finite(facts["weight"]), "epochs": int(facts["epochs"])}
        if not 0 <= numbers["epochs"] <= len(self.history):
            raise ValueError(f"it goes back to epoch {numbers['epochs']} of {len(self.history)}")
        waiting = facts["waiting"] and list(PlateauState(*facts["waiting"]))
        return {**numbers, "random": facts["random"], "waiting": waiting}

    def _begin(self) -> None:
        """An epoch; where it begins is kept to go back to, unless the loss has left its lowest far below."""
        if not self.history or self.history[-1].loss <= self.lowest + FAR * abs(self.lowest):
            self.snapshot.save(self.state, self.stepping.averaged, self.rng)
            self.snapshot.facts |= {"epochs": len(self.history), "waiting": self.waiting and list(self.waiting)}
        self._shuffle()

    def _shuffle(self) -> None:
        self.began = self.rng.bit_generator.state
        self.feed.shuffle(self.rng)
        self.step = 0

    def _descend(self, until: int) -> None:
        """The steps of this epoch as far as the one before ``until``."""
        for steps, rows in self.feed.stretches(self.step, until):
            made = 0
            while made < len(rows):
                started = time.perf_counter()
                patience = self.saver.patience if self.saver else LONGEST
                count = min(max(int(patience / self.pace), 1), len(rows) - made)
                counts = np.arange(self.state.steps, self.state.steps + count)
                steps.run(rows[made : made + count], counts, self.losses[self.step : self.step + count])
                self.stepping.made(count)
                made, self.step = made + count, self.step + count
                seconds = time.perf_counter() - started
                # The next stretch is as long for all processes.
                self.spent, self.pace = self.spent + seconds, self.company.led(max(seconds / count, 1e-7))
                getting_on()
                if self.saver:
                    self.saver.after_step(self.capture)

    def _roll_back(self) -> None:
        if self.rollbacks == MOST_ROLLBACKS:
            raise self._error()
        self.rollbacks += 1
        self._restore()
        self.state = self.state._replace(factor=self.state.factor / 2)

    def _restore(self) -> None:
        """Go back to the snapshot, and begin its epoch."""
        self.state, self.stepping.averaged = self.snapshot.restore(self.state, self.stepping.averaged, self.rng)
        self.stepping.changed()
        del self.history[self.snapshot.facts["epochs"] :]
        self.lowest = _lowest(self.history)
        if waiting := self.snapshot.facts["waiting"]:
            self.waiting = PlateauState(*waiting)
        self._shuffle()

    def _error(self) -> NonFiniteError:
        """What happened, found by making the steps before it again."""
        number, factor, finite = len(self.history) + 1, self.state.factor, np.isfinite(self.losses)
        step = self.steps - 1 if finite.all() else int(np.argmin(finite))
        what = f"weights are not finite after step {step + 1} of epoch {number}"
        if not finite.all():
            what = f"loss is {self.losses[step]} at step {step + 1} of epoch {number}"
        undone = self.history[self.snapshot.facts["epochs"] :]
        self._restore()
        self.saver = None
        for epoch in undone:
            self.state = self.state._replace(factor=epoch.factor)
            self._descend(self.steps)
            self._shuffle()
        self.state = self.state._replace(factor=factor)
        self._descend(step)
        self.stepping.fetch()
        where = "" if finite.all() else self._first_not_finite(step)
        return NonFiniteError(
            f"training diverged: the {what}{where}, with step sizes already halved {MOST_ROLLBACKS} times. Lower the "
            f"rate, or scale the features to mean 0 and deviation 1"
        )

    def _first_not_finite(self, step: int) -> str:
        """The first node of a step's loss that is not finite, in words."""
        X, y = self.feed.examples(step)
        model, parameters = self.stepping.model, self.stepping.parameters
        y = y.astype(parameters.dtype) if y.dtype.kind == "f" else y
        X = model.shaped(X.astype(model.input_dtype(parameters.dtype)))
        p = linearize(model.loss_value, model.views(parameters), X, y)
        largest = {name: np.max(np.abs(value)) for name, value in zip(p.names, p.values, strict=True) if np.size(value)}
        if bad := next((name for name, value in largest.items() if not np.isfinite(value)), ""):
            return f", where {bad} is the first node that is not finite"
        # The program of the loss computes in another order than its graph.
        name = max(largest, key=largest.__getitem__)
        return f", where {name} reaches {largest[name]:.1e}"


def _lowest(history: Sequence[Epoch]) -> float:
    return min((epoch.loss for epoch in history), default=math.inf)


def _finite(number: Any) -> Any:
    """The number, if it is one and finite; else raises TypeError or ValueError."""
    if not np.isfinite(number):
        raise ValueError(f"it holds {number} for a number")
    return number
