"""Loops and branches in the NumPy engine: programs of their own, each with buffers that are planned and made once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from backpath.engines.numpy.engine import Executable
from backpath.engines.numpy.kernels import Bound, kernel
from backpath.engines.program.program import compile_graph
from backpath.graph import Graph, Node
from backpath.ops.control.branches import Branches
from backpath.ops.control.loop import Loop


@kernel("scan")
def _scan(*arrays: np.ndarray, loop: Loop) -> Bound:
    """One step's program, run again and again; carries stay where they are, each written over by the next."""
    *operands, out = arrays
    first, sequences, fixed = loop.split(operands)
    body, carries = loop.body, loop.carries
    places = loop.places()
    kept = {o: places["stacked", o].of(out) for o in loop.stacked}
    carry = [_array_of(node) for node in _inputs(body)[:carries]]
    entries = [_array_of(node) for node in _inputs(body)[carries : carries + loop.sequences]]
    results = [*carry, *(_array_of(body.nodes[o]) for o in body.outputs[carries:])]
    still = [_Still(x) for x in fixed]
    program = compile_graph(body, {k: k for k in range(carries)})
    run = Executable(program, [*carry, *entries, *(x.array for x in still)], results)
    begin = [x.refresh for x in still] + [partial(np.copyto, a, b) for a, b in zip(carry, first, strict=True)]
    end = [partial(np.copyto, places["last", c].of(out), carry[c]) for c in loop.last]
    takes, keeps = list(zip(entries, sequences, strict=True)), [(rows, results[o]) for o, rows in kept.items()]

    def steps() -> None:
        for call in begin:
            call()
        for t in loop.order:
            for entry, sequence in takes:
                entry[...] = sequence[t]
            run()
            for rows, result in keeps:
                rows[t] = result
        for call in end:
            call()

    return steps


@kernel("cond")
def _cond(predicate: np.ndarray, *arrays: np.ndarray, branches: Branches) -> Bound:
    """Two programs, of which each run takes one."""
    *operands, out = arrays
    false, true = (_branch(graph, operands, out, branches) for graph in (branches.false, branches.true))

    def either() -> None:
        for call in true if predicate else false:
            call()

    return either


def _branch(graph: Graph, operands: Sequence[np.ndarray], out: np.ndarray, branches: Branches) -> list[Bound]:
    still = [_Still(x) for x in operands]
    results = [_array_of(graph.nodes[o]) for o in graph.outputs]
    run = Executable(compile_graph(graph), [x.array for x in still], results)
    copies = [partial(np.copyto, place.of(out), y) for place, y in zip(branches.places, results, strict=True)]
    return [*(x.refresh for x in still), run, *copies]


class _Still:
    """An operand as a program takes it: itself if it is contiguous, else a copy made anew for each run."""

    def __init__(self, operand: np.ndarray):
        self.operand = operand
        self.array = operand if operand.flags.c_contiguous else np.empty(operand.shape, operand.dtype)

    def refresh(self) -> Any:
        """Make the copy."""
        if self.array is not self.operand:
            np.copyto(self.array, self.operand)


def _inputs(graph: Graph) -> list[Node]:
    return [graph.nodes[i] for i in graph.inputs]


def _array_of(node: Node) -> np.ndarray:
    return np.empty(node.shape, node.dtype)
