"""The order of a graph's work, and which elementwise operations make one pass over memory.

Instructions are laid out from the last to the first, so that each value is computed as late as it can be: beside the
one who reads it, where it may never reach memory at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from backpath.graph import CONSTANT, INPUT, Graph
from backpath.ops.movement import is_slice

IN_PLACE = frozenset(
    (
        "add subtract multiply divide negative square reciprocal sqrt cbrt exp exp2 expm1 log log2 log10 "
        "log1p logaddexp sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh arccosh arctanh arctan2 "
        "hypot abs maximum minimum sign floor ceil rint trunc power integer_power relu sigmoid erf ndtr "
        "sigmoid_slope exp_minus_square exp_minus_half_square"
    ).split()
)
"""Elementwise primitives that may write over an operand, since their kernels read each entry before they write it."""

FUSABLE = IN_PLACE | frozenset(
    (
        "greater greater_equal less less_equal equal not_equal logical_and logical_or logical_not isnan isinf "
        "isfinite where astype"
    ).split()
)
"""Primitives of which several can work on one part of memory after another."""

Instruction = Sequence[int]
"""Positions of nodes: one, or several elementwise ones of one shape, in order."""


def views(graph: Graph) -> dict[int, int]:
    """For each node that is a mere view of another's memory, that other."""
    contiguous: list[bool] = []
    found: dict[int, int] = {}
    for position, node in enumerate(graph.nodes):
        dense = True
        if node.primitive in ("transpose", "broadcast_to") or (
            node.primitive == "index" and is_slice(node.params["index"])
        ):
            found[position] = node.parents[0]
            dense = node.primitive == "index" and contiguous[node.parents[0]] and _in_one_piece(node.params["index"])
        elif node.primitive == "reshape" and contiguous[node.parents[0]]:
            found[position] = node.parents[0]
        contiguous.append(dense)
    return found


def _in_one_piece(index: Sequence[Any]) -> bool:
    """Whether the entries of a slice of a contiguous array lie beside each other: some of its rows, whole ones."""
    rest = [part for part in index if not isinstance(part, (int, np.integer))]
    leads = list(index)[len(index) - len(rest) :] == rest
    steps = all(isinstance(part, slice) and part.step in (None, 1) for part in rest)
    return leads and steps and all(part == slice(None) for part in rest[1:])


def root(position: int, seen_through: Mapping[int, int]) -> int:
    """The node that holds the memory in which the node at ``position`` lies."""
    while position in seen_through:
        position = seen_through[position]
    return position


def roots(graph: Graph, seen_through: Mapping[int, int]) -> list[int]:
    """The same for every node: a chain of views is followed once, however long it is."""
    held: list[int] = []
    for position in range(len(graph)):
        held.append(held[seen_through[position]] if position in seen_through else position)
    return held


def schedule(graph: Graph, seen_through: Mapping[int, int]) -> tuple[Instruction, ...]:
    """The instructions of a graph in order.

    Args:
        graph: without dead code.
        seen_through: its views.
    """
    backwards: list[list[int]] = []
    readers: dict[int, int] = {}
    viewed = set()
    held = roots(graph, seen_through)
    for position in range(len(graph) - 1, -1, -1):
        node = graph.nodes[position]
        if node.primitive in (INPUT, CONSTANT):
            continue
        if position in seen_through:
            viewed.add(held[position])
            continue
        number = _joined(graph, backwards, position, readers.get(position, -1), position in viewed)
        backwards[number].append(position)
        for parent in node.parents:
            readers[held[parent]] = max(readers.get(held[parent], -1), number)
    return _hoisted(graph, [sorted(group) for group in reversed(backwards)], held)


def _hoisted(graph: Graph, instructions: list[list[int]], roots: Sequence[int]) -> tuple[Instruction, ...]:
    """Elementwise instructions join an earlier one that computes what they read, if all they need is there by then."""
    number_of = {n: k for k, instruction in enumerate(instructions) for n in instruction}
    for k, instruction in enumerate(instructions):
        operands = {p for n in instruction for p in graph.nodes[n].parents} - {*instruction}
        held = {p: roots[p] for p in operands}
        latest = max((number_of[h] for h in held.values() if h in number_of), default=-1)
        if latest < 0 or not _fits(graph, instructions[latest], instruction):
            continue
        if all(p == h for p, h in held.items() if number_of.get(h) == latest):
            instructions[latest] += instruction
            number_of.update(dict.fromkeys(instruction, latest))
            instructions[k] = []
    return tuple(tuple(sorted(instruction)) for instruction in instructions if instruction)


def _fits(graph: Graph, one: list[int], other: list[int]) -> bool:
    """Whether two instructions can be one: the first node of each stands for those that it was joined with."""
    nodes = [graph.nodes[n] for n in (one[0], other[0])]
    return {n.primitive for n in nodes} <= FUSABLE and len({n.shape for n in nodes}) == 1


def _joined(graph: Graph, backwards: list[list[int]], position: int, reader: int, viewed: bool) -> int:
    """The number, from the end, of the instruction that computes the node: of its first reader, the first, or a new."""
    fitting = [reader] if reader >= 0 and not viewed else []
    if backwards and reader < len(backwards) - 1:
        fitting.append(len(backwards) - 1)
    for number in fitting:
        if _fits(graph, backwards[number], [position]):
            return number
    backwards.append([])
    return len(backwards) - 1
