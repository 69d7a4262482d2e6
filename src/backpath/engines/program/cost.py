"""What programs cost, in seconds of either engine, told before anything runs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from backpath.engines.program.program import Program

WORTH_SHARING = 1e-4
"""Seconds of one thread that a step must take for a second thread to be of use."""

CALL, INSTRUCTION = 1.2e-6, 5e-8
"""Seconds that an operation takes beside its work: a call from Python, and an instruction of the machine."""

OPERATIONS_A_SECOND = 1e11
"""Of one core, in matrix products, which are nearly all of them."""

BYTES_A_SECOND, FUSED_BYTES_A_SECOND = 2e10, 5e10
"""Moved by calls of NumPy's, and by kernels that pass over memory once."""

FUNCTION, FUSED_FUNCTION = 6e-9, 1.5e-9
"""Seconds that an elementary function takes for an entry: NumPy and SciPy mostly compute one at a time."""

ELEMENTARY = frozenset(
    (
        "cbrt exp exp2 expm1 log log2 log10 log1p logaddexp sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh "
        "arccosh arctanh arctan2 hypot power sigmoid erf ndtr"
    ).split()
)


def by_numpy(programs: Sequence[Program], threads: int) -> float:
    """About how many seconds a run of these programs takes the NumPy engine, whose matrix products share threads."""
    calls = sum(len(instruction) for p in programs for instruction in p.instructions)
    moved, work, entries = _work(programs)
    return CALL * calls + moved / BYTES_A_SECOND + work / OPERATIONS_A_SECOND / threads + FUNCTION * entries


def by_machine(programs: Sequence[Program]) -> float:
    """Likewise of one thread of the compiled engine."""
    moved, work, entries = _work(programs)
    passes = INSTRUCTION * sum(len(p.instructions) for p in programs) + moved / FUSED_BYTES_A_SECOND
    return passes + work / OPERATIONS_A_SECOND + FUSED_FUNCTION * entries


def _work(programs: Sequence[Program]) -> tuple[int, int, int]:
    """Bytes that are moved, operations, and entries of elementary functions."""
    nodes = [p.graph.nodes[n] for p in programs for instruction in p.instructions for n in instruction]
    entries = sum(math.prod(node.shape) for node in nodes if node.primitive in ELEMENTARY)
    return sum(p.traffic for p in programs), sum(p.flops for p in programs), entries
