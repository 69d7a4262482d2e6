"""Where each value of a program lives: given, a view, a register of an instruction, a buffer, or an output."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from heapq import heappop, heappush
from math import prod
from typing import Any

import numpy as np

from backpath.engines.program.schedule import IN_PLACE, Instruction, roots
from backpath.graph import CONSTANT, INPUT, Graph, Node

ALIGNMENT = 64

MOST_REGISTERS = 64
"""Of one instruction: values of a block each, which are to stay in a core's cache."""


APART = 1 << 22
"""Bytes of buffers, which stay in a core's caches, up to which none need be used again."""


class Kind(Enum):
    """Where a value lives."""

    GIVEN = "given"
    VIEW = "view"
    PART = "part"
    REGISTER = "register"
    BUFFER = "buffer"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Place:
    """The place of one node's value.

    Attributes:
        kind: what kind of place.
        number: a register's, buffer's or output's number; the node that a view looks into, or that a part lies in.
    """

    kind: Kind
    number: int = -1


def nbytes(node: Node) -> int:
    """The size of a node's value."""
    return prod(node.shape) * node.dtype.itemsize


def plan(
    graph: Graph,
    seen_through: Mapping[int, int],
    instructions: Sequence[Instruction],
    overwrites: Mapping[int, int],
    apart: bool = False,
) -> tuple[tuple[Place, ...], tuple[int, ...]]:
    """A place for each node, and the size of each buffer in bytes.

    Args:
        graph: what is computed.
        seen_through: its views.
        instructions: in order.
        overwrites: for an output, by its number, the number of the input whose memory it takes.
        apart: whether values have buffers of their own where all of them fit into ``APART`` bytes, so that nothing has
            to wait until another value is no longer read.
    """
    if apart:
        places, buffers = _Planner(graph, seen_through, instructions, overwrites, again=False).run()
        if sum(buffers) <= APART:
            return places, buffers
    return _Planner(graph, seen_through, instructions, overwrites).run()


class _Planner:
    def __init__(
        self,
        graph: Graph,
        seen_through: Mapping[int, int],
        instructions: Sequence[Instruction],
        overwrites: Mapping[int, int],
        again: bool = True,
    ):
        self.graph, self.views, self.instructions = graph, seen_through, instructions
        self.again = again
        self.places: list[Place | None] = [None] * len(graph)
        self.pool = _Pool()
        self.instruction_of = {n: k for k, instruction in enumerate(instructions) for n in instruction}
        self.roots = roots(graph, seen_through)
        self.last_read = self._last_reads()
        self.outputs = {o: k for k, o in reversed(list(enumerate(graph.outputs)))}
        # A value that is several outputs is computed into the first one's memory.
        self.overwrites = {o: graph.inputs[overwrites[k]] for o, k in self.outputs.items() if k in overwrites}
        # An output that takes an input's memory may not be written before that is read for the last time.
        wholes = _wholes(graph, seen_through)
        self.wholes = {part: whole for part, whole in wholes.items() if whole not in self.overwrites}

    def run(self) -> tuple[tuple[Place, ...], tuple[int, ...]]:
        for position, node in enumerate(self.graph.nodes):
            if node.primitive in (INPUT, CONSTANT):
                self.places[position] = Place(Kind.GIVEN)
            elif position in self.views:
                self.places[position] = Place(Kind.VIEW, self.views[position])
        for number, instruction in enumerate(self.instructions):
            planned = _Pass(self, number)
            for position in instruction:
                self.places[position] = self.places[position] or self._place(planned, position)
            self._release(number, instruction)
        assert all(self.places)
        return tuple(p for p in self.places if p), tuple(self.pool.sizes)

    def _last_reads(self) -> dict[int, int]:
        """For each node that holds memory, the node that reads it last, in the order of the instructions."""
        last = {}
        for instruction in self.instructions:
            for position in instruction:
                last[position] = position
                for parent in self.graph.nodes[position].parents:
                    last[self.roots[parent]] = position
        for o in self.graph.outputs:
            last[self.roots[o]] = len(self.graph)
        return last

    def read_until(self, held: int) -> int:
        """The number of the instruction that reads a node's memory last."""
        return self.instruction_of.get(self.last_read[held], len(self.instructions))

    def _place(self, planned: _Pass, position: int) -> Place:
        if (whole := self.wholes.get(position)) is not None:
            # Its memory is taken now, for it is written from now on, and read no earlier than it is put together.
            self.places[whole] = self.places[whole] or self._place(_Pass(self, self.instruction_of[whole]), whole)
            return Place(Kind.PART, whole)
        if position in self.outputs and self._may_be_written(planned, position):
            return Place(Kind.OUTPUT, self.outputs[position])
        if position not in self.outputs and (place := planned.register(position)):
            return place
        if place := planned.inherited(position):
            return place
        return Place(Kind.BUFFER, self.pool.take(nbytes(self.graph.nodes[position])))

    def _may_be_written(self, planned: _Pass, position: int) -> bool:
        """Whether an output may be written at once: it is no input's memory, or that is not read any more."""
        given = self.overwrites.get(position)
        return given is None or given not in self.last_read or planned.read_before(position, given)

    def _release(self, number: int, instruction: Instruction) -> None:
        """Give back the buffers of what is not read after this instruction."""
        if not self.again:
            return
        held = {self.roots[p] for position in instruction for p in self.graph.nodes[position].parents}
        places = {position: self.places[position] for position in held.union(instruction)}
        buffers = {position: p.number for position, p in places.items() if p and p.kind is Kind.BUFFER}
        alive = {buffer for position, buffer in buffers.items() if self.read_until(position) > number}
        for buffer in sorted(set(buffers.values()) - alive):
            self.pool.give_back(buffer)


class _Pass:
    """One instruction while its nodes find their places, in order."""

    def __init__(self, planner: _Planner, number: int):
        self.planner, self.number = planner, number
        nodes, roots = planner.graph.nodes, planner.roots
        self.instruction = planner.instructions[number]
        reads = [(p, reader) for reader in self.instruction for p in nodes[reader].parents]
        self.last_reader = dict(reads)
        self.seen = {roots[p] for p, _ in reads if roots[p] != p}
        """What is read through views, and so not entry by entry where the same entries are written."""
        self.registers = _Registers()
        self.dying: list[tuple[int, int]] = []
        """Operands whose buffer may be written over, each after the node that reads it last, from the last one on."""
        for p in self.last_reader:
            place = planner.places[p]
            if place and place.kind is Kind.BUFFER and self._aligned(p) and planner.read_until(p) <= number:
                self.dying.append((planner.last_read[p], p))
        self.dying.sort(reverse=True)
        self.free: dict[Any, list[int]] = {}
        """Those that are dead, in heaps by shape and type."""

    def register(self, position: int) -> Place | None:
        """A register, for a value that this instruction alone reads, entry by entry, while there are any."""
        if len(self.instruction) == 1 or not self._aligned(position) or self.planner.read_until(position) > self.number:
            return None
        return self.registers.take(self.planner.graph.nodes[position], position, self.last_reader.get(position))

    def inherited(self, position: int) -> Place | None:
        """The buffer of an operand that nothing reads once ``position`` is computed into it."""
        node = self.planner.graph.nodes[position]
        last = position if node.primitive in IN_PLACE else position - 1
        while self.dying and self.dying[-1][0] <= last:
            operand = self.dying.pop()[1]
            heappush(self.free.setdefault(_kind_of(self.planner.graph.nodes[operand]), []), operand)
        fitting = self.free.get(_kind_of(node))
        return self.planner.places[heappop(fitting)] if fitting else None

    def read_before(self, position: int, held: int) -> bool:
        """Whether all that read a value are done with each entry when ``position`` writes it."""
        last, done = self.planner.last_read[held], self.planner.read_until(held)
        safe = last < position or (last == position and self.planner.graph.nodes[position].primitive in IN_PLACE)
        return done < self.number or (done == self.number and safe and self._aligned(held))

    def _aligned(self, held: int) -> bool:
        """Whether the instruction reads a value only entry by entry, where it writes the same entries."""
        return held not in self.seen


def _kind_of(node: Node) -> tuple[tuple[int, ...], np.dtype]:
    return node.shape, node.dtype


def _wholes(graph: Graph, seen_through: Mapping[int, int]) -> dict[int, int]:
    """For each value that is read only to be put into a longer one, and could be written there at once: that one."""
    readers: dict[int, list[int]] = {o: [-1] for o in graph.outputs}
    for position, node in enumerate(graph.nodes):
        for parent in node.parents:
            readers.setdefault(parent, []).append(position)
    found = {}
    for whole, node in enumerate(graph.nodes):
        if node.primitive != "concatenate" or node.params["axis"] != 0:
            continue
        for operand in node.parents:
            reader = whole
            while (
                operand in seen_through and graph.nodes[operand].primitive == "reshape" and readers[operand] == [reader]
            ):
                operand, reader = seen_through[operand], operand
            given = operand in seen_through or graph.nodes[operand].primitive in (INPUT, CONSTANT)
            if not given and readers[operand] == [reader]:
                found[operand] = whole
    return {part: whole for part, whole in found.items() if whole not in found}


class _Registers:
    """Registers of one instruction, each taken again after its value's last use."""

    def __init__(self) -> None:
        self.until: list[int] = []
        self.types: list[np.dtype] = []

    def take(self, node: Node, position: int, last: int | None) -> Place | None:
        """A register that is free while ``position`` is computed, and until its last reader; None if all are taken."""
        last = position if last is None else last
        for number, until in enumerate(self.until):
            in_place = node.primitive in IN_PLACE and self.types[number] == node.dtype
            if until < position or (until == position and in_place):
                self.until[number], self.types[number] = last, node.dtype
                return Place(Kind.REGISTER, number)
        if len(self.until) == MOST_REGISTERS:
            return None
        self.until.append(last)
        self.types.append(node.dtype)
        return Place(Kind.REGISTER, len(self.until) - 1)


class _Pool:
    """Buffers that are free to be used again, by size."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self._free: dict[int, deque[int]] = {}
        self._known: list[int] = []

    def take(self, nbytes: int) -> int:
        """The smallest free buffer that is large enough, or a new one."""
        for size in self._known[bisect_left(self._known, nbytes) :]:
            if self._free[size]:
                return self._free[size].popleft()
        size = -(-nbytes // ALIGNMENT) * ALIGNMENT
        self.sizes.append(size)
        if size not in self._free:
            self._free[size] = deque()
            insort(self._known, size)
        return len(self.sizes) - 1

    def give_back(self, number: int) -> None:
        """Mark a buffer as free."""
        self._free[self.sizes[number]].append(number)
