"""Which engine is the quicker one for a job, told from its programs before anything runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backpath.engines.lowering import kernels_of
from backpath.engines.program import Program
from backpath.engines.schedule import FUSABLE
from backpath.engines.store import missing
from backpath.ops.movement import is_slice

ENGINES = ("numpy", "compiled")

START = 0.1
"""Seconds until the compiled engine is loaded, once its kernels are on disk."""

COMPILATION = 0.25
"""Seconds that a fit must save for each kernel to be compiled: a part of what it takes, for later fits need it too."""

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

COMPILED = FUSABLE | frozenset(
    "matmul sum max transpose broadcast_to index reshape concatenate pad scatter input constant".split()
)
"""The primitives that the compiled engine runs."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine, and why it was chosen.

    Attributes:
        engine: ``"numpy"`` or ``"compiled"``.
        why: in words.
    """

    engine: str
    why: str


def obstacle(program: Program, dtype: np.dtype) -> str | None:
    """Why the compiled engine cannot run a program, all of whose numbers must be of this type; None if it can."""
    graph = program.graph
    for position, node in enumerate(graph.nodes):
        sliced = node.primitive not in ("index", "scatter") or is_slice(node.params["index"])
        if node.primitive not in COMPILED or not sliced:
            return f"node {node.name!r}, {node.primitive}, is not among the operations of the compiled engine"
        inside = node.dtype == bool and position not in (*graph.inputs, *graph.outputs)
        if node.dtype != dtype and not inside:
            return f"node {node.name!r} holds {node.dtype}, and the compiled engine would compute in {dtype}"
    return (
        None
        if dtype in (np.float32, np.float64)
        else f"the compiled engine computes in float32 or float64, not {dtype}"
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


def choose(programs: Sequence[Program], dtype: np.dtype, steps: int, threads: int, obstacle: str | None) -> Choice:
    """The engine that is likely to be done first.

    Args:
        programs: of a step, as the NumPy engine runs them.
        dtype: of their numbers.
        steps: to be made.
        threads: that there are.
        obstacle: why the compiled engine cannot run them, if so.
    """
    if obstacle:
        return Choice("numpy", obstacle)
    alone = by_machine(programs)
    saved = steps * (by_numpy(programs, threads) - (alone / threads if alone > WORTH_SHARING else alone))
    if saved <= START:
        return Choice("numpy", f"{steps:,} steps are too few for a start of {START:g} s to pay off")
    kernels = missing(kernels_of(programs), dtype)
    if saved <= START + COMPILATION * kernels:
        return Choice("numpy", f"{steps:,} steps are too few for {kernels} kernels to be compiled")
    cost = f"{kernels} kernels to be compiled" if kernels else f"a start of {START:g} s"
    return Choice("compiled", f"saves about {saved:.1f} s in {steps:,} steps, for {cost}")
