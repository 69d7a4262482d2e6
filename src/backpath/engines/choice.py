"""Which engine is the quicker one for a job, told from its programs before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from backpath.engines.compiled.lowering.programs import kernels_of
from backpath.engines.compiled.store import missing
from backpath.engines.program.cost import COMPILED, NUMPY, WORTH_SHARING, by_accelerator, by_machine, by_numpy
from backpath.engines.program.program import Program
from backpath.engines.program.schedule import FUSABLE
from backpath.engines.speeds import kept, measured
from backpath.engines.xla import library
from backpath.engines.xla.refusals import refused
from backpath.graph import Graph

ENGINES = ("numpy", "compiled", "xla")

WORTH_MEASURING = 0.5
"""Seconds that a job must take before this machine's speeds are measured for it, once for all that come."""

START = 0.1
"""Seconds until the compiled engine is loaded, once its kernels are on disk."""

COMPILATION = 0.25
"""Seconds that a fit must save for each kernel to be compiled: a part of what it takes, for later fits need it too."""

WORTH_ASKING = 10.0
"""Seconds that the CPU must take before it is asked whether there is an accelerator, which starts JAX."""

START_ELSEWHERE = 5.0
"""Seconds until an accelerator makes its first step: JAX starts, and XLA compiles."""

RUNNABLE = FUSABLE | frozenset(
    (
        "matmul sum max transpose broadcast_to index reshape concatenate pad scatter take add_rows "
        "unroll fold max_pool max_unpool input constant"
    ).split()
)
"""The primitives that the compiled engine runs."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine, and why it was chosen.

    Attributes:
        engine: one of ``ENGINES``.
        why: in words.
    """

    engine: str
    why: str


def obstacle(program: Program, dtype: np.dtype) -> str | None:
    """Why the compiled engine cannot run a program, all of whose numbers must be of this type; None if it can."""
    graph = program.graph
    chosen = _whole_numbers(graph)
    for node in graph.nodes:
        if node.primitive not in RUNNABLE:
            return f"node {node.name!r}, {node.primitive}, is not among the operations of the compiled engine"
    for position, node in enumerate(graph.nodes):
        inside = node.dtype == bool and position not in (*graph.inputs, *graph.outputs)
        if node.dtype != dtype and not inside and position not in chosen:
            return f"node {node.name!r} holds {node.dtype}, and the compiled engine would compute in {dtype}"
    return (
        None
        if dtype in (np.float32, np.float64)
        else f"the compiled engine computes in float32 or float64, not {dtype}"
    )


def _whole_numbers(graph: Graph) -> set[int]:
    """The nodes that say which rows are taken, and nothing else: inputs and constants, as they are or reshaped."""
    nodes, readers = graph.nodes, [0] * len(graph)
    chosen = {node.parents[1] for node in nodes if node.primitive in ("take", "add_rows")}
    for node in nodes:
        for p in node.parents:
            readers[p] += node.primitive not in ("take", "add_rows") or node.parents[1] != p
    for position in sorted(chosen, reverse=True):
        if nodes[position].primitive == "reshape":
            (source,) = nodes[position].parents
            readers[source] -= 1
            chosen.add(source)
    fitting = ("input", "constant", "reshape")
    return {p for p in chosen if nodes[p].primitive in fitting and readers[p] == 0 and nodes[p].dtype == np.int64}


def chosen_rows(graph: Graph) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Each input or constant that says which rows are taken, by its position, and the shape of what has the rows."""
    nodes = graph.nodes
    for node in nodes:
        if node.primitive in ("take", "add_rows"):
            source = node.parents[1]
            while nodes[source].primitive == "reshape":
                (source,) = nodes[source].parents
            yield source, nodes[node.parents[0]].shape if node.primitive == "take" else node.shape


def choose(programs: Sequence[Program], dtype: np.dtype, steps: int, threads: int, obstacle: str | None) -> Choice:
    """The engine that is likely to be done first: by an accelerator if there is one and it pays, else on the CPU.

    Arguments as of :func:`choose_on_cpu`.
    """
    choice, seconds = choose_on_cpu(programs, dtype, steps, threads, obstacle)
    if seconds < WORTH_ASKING or any(True for p in programs for _ in refused(p.graph)):
        return choice
    name = library.accelerator()
    if name is None:
        return choice
    there = START_ELSEWHERE + steps * by_accelerator(programs)
    if seconds < 2 * there:
        saved = f"{seconds:.0f} s of the {choice.engine} engine are too few for {name}"
        return Choice(choice.engine, f"{saved}, which would take about {there:.0f} s with its compilation")
    return Choice("xla", f"{name} takes about {there:.0f} s with its compilation, and the CPU {seconds:.0f} s")


def choose_on_cpu(
    programs: Sequence[Program], dtype: np.dtype, steps: int, threads: int, obstacle: str | None
) -> tuple[Choice, float]:
    """Likewise without an accelerator, and about how many seconds it takes.

    Args:
        programs: of a step, as the NumPy engine runs them.
        dtype: of their numbers.
        steps: to be made.
        threads: that there are.
        obstacle: why the compiled engine cannot run them, if so.
    """
    if obstacle:
        return Choice("numpy", obstacle), steps * by_numpy(programs, threads, (kept(dtype) or (NUMPY,))[0])
    kernels = missing(kernels_of(programs), dtype)
    numpy, compiled = kept(dtype) or (NUMPY, COMPILED)
    if by_numpy(programs, threads, numpy) * steps > WORTH_MEASURING and not kernels:
        numpy, compiled = measured(dtype)
    alone = by_machine(programs, compiled)
    by_calls = steps * by_numpy(programs, threads, numpy)
    by_kernels = steps * (alone / threads if alone > WORTH_SHARING else alone)
    saved = by_calls - by_kernels
    if saved <= START:
        return Choice("numpy", f"{steps:,} steps are too few for a start of {START:g} s to pay off"), by_calls
    if saved <= START + COMPILATION * kernels:
        return Choice("numpy", f"{steps:,} steps are too few for {kernels} kernels to be compiled"), by_calls
    cost = f"{kernels} kernels to be compiled" if kernels else f"a start of {START:g} s"
    return Choice("compiled", f"saves about {saved:.1f} s in {steps:,} steps, for {cost}"), by_kernels
