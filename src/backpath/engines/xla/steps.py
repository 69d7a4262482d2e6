"""Steps of the XLA engine: as many as are ready run as one loop on the device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from backpath.engines.program.planning import ALIGNMENT
from backpath.engines.program.strides import address
from backpath.engines.steps import Intake, Part, Steps
from backpath.engines.xla.compilation import compiling
from backpath.engines.xla.library import library, wide
from backpath.engines.xla.one_step import OneStep
from backpath.engines.xla.residence import Residence
from backpath.graph import Graph
from backpath.ops.control.nested import all_nodes

ROWS = 1 << 16
"""Row numbers of one call, at most."""

MOST_STEPS = 4096

STREAMED = 1 << 22
"""Numbers of one call that come from the host, for each thing that steps read, at most."""

PIECES = 1 << 15
"""Parameters from which a CPU has them in pieces: products with slices of a long vector take XLA longer there, while of
few parameters the pieces themselves are more work than that."""

WORTH_A_CALL = 1 << 16
"""Numbers of one call that come from the host, at least, if all are cut into several so that some come while others are
computed with."""

IN_FLIGHT = 2
"""Calls that are on their way while the next one is made ready: as many times ``STREAMED`` may lie on the device."""


class XlaSteps(Steps):
    """Steps of the XLA engine.

    Args:
        parts: the program of loss and gradient, whose inputs lie in the parameters and in what intakes fill; and that
            of the update, from gradient, state and the step's numbers to the state.
        intakes: of both.
        loss: the scalar that is noted.
        residence: the state on the device, the parameters first, and the data.
        precision: of products.
    """

    engine = "xla"
    minds_blas = False

    def __init__(
        self,
        parts: Sequence[Part],
        intakes: Sequence[Intake],
        loss: np.ndarray,
        residence: Residence,
        precision: str = "full",
    ):
        self.residence, self.placement = residence, residence.placement
        self.intakes, self.loss = tuple(intakes), loss
        with wide():
            self.resident = [None if self.placement.of_host else residence.data(intake) for intake in intakes]
        self.batch = max((len(i.target) for i in intakes if not i.by_step), default=1)
        self.own = self.placement.shares.size(self.batch)
        self.staged = [i for i, data in zip(intakes, self.resident, strict=True) if data is None]
        fed = max((i.target.size for i in self.staged), default=1)
        self.most = int(max(1, min(MOST_STEPS, ROWS // self.batch, STREAMED // fed)))
        self._step = OneStep(parts, self.intakes, residence, precision)
        here_alone = self.placement.of_host and self.placement.shares.devices == 1
        one_by_one = here_alone and _convolves(parts[0][0].graph)
        whole = self.placement.of_host and self.placement.layout is None
        if whole and self._step.divisible and residence.arrays[0].size >= PIECES:
            self._step.in_pieces, residence.pieces = True, self._step.pieces
        self._stretch = self._apart() if one_by_one else library().jit(self.stretch(self.most), donate_argnums=0)
        self._rooms: list[_Room] = []
        self._compiled = False

    def _apart(self) -> Callable[..., tuple[tuple[Any, ...], Any]]:
        """The same stretch as a call for each step: on CPUs XLA convolves in a loop many times as slowly as outside."""
        turn = library().jit(_turn(self._step, self.intakes, self.loss.dtype), donate_argnums=(1, 2))
        losses = library().numpy.zeros(self.most, self.loss.dtype)

        def stretch(state: Any, steps: int, fed: Any, resident: Any) -> tuple[tuple[Any, ...], Any]:
            noted = library().numpy.copy(losses)
            for t in range(steps):
                state, noted = turn(t, state, noted, fed, resident)
            return state, noted

        return stretch

    def stretch(self, most: int) -> Callable[..., tuple[tuple[Any, ...], Any]]:
        """A function of the state, of how many steps to make, of at most so many, and of what they read."""
        return _stretch(self._step, self.intakes, self.loss.dtype, most)

    def run(self, rows: np.ndarray, counts: np.ndarray, losses: np.ndarray) -> None:
        with wide(), self.placement.telling():
            self._run_all(rows, counts, losses)

    def _run_all(self, rows: np.ndarray, counts: np.ndarray, losses: np.ndarray) -> None:
        state, waiting = self.residence.state(), []
        step = self._of_a_call(len(rows))
        for number, first in enumerate(range(0, len(rows), step)):
            part = slice(first, first + step)
            if len(waiting) > IN_FLIGHT:
                _settle(*waiting.pop(0))
            fed = self._room(number).filled(rows[part], counts[part])
            with nullcontext() if self._compiled else compiling():
                state, noted = self._stretch(state, len(rows[part]), fed, self.resident)
            self._compiled = True
            # The arrays that went in are gone: what came out is kept at once, whatever happens next.
            self.residence.keep(state)
            waiting.append((losses[part], noted))
        for told in waiting:
            _settle(*told)

    def _of_a_call(self, steps: int) -> int:
        """How many of so many steps to make in one call."""
        fed = sum(self.rows_of(i) * i.target.shape[1] for i in self.staged)
        return min(self.most, max(-(-steps // (IN_FLIGHT + 1)), -(-WORTH_A_CALL // max(fed, 1))))

    def rows_of(self, intake: Intake) -> int:
        """How many rows this process takes in for each step."""
        return len(intake.target) if intake.by_step else self.own

    def _room(self, number: int) -> _Room:
        """One of the rooms that are filled in turn, so that none is written while a call still reads it."""
        while len(self._rooms) <= min(number, IN_FLIGHT + 1):
            self._rooms.append(_Room(self))
        return self._rooms[number % (IN_FLIGHT + 2)]


def _settle(losses: np.ndarray, noted: Any) -> None:
    losses[...] = np.asarray(noted)[: len(losses)]


def aligned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Zeros, where XLA reads the host's memory as it lies, if it is the CPU that computes."""
    size = int(np.prod(shape, dtype=int)) * dtype.itemsize
    block = np.zeros(size + ALIGNMENT, np.uint8)
    return block[-address(block) % ALIGNMENT :][:size].view(dtype).reshape(shape)


class _Room:
    """The host's arrays of what one call reads."""

    def __init__(self, steps: XlaSteps):
        self.most = most = steps.most
        self.placement, self.batch = steps.placement, steps.batch
        here = any(data is not None for data in steps.resident)
        self.order = aligned((most, steps.own), np.dtype(np.int32)) if here else None
        self.intakes = steps.intakes
        self.stages = [
            aligned((most * steps.rows_of(i), i.target.shape[1]), i.target.dtype) if data is None else None
            for i, data in zip(steps.intakes, steps.resident, strict=True)
        ]
        self._made: dict[tuple[int, int], Any] = {}

    def filled(self, rows: np.ndarray, counts: np.ndarray) -> tuple[Any, list[Any]]:
        """Row numbers, and for each intake that is not resident what it takes in, step by step, on the device."""
        if self.order is not None:
            self.order[: len(rows)] = rows
        found: list[Any] = []
        for number, (intake, stage) in enumerate(zip(self.intakes, self.stages, strict=True)):
            if stage is None:
                found.append(None)
                continue
            positions = counts if intake.by_step else rows.reshape(-1)
            self._take(number, stage, len(positions))(positions)
            batch = None if intake.by_step else self.batch
            found.append(self.placement.fed(stage.reshape(self.most, -1, stage.shape[1]), batch))
        return None if self.order is None else self.placement.fed(self.order, self.batch), found

    def _take(self, number: int, stage: np.ndarray, count: int) -> Any:
        if (number, count) not in self._made:
            if len(self._made) > 64:
                self._made.clear()
            self._made[number, count] = self.intakes[number].taker(stage[:count])
        return self._made[number, count]


def _filled(intake: Intake, rows: Any, t: Any, fed: Any, resident: Any) -> Any:
    """What an intake fills in one step: rows of what is resident, by their numbers, or what came for that step."""
    if resident is None:
        return library().lax.dynamic_index_in_dim(fed, t, keepdims=False)
    taken = resident.at[rows].get(mode="promise_in_bounds")
    if taken.ndim > 1:
        return taken
    classes = library().numpy.arange(intake.target.shape[1], dtype=taken.dtype)
    return (taken[:, None] == classes).astype(intake.target.dtype)


def _convolves(graph: Graph) -> bool:
    return any(node.primitive in ("unroll", "fold") for node in all_nodes(graph))


def _turn(step: OneStep, intakes: Sequence[Intake], dtype: np.dtype) -> Callable[..., tuple[Any, Any]]:
    """One of the steps for which a call has what they read: state and losses before it to those after it."""
    lax = library().lax

    def turn(t: Any, state: Any, losses: Any, fed: Any, resident: Any) -> tuple[Any, Any]:
        order, staged = fed
        rows = None if order is None else lax.dynamic_index_in_dim(order, t, keepdims=False)
        each = zip(intakes, staged, resident, strict=True)
        filled = [_filled(intake, rows, t, fed, data) for intake, fed, data in each]
        state, loss = step(state, filled)
        return state, losses.at[t].set(loss.astype(dtype), mode="promise_in_bounds")

    return turn


def _stretch(
    step: OneStep, intakes: Sequence[Intake], dtype: np.dtype, most: int
) -> Callable[..., tuple[tuple[Any, ...], Any]]:
    """The first ``steps`` of ``most`` steps as one loop, with the loss of each."""
    numpy, lax, turn = library().numpy, library().lax, _turn(step, intakes, dtype)

    def stretch(state: tuple[Any, ...], steps: Any, fed: tuple[Any, list[Any]], resident: list[Any]) -> Any:
        first = state, numpy.zeros(most, dtype)
        return lax.fori_loop(0, steps, lambda t, carry: turn(t, *carry, fed, resident), first)

    return stretch
