"""What all steps of a training share: arrays, the optimizer's state, and the programs that an engine runs on them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from backpath.engines import Intake, NumPySteps, Part, Program, Steps, Take
from backpath.engines.processes.shares import WHOLE, Shares
from backpath.engines.xla.setting import ANYWHERE, XlaSetting
from backpath.nets import Model
from backpath.ops import leaves_of
from backpath.training.checkpoints.identity import described
from backpath.training.loop.rows import Rows
from backpath.training.loop.step import Batch, loss_and_gradient_program, update_program
from backpath.training.optimizers.averaging import AverageState, PolyakAverage
from backpath.training.optimizers.chain import Optimizer, OptimizerState

if TYPE_CHECKING:
    from backpath.engines.xla.placement import Placement
    from backpath.engines.xla.residence import Residence

Programs = dict[Any, Program]


def form(optimizer: Optimizer) -> str:
    """The same for optimizers whose steps are the same program: for those that differ in step sizes alone."""
    links = [{**described(t), **({"rate": None} if t.scales else {})} for t in optimizer.transforms]
    return json.dumps(links)


class Stepping:
    """Arrays that steps change in place, and from what they follow.

    Args:
        model: what to train.
        parameters: one flat array.
        optimizer: of the steps.
        seed: of what drops out.
        state: the optimizer's, to go on with.
        average: of the parameters over the steps.
        engine: one of ``ENGINES``.
        threads: that the compiled engine may use.
        programs: of other trainings of the same model by the same engine, which are used again and added to.
        setting: of the XLA engine.
    """

    def __init__(
        self,
        model: Model,
        parameters: np.ndarray,
        optimizer: Optimizer,
        seed: int,
        state: OptimizerState | None = None,
        average: PolyakAverage | None = None,
        engine: str = "numpy",
        threads: int = 1,
        programs: Programs | None = None,
        setting: XlaSetting = ANYWHERE,
    ):
        self.model, self.parameters, self.optimizer, self.seed = model, parameters, optimizer, seed
        self.gradient, self.loss = np.empty_like(parameters), np.zeros((), parameters.dtype)
        self.state = optimizer.init(parameters) if state is None else state
        self.average = average
        self.averaged: AverageState | None = average.init(parameters) if average else None
        self.engine, self.threads, self.minds_blas = engine, threads, False
        self.programs: Programs = {} if programs is None else programs
        self.setting = setting
        self._residence: Residence | None = None

    def steps(self, X: Rows, y: np.ndarray, batch: int, weights: np.ndarray | None) -> Steps:
        """What makes steps on so many examples each."""
        dtype, model = self.parameters.dtype, self.model
        given = Batch(model, X, y, batch, dtype, weights, lambda: self.seed)
        gradients = leaves_of(model.views(self.gradient))
        first = (
            self.gradient_program(batch, weights is not None),
            [*leaves_of(model.views(self.parameters)), *given.inputs],
            [self.loss, *gradients],
        )
        update = self.update_program()
        changed = [self.parameters, *(a for arrays in self.state.arrays for a in arrays)]
        changed += [self.averaged.total] if self.averaged else []
        scalars = np.empty((1, update.graph.nodes[update.graph.inputs[-1]].shape[0]), dtype)
        second = update, [self.gradient, *changed, scalars[0]], changed
        intakes = [*given.intakes, Intake(scalars, self._scalars, by_step=True)]
        made = self._made([first, second], intakes)
        self.minds_blas |= made.minds_blas
        return made

    def _made(self, parts: Sequence[Part], intakes: Sequence[Intake]) -> Steps:
        if self.engine == "numpy":
            return NumPySteps(parts, intakes, self.loss)
        if self.engine == "xla":
            from backpath.engines.xla.steps import XlaSteps

            return XlaSteps(parts, intakes, self.loss, self._on_device(parts), self.setting.precision)
        from backpath.engines.compiled.engine import CompiledSteps

        return CompiledSteps(parts, intakes, self.loss, self.threads)

    def _on_device(self, parts: Sequence[Part]) -> Residence:
        """The state where the XLA engine has it, the same for batches of any size."""
        from backpath.engines.xla.residence import Residence

        if self._residence is None:
            self._residence = Residence(parts[1][2], self.placement)
        return self._residence

    @cached_property
    def placement(self) -> Placement:
        """Where the XLA engine has its arrays."""
        from backpath.engines.xla.mesh import placement_of

        return placement_of(self.setting, [leaf.shape for leaf in leaves_of(self.model.views(self.parameters))])

    @property
    def shares(self) -> Shares:
        """Which rows of each batch are whose."""
        return self.placement.shares if self.engine == "xla" else WHOLE

    def fetch(self) -> None:
        """Bring the arrays up to date, to be read: an engine may have its own elsewhere while it makes steps."""
        if self._residence:
            self._residence.fetch()

    def changed(self) -> None:
        """Note that the arrays were written."""
        if self._residence:
            self._residence.changed()

    def restart(self, parameters: np.ndarray, optimizer: Optimizer, seed: int) -> None:
        """The arrays and the state before the first step, from these parameters."""
        self.optimizer, self.seed = optimizer, seed
        np.copyto(self.parameters, parameters)
        fresh = optimizer.init(self.parameters)
        for arrays, first in zip(self.state.arrays, fresh.arrays, strict=True):
            for array, value in zip(arrays, first, strict=True):
                np.copyto(array, value)
        self.state = OptimizerState(0, self.state.arrays, 1.0)
        if self.averaged:
            self.averaged.total.fill(0)
            self.averaged = self.averaged._replace(weight=0.0)
        self.changed()

    def made(self, steps: int) -> None:
        """Note that so many were made."""
        self.state = self.state._replace(steps=self.state.steps + steps)
        if self.averaged:
            self.averaged = self.averaged._replace(weight=self.averaged.weight + steps)

    def _scalars(self, target: np.ndarray) -> Take:
        """Writes the numbers of steps that come next, one row each."""

        def take(counts: np.ndarray) -> None:
            first, count = int(counts[0]), len(counts)
            own = self.optimizer.scalars(first, self.state.factor, count)
            target[:, : own.shape[1]] = own
            if self.average and self.averaged:
                weight = self.averaged.weight + first - self.state.steps
                target[:, own.shape[1] :] = self.average.scalars(weight, count)

        return take

    @property
    def _conditions(self) -> np.dtype | None:
        return self.parameters.dtype if self.engine == "compiled" else None

    def gradient_program(self, batch: int, weighted: bool) -> Program:
        """Loss and gradient of so many examples."""
        key = batch, weighted
        if key not in self.programs:
            self.programs[key] = loss_and_gradient_program(
                self.model, batch, self.parameters.dtype, weighted, self._conditions
            )
        return self.programs[key]

    def update_program(self) -> Program:
        """What the optimizer makes of a gradient."""
        layout = self.placement.layout if self.engine == "xla" else None
        key = form(self.optimizer), layout and layout.size
        if key not in self.programs:
            parameters, state = self.parameters, self.state
            if layout:
                # Each of them may be longer where it is laid out over devices.
                parameters = np.empty(layout.size, parameters.dtype)
                state = state._replace(arrays=tuple(tuple(parameters for _ in arrays) for arrays in state.arrays))
            self.programs[key] = update_program(self.optimizer, self.average, parameters, state, self._conditions)
        return self.programs[key]
