"""The compiled engine: programs as tables of numbers, run step after step by a machine of compiled kernels."""

from __future__ import annotations

import ctypes
import platform
import sys
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from backpath.engines.compiled import tables
from backpath.engines.compiled.lowering.code import Code
from backpath.engines.compiled.lowering.programs import lower
from backpath.engines.compiled.products.blas import gemm_address
from backpath.engines.compiled.store import Kernels
from backpath.engines.numpy.engine import bound_arrays
from backpath.engines.program.cost import MEETING, WORTH_SHARING, by_machine
from backpath.engines.program.planning import ALIGNMENT
from backpath.engines.program.strides import address
from backpath.engines.steps import Intake, Part, StagedSteps

RUN = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 4)
"""The machine: places for a result and an error, which it leaves as they are, numbers, and what it is told."""


FUTEX_CALL = {"x86_64": 202, "aarch64": 98}.get(platform.machine(), 0) if sys.platform == "linux" else 0
"""The number of the system call by which a thread sleeps until a word changes, or 0 where there is none."""


class Machine:
    """Programs that run one after another, bound to the arrays that they read and write.

    Args:
        parts: programs with their inputs and outputs, as of the NumPy engine's ``Executable``.
        dtype: of all their numbers.
        feeds: what each step reads first, as rows of the machine's table.
        loss: what is noted after each step.
        threads: that share the work, at most; one where there is little.
        kept: arrays whose addresses stand in the feeds.
        flushes: whether subnormal numbers are zeros while it runs, where that is faster: on x86.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        dtype: np.dtype,
        feeds: Sequence[Sequence[int]] = (),
        loss: np.ndarray | None = None,
        threads: int = 1,
        kept: Sequence[np.ndarray] = (),
        flushes: bool = False,
    ):
        programs = [program for program, _, _ in parts]
        kernels = Kernels(dtype)
        code = Code(kernels)
        code.feed(feeds)
        for program, inputs, outputs in parts:
            lower(code, program, bound_arrays(program, inputs, outputs), outputs)
        self.dtype, self.loss, self.run, self.flushes = dtype, loss, RUN(kernels["run"]), flushes
        alone = by_machine(programs)
        gained = alone * (1 - 1 / threads) - MEETING * code.meeting_count
        self.threads = threads if alone > WORTH_SHARING and gained >= 0 else 1
        self.code, self.operations = code.tables()
        self.stretches = code.stretches(self.threads)
        self.feeds = np.array(feeds, np.int64).reshape(len(feeds), tables.FEED_FIELDS)
        self.lines = np.zeros((tables.TAKEN + self.threads) * tables.LINE_WORDS, np.int64)
        self.uses_blas = code.largest > tables.LARGEST
        self.gemm = gemm_address(dtype) if self.uses_blas else 0
        self.kept = [*code.kept, *kept]
        self.scratch = tables.SCRATCH_BYTES + max(code.packs * tables.PACKED, code.scratch) * dtype.itemsize
        room = 8 * tables.WORK_WORDS + self.scratch + code.registers * tables.BLOCK * dtype.itemsize
        self.rooms = [np.zeros(room + 3 * ALIGNMENT, np.uint8) for _ in range(self.threads)]
        self.told = [self._told(thread) for thread in range(self.threads)]

    def _told(self, thread: int) -> np.ndarray:
        """What a thread's run is told, but for how many steps it makes and where it notes their losses."""
        room = self.rooms[thread]
        work = _aligned(address(room))
        scratch = _aligned(work + 8 * tables.WORK_WORDS)
        words = room[work - address(room) :][: 8 * tables.WORK_WORDS].view(np.int64)
        words[tables.REGISTERS] = _aligned(scratch + self.scratch)
        words[tables.GEMM], words[tables.SCRATCH] = self.gemm, scratch
        told = np.zeros(tables.CALL_WORDS, np.int64)
        told[: tables.FLUSHES + 1] = (
            address(self.code), address(self.stretches), len(self.stretches), address(self.operations),
            address(self.feeds), len(self.feeds), 0, 0 if self.loss is None else address(self.loss), 0, work,
            address(self.lines), c_function("sched_yield"), c_function("syscall"), FUTEX_CALL, thread, self.threads,
            int(self.flushes),
        )  # fmt: skip
        return told

    def __call__(self, steps: int = 1, losses: np.ndarray | None = None) -> None:
        """Run for so many steps; note the loss of each."""
        losses = np.empty(steps, self.dtype) if losses is None else losses
        self.lines[:] = 0
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
        told = self.told[thread]
        told[tables.STEPS], told[tables.LOSSES] = steps, address(losses)
        places = address(told) + 8 * tables.PLACES
        self.run(places, places + 8, None, address(told))


def _aligned(where: int) -> int:
    return -(-where // ALIGNMENT) * ALIGNMENT


def c_function(name: str) -> int:
    """Where a function of the C library lies, or 0 where there is none."""
    try:
        function: Any = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return 0
    return ctypes.cast(function, ctypes.c_void_p).value or 0


class CompiledSteps(StagedSteps):
    """Steps of the compiled engine: as many as are ready run without returning to the interpreter.

    On x86 subnormal numbers, below 1.2e-38 in float32 and 2.2e-308 in float64, are zeros in them; weights that decay
    would otherwise slow a step down several times. XLA does so too; the NumPy engine does not.
    """

    engine = "compiled"

    def __init__(self, parts: Sequence[Part], intakes: Sequence[Intake], loss: np.ndarray, threads: int):
        super().__init__(parts, intakes, loss)
        batch = max((len(i.target) for i in self.intakes if not i.by_step), default=1)
        self._order = np.empty(self.most * batch, np.int64)
        self._ready = np.arange(self.most * batch)
        self._noted = np.empty(self.most, loss.dtype)
        feeds = [self._feed(intake, stage) for intake, stage in zip(self.intakes, self.stages, strict=True)]
        kept = [i.source for i in self.intakes if i.source is not None]
        self._machine = Machine(parts, loss.dtype, feeds, loss, threads, kept, flushes=True)
        self.minds_blas = self._machine.uses_blas or self._machine.threads > 1

    def _stages(self, intake: Intake) -> bool:
        return intake.source is None

    def _feed(self, intake: Intake, stage: np.ndarray | None) -> list[int]:
        """A row of the machine's table."""
        rows, length = intake.target.shape
        # Whole numbers of 64 bits are moved as one or two of the engine's own.
        length *= intake.target.itemsize // self.loss.itemsize
        source = intake.source if stage is None else stage
        assert source is not None
        order = self._order if stage is None else self._ready
        kind = tables.ROWS if source.ndim == 2 else tables.ONE_HOT
        return [kind, address(source), length, length, address(order), rows, address(intake.target), 0]

    def _run(self, rows: np.ndarray, losses: np.ndarray) -> None:
        self._order[: rows.size] = rows.reshape(-1)
        self._machine(len(rows), self._noted)
        losses[...] = self._noted[: len(rows)]
