"""Which engine is the quicker one for a job, told from its programs before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backpath.engines.program import Program
from backpath.engines.schedule import FUSABLE
from backpath.ops.movement import is_slice

START = 0.5
"""Seconds until the compiled engine is loaded, once its kernels are on disk."""

WORTH_SHARING = 1e-4
"""Seconds of one thread that a step must take for a second thread to be of use."""

CALL, INSTRUCTION = 8e-7, 5e-8
"""Seconds that an operation takes beside its work: a call from Python, and an instruction of the machine."""

OPERATIONS_A_SECOND, BYTES_A_SECOND = 5e10, 2e10


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


def seconds(programs: Sequence[Program], call: float) -> float:
    """About how long one thread takes for a run of these programs, with so many seconds a call."""
    calls = sum(len(instruction) for p in programs for instruction in p.instructions)
    work = sum(p.flops / OPERATIONS_A_SECOND + p.traffic / BYTES_A_SECOND for p in programs)
    return work + call * calls


def choose(programs: Sequence[Program], steps: int, threads: int, obstacle: str | None) -> Choice:
    """The engine that is likely to be done first.

    Args:
        programs: of a step, as the NumPy engine runs them.
        steps: to be made.
        threads: that there are.
        obstacle: why the compiled engine cannot run them, if so.
    """
    if obstacle:
        return Choice("numpy", obstacle)
    by_numpy = seconds(programs, CALL)
    by_machine = seconds(programs, INSTRUCTION)
    if by_machine > WORTH_SHARING:
        by_machine /= threads
    saved = steps * (by_numpy - by_machine)
    if saved > START:
        return Choice("compiled", f"saves about {saved:.1f} s in {steps:,} steps, for a start of {START:g} s")
    return Choice("numpy", f"{steps:,} steps are too few for a start of {START:g} s to pay off")
