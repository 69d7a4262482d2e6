"""The compiled engine: programs as tables of numbers, run step after step by a machine of compiled kernels."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from backpath.engines.blas import gemm_address
from backpath.engines.choice import WORTH_SHARING, by_machine
from backpath.engines.jit import telling_of_compilation
from backpath.engines.kernels import product_address
from backpath.engines.lowering import Code
from backpath.engines.machine import BLOCK, FEED_FIELDS, ONE_HOT, ROWS, machine_of
from backpath.engines.numpy_engine import bound_arrays
from backpath.engines.planning import ALIGNMENT
from backpath.engines.products import LARGEST
from backpath.engines.small_products import SCRATCH
from backpath.engines.steps import Intake, Part, Steps
from backpath.engines.strides import address
from backpath.engines.teams import WORDS, yield_address


class Machine:
    """Programs that run one after another, bound to the arrays that they read and write.

    Args:
        parts: programs with their inputs and outputs, as of the NumPy engine's ``Executable``.
        dtype: of all their numbers.
        feeds: what each step reads first, as rows of the machine's table.
        loss: what is noted after each step.
        threads: that share the work, at most; one where there is little.
        kept: arrays whose addresses stand in the feeds.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        dtype: np.dtype,
        feeds: Sequence[Sequence[int]] = (),
        loss: np.ndarray | None = None,
        threads: int = 1,
        kept: Sequence[np.ndarray] = (),
    ):
        self.threads = threads if by_machine([program for program, _, _ in parts]) > WORTH_SHARING else 1
        self.like, self.loss = np.empty(0, dtype), loss
        self.feeds = np.array(feeds, np.int64).reshape(len(feeds), FEED_FIELDS)
        self.barrier = np.zeros(WORDS, np.int64)
        code = Code(dtype)
        with telling_of_compilation():
            for program, inputs, outputs in parts:
                code.add(program, bound_arrays(program, inputs, outputs), outputs)
            self.product, self.gemm, self.give_way = product_address(dtype), gemm_address(dtype), yield_address()
            self.run = machine_of(dtype)
            self.run(self.like, self.barrier, *[0] * 16)  # No step: it is loaded now, and not by the threads at once.
        self.code, self.operations = code.tables()
        self.uses_blas = code.largest > LARGEST
        self.kept = [*code.kept, *kept]
        room = SCRATCH + code.registers * BLOCK * dtype.itemsize + 2 * ALIGNMENT
        self.rooms = [np.zeros(room, np.uint8) for _ in range(self.threads)]

    def __call__(self, steps: int = 1, losses: np.ndarray | None = None) -> None:
        """Run for so many steps; note the loss of each."""
        losses = np.empty(steps, self.like.dtype) if losses is None else losses
        if self.threads == 1:
            self._work(0, steps, losses)
            return
        # Ctrl-C reaches the main thread alone, and must not leave a team without one of its threads.
        leader = threading.Thread(target=self._lead, args=(steps, losses))
        leader.start()
        try:
            leader.join()
        finally:
            leader.join()

    def _lead(self, steps: int, losses: np.ndarray) -> None:
        """All threads' work, the first one's by this thread."""
        others = [threading.Thread(target=self._work, args=(k, steps, losses)) for k in range(1, self.threads)]
        for thread in others:
            thread.start()
        self._work(0, steps, losses)
        for thread in others:
            thread.join()

    def _work(self, thread: int, steps: int, losses: np.ndarray) -> None:
        scratch = -(-address(self.rooms[thread]) // ALIGNMENT) * ALIGNMENT
        registers = -(-(scratch + SCRATCH) // ALIGNMENT) * ALIGNMENT
        loss = 0 if self.loss is None else address(self.loss)
        self.run(
            self.like, self.barrier, address(self.code), len(self.code), address(self.operations), address(self.feeds),
            len(self.feeds), steps, loss, address(losses), self.product, self.gemm, scratch, registers,
            address(self.barrier), self.give_way, thread, self.threads,
        )  # fmt: skip


class CompiledSteps(Steps):
    """Steps of the compiled engine: as many as are ready run without returning to the interpreter."""

    engine = "compiled"

    def __init__(self, parts: Sequence[Part], intakes: Sequence[Intake], loss: np.ndarray, threads: int):
        super().__init__(parts, intakes, loss)
        batch = max((len(i.target) for i in self.intakes if not i.by_step), default=1)
        self._order = np.empty(self.most * batch, np.int64)
        self._ready = np.arange(self.most * batch)
        self._noted = np.empty(self.most, loss.dtype)
        feeds = [self._feed(intake, stage) for intake, stage in zip(self.intakes, self.stages, strict=True)]
        kept = [i.source for i in self.intakes if i.source is not None]
        self._machine = Machine(parts, loss.dtype, feeds, loss, threads, kept)
        self.uses_blas = self._machine.uses_blas

    def _stages(self, intake: Intake) -> bool:
        return intake.source is None

    def _feed(self, intake: Intake, stage: np.ndarray | None) -> list[int]:
        """A row of the machine's table."""
        rows, length = intake.target.shape
        source = intake.source if stage is None else stage
        assert source is not None
        order = self._order if stage is None else self._ready
        kind = ROWS if source.ndim == 2 else ONE_HOT
        return [kind, address(source), length, length, address(order), rows, address(intake.target), 0]

    def _run(self, rows: np.ndarray, losses: np.ndarray) -> None:
        self._order[: rows.size] = rows.reshape(-1)
        self._machine(len(rows), self._noted)
        losses[...] = self._noted[: len(rows)]
