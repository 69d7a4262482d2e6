"""Steps: programs that run again and again, each time on the next rows of the data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from backpath.engines.numpy.engine import Executable
from backpath.engines.program.program import Program

Take = Callable[[np.ndarray], None]
"""Writes the rows at these positions, as many as it was made for, into its array."""

Part = tuple[Program, Sequence[np.ndarray], Sequence[np.ndarray]]
"""A program, its inputs and its outputs."""

STAGED = 1 << 18
"""Numbers that are made ready for steps to come, at most, unless one step needs more."""

MOST_AT_ONCE = 4096

MOST_TAKES = 16
"""That are kept: each may hold room for its rows, and stretches of steps end anywhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Intake:
    """What a program's input is before each step.

    Attributes:
        target: the input, of shape (rows, length).
        taker: from an array with any number of rows to what fills it.
        source: what a step's rows can be read from as they lie: an array of the target's type and length, C-contiguous;
            or labels of type int64, for rows of 0 with one 1. None if nothing is so simple.
        by_step: whether the positions are steps' numbers, one row a step, and not those of examples.
        of: what the rows are taken from, as long as there are examples, where it never changes; else None. Intakes of
            one object take the same.
    """

    target: np.ndarray
    taker: Callable[[np.ndarray], Take]
    source: np.ndarray | None = None
    by_step: bool = False
    of: Sized | None = None


class Steps(ABC):
    """Programs bound to arrays, with what they take in before each step.

    Attributes:
        engine: what makes the steps.
        minds_blas: whether it matters how many threads the BLAS has: some product goes to it, or its idle ones, which
            spin for a while after whatever used them, would be in the way of the engine's own.
    """

    engine: ClassVar[str]
    minds_blas = True

    @abstractmethod
    def run(self, rows: np.ndarray, counts: np.ndarray, losses: np.ndarray) -> None:
        """Make steps.

        Args:
            rows: positions of the examples of each, of shape (steps, examples).
            counts: the number of each step.
            losses: one for each, written.
        """


class StagedSteps(Steps):
    """Steps whose inputs are made ready for several of them at a time.

    Args:
        parts: run one after another in each step.
        intakes: fill inputs before each step.
        loss: noted after each step.
    """

    def __init__(self, parts: Sequence[Part], intakes: Sequence[Intake], loss: np.ndarray):
        self.intakes, self.loss = tuple(intakes), loss
        largest = max((i.target.size for i in self.intakes if self._stages(i)), default=1)
        self.most = int(min(max(STAGED // largest, 1), MOST_AT_ONCE))
        self.stages = [
            np.empty((self.most * len(i.target), i.target.shape[1]), i.target.dtype) if self._stages(i) else None
            for i in self.intakes
        ]
        self._takes: dict[tuple[int, int], Take] = {}

    def run(self, rows: np.ndarray, counts: np.ndarray, losses: np.ndarray) -> None:
        for first in range(0, len(rows), self.most):
            part = slice(first, first + self.most)
            for number, (intake, stage) in enumerate(zip(self.intakes, self.stages, strict=True)):
                if stage is not None:
                    positions = counts[part] if intake.by_step else rows[part].reshape(-1)
                    self._take(number, stage, len(positions))(positions)
            self._run(rows[part], losses[part])

    @abstractmethod
    def _stages(self, intake: Intake) -> bool:
        """Whether what steps take in is made ready for several of them."""

    @abstractmethod
    def _run(self, rows: np.ndarray, losses: np.ndarray) -> None:
        """No more than ``most`` steps, for which everything is ready."""

    def _take(self, number: int, stage: np.ndarray, rows: int) -> Take:
        if (number, rows) not in self._takes:
            if len(self._takes) >= MOST_TAKES:
                self._takes.clear()
            self._takes[number, rows] = self.intakes[number].taker(stage[:rows])
        return self._takes[number, rows]


class NumPySteps(StagedSteps):
    """Steps of the NumPy engine."""

    engine = "numpy"

    def __init__(self, parts: Sequence[Part], intakes: Sequence[Intake], loss: np.ndarray):
        super().__init__(parts, intakes, loss)
        self._calls = [Executable(*part) for part in parts]
        self._own = [intake.taker(intake.target) for intake in self.intakes if not intake.by_step]
        stages = zip(self.intakes, self.stages, strict=True)
        self._tables = [(intake.target[0], stage) for intake, stage in stages if stage is not None]

    def _stages(self, intake: Intake) -> bool:
        return intake.by_step

    def _run(self, rows: np.ndarray, losses: np.ndarray) -> None:
        for k, chosen in enumerate(rows):
            for take in self._own:
                take(chosen)
            for target, table in self._tables:
                np.copyto(target, table[k])
            for call in self._calls:
                call()
            losses[k] = self.loss
