"""Where each value of a program lives: given, a view, a register of an instruction, a buffer, or an output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from backpath.engines.program.schedule import IN_PLACE, Instruction, root
from backpath.graph import CONSTANT, INPUT, Graph, Node

ALIGNMENT = 64


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
    return int(np.prod(node.shape, dtype=int)) * node.dtype.itemsize


def plan(
    graph: Graph,
    seen_through: Mapping[int, int],
    instructions: Sequence[Instruction],
    overwrites: Mapping[int, int],
) -> tuple[tuple[Place, ...], tuple[int, ...]]:
    """A place for each node, and the size of each buffer in bytes.

    Args:
        graph: what is computed.
        seen_through: its views.
        instructions: in order.
        overwrites: for an output, by its number, the number of the input whose memory it takes.
    """
    return _Planner(graph, seen_through, instructions, overwrites).run()


class _Planner:
    def __init__(
        self,
        graph: Graph,
        seen_through: Mapping[int, int],
        instructions: Sequence[Instruction],
        overwrites: Mapping[int, int],
    ):
        self.graph, self.views, self.instructions = graph, seen_through, instructions
        self.places: list[Place | None] = [None] * len(graph)
        self.pool = _Pool()
        self.instruction_of = {n: k for k, instruction in enumerate(instructions) for n in instruction}
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
            registers = _Registers()
            for position in instruction:
                self.places[position] = self.places[position] or self._place(number, position, registers)
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
                    last[root(parent, self.views)] = position
        for o in self.graph.outputs:
            last[root(o, self.views)] = len(self.graph)
        return last

    def _dies_before(self, position: int, number: int) -> bool:
        """Whether nothing after instruction ``number`` reads the node's memory."""
        return self.instruction_of.get(self.last_read[position], len(self.instructions)) <= number

    def _place(self, number: int, position: int, registers: _Registers) -> Place:
        inner = self.instructions[number]
        if (whole := self.wholes.get(position)) is not None:
            # Its memory is taken now, for it is written from now on, and read no earlier than it is put together.
            self.places[whole] = self.places[whole] or self._place(self.instruction_of[whole], whole, registers)
            return Place(Kind.PART, whole)
        if position in self.outputs and self._may_be_written(number, position):
            return Place(Kind.OUTPUT, self.outputs[position])
        direct = all(position in self.graph.nodes[r].parents for r in inner if self._reads(r, position))
        if len(inner) > 1 and direct and position not in self.outputs and self._dies_before(position, number):
            return registers.take(self.graph, position, inner)
        for operand in sorted({p for r in inner for p in self.graph.nodes[r].parents}):
            if self._inherits(number, position, operand) and (place := self.places[operand]):
                return place
        return Place(Kind.BUFFER, self.pool.take(nbytes(self.graph.nodes[position])))

    def _reads(self, reader: int, position: int) -> bool:
        return any(root(p, self.views) == position for p in self.graph.nodes[reader].parents)

    def _inherits(self, number: int, position: int, operand: int) -> bool:
        """Whether ``position`` may be computed into the memory of an operand that nothing reads after it."""
        node, source, place = self.graph.nodes[position], self.graph.nodes[operand], self.places[operand]
        if place is None or place.kind is not Kind.BUFFER or (source.shape, source.dtype) != (node.shape, node.dtype):
            return False
        taken = any(self.places[n] == place for n in self.instructions[number])
        return not taken and self._read_before(number, position, operand)

    def _read_before(self, number: int, position: int, held: int) -> bool:
        """Whether all that read a value are done with each entry when ``position`` writes it."""
        last = self.last_read[held]
        done = self.instruction_of.get(last, len(self.instructions))
        safe = last < position or (last == position and self.graph.nodes[position].primitive in IN_PLACE)
        return done < number or (done == number and safe and self._aligned(number, held))

    def _may_be_written(self, number: int, position: int) -> bool:
        """Whether an output may be written at once: it is no input's memory, or that is not read any more."""
        given = self.overwrites.get(position)
        return given is None or given not in self.last_read or self._read_before(number, position, given)

    def _aligned(self, number: int, held: int) -> bool:
        """Whether an instruction reads a value only entry by entry, where it writes the same entries."""
        parents = [p for r in self.instructions[number] for p in self.graph.nodes[r].parents]
        return all(p == held for p in parents if root(p, self.views) == held)

    def _release(self, number: int, instruction: Instruction) -> None:
        """Give back the buffers of what is not read after this instruction."""
        held = {root(p, self.views) for position in instruction for p in self.graph.nodes[position].parents}
        places = {position: self.places[position] for position in held.union(instruction)}
        buffers = {position: p.number for position, p in places.items() if p and p.kind is Kind.BUFFER}
        alive = {buffer for position, buffer in buffers.items() if not self._dies_before(position, number)}
        for buffer in sorted(set(buffers.values()) - alive):
            self.pool.give_back(buffer)


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

    def take(self, graph: Graph, position: int, instruction: Instruction) -> Place:
        """A register that is free while ``position`` is computed, and until its last reader in the instruction."""
        node = graph.nodes[position]
        last = max((r for r in instruction if position in graph.nodes[r].parents), default=position)
        for number, until in enumerate(self.until):
            in_place = node.primitive in IN_PLACE and self.types[number] == node.dtype
            if until < position or (until == position and in_place):
                self.until[number], self.types[number] = last, node.dtype
                return Place(Kind.REGISTER, number)
        self.until.append(last)
        self.types.append(node.dtype)
        return Place(Kind.REGISTER, len(self.until) - 1)


class _Pool:
    """Buffers that are free to be used again."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self._free: list[int] = []

    def take(self, nbytes: int) -> int:
        """The smallest free buffer that is large enough, or a new one."""
        fitting = [b for b in self._free if self.sizes[b] >= nbytes]
        if fitting:
            number = min(fitting, key=self.sizes.__getitem__)
            self._free.remove(number)
            return number
        self.sizes.append(-(-nbytes // ALIGNMENT) * ALIGNMENT)
        return len(self.sizes) - 1

    def give_back(self, number: int) -> None:
        """Mark a buffer as free."""
        self._free.append(number)
