"""What programs cost, in seconds of either engine, told before anything runs."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass

from backpath.engines.program.program import Program

WORTH_SHARING = 1e-4
"""Seconds of one thread that a step must take for a second thread to be of use."""

MEETING = 4e-6
"""Seconds, told as amply as those of work here, that threads lose wherever they must wait for one another."""

INSTRUCTION = 5e-8
"""Seconds that an instruction of the machine takes beside its work."""


SCATTERED = 3e-8
"""Seconds that NumPy takes for each entry that it adds where an index says."""


@dataclass(frozen=True, slots=True)
class Speeds:
    """What one engine takes for work, on one core.

    Attributes:
        call: seconds that an operation takes beside its work.
        products: operations a second in matrix products, which are nearly all of them.
        memory: bytes a second that are moved.
        function: seconds that an elementary function takes for an entry.
    """

    call: float
    products: float
    memory: float
    function: float


NUMPY = Speeds(1.2e-6, 1e11, 2e10, 6e-9)
"""Of the NumPy engine, where nothing was measured: an operation is a call from Python; functions come one by one."""

COMPILED = Speeds(INSTRUCTION, 1e11, 5e10, 1.5e-9)
"""Of the compiled one, whose kernels pass over memory once."""

ACCELERATOR = Speeds(5e-6, 5e12, 5e11, 1e-11)
"""Of XLA on an accelerator, whose operations are kernels that are started one by one."""

ELEMENTARY = frozenset(
    (
        "cbrt exp exp2 expm1 log log2 log10 log1p logaddexp sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh "
        "arccosh arctanh arctan2 hypot power sigmoid erf ndtr "
        "sigmoid_slope exp_minus_square exp_minus_half_square"
    ).split()
)


SCATTERING = frozenset(("max_unpool", "add_rows"))


def by_numpy(programs: Sequence[Program], threads: int, speeds: Speeds = NUMPY) -> float:
    """About how many seconds a run of these programs takes the NumPy engine, whose matrix products share threads."""
    calls = sum(len(instruction) for p in programs for instruction in p.instructions)
    moved, work, entries = _work(programs)
    seconds = speeds.call * calls + moved / speeds.memory + speeds.function * entries
    seconds += SCATTERED * _entries(programs, SCATTERING)
    return seconds + work / speeds.products / threads


def by_machine(programs: Sequence[Program], speeds: Speeds = COMPILED) -> float:
    """Likewise of one thread of the compiled engine."""
    moved, work, entries = _work(programs)
    passes = speeds.call * sum(len(p.instructions) for p in programs) + moved / speeds.memory
    return passes + work / speeds.products + speeds.function * entries


def by_accelerator(programs: Sequence[Program], speeds: Speeds = ACCELERATOR) -> float:
    """Likewise of an accelerator, told with caution: few programs keep all of it busy."""
    moved, work, entries = _work(programs)
    calls = speeds.call * sum(len(p.instructions) for p in programs)
    return calls + moved / speeds.memory + work / speeds.products + speeds.function * entries


def _work(programs: Sequence[Program]) -> tuple[int, int, int]:
    """Bytes that are moved, operations, and entries of elementary functions."""
    return sum(p.traffic for p in programs), sum(p.flops for p in programs), _entries(programs, ELEMENTARY)


def _entries(programs: Sequence[Program], among: Container[str]) -> int:
    """Entries of what these primitives compute."""
    nodes = [p.graph.nodes[n] for p in programs for instruction in p.instructions for n in instruction]
    return sum(math.prod(node.shape) for node in nodes if node.primitive in among)
