"""Program: a graph as straight-line code, each value in a place that is planned before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np

from backpath.engines.expand import expand
from backpath.engines.simplify import simplify
from backpath.graph import CONSTANT, INPUT, Graph, GraphError
from backpath.ops.movement import is_slice

# Primitives whose NumPy kernel reads each entry before it writes that entry, and so may write over an operand.
IN_PLACE = frozenset(
    (
        "add subtract multiply divide negative square reciprocal sqrt cbrt exp exp2 expm1 log log2 log10 "
        "log1p logaddexp sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh arccosh arctanh arctan2 "
        "hypot abs maximum minimum sign floor ceil rint trunc power integer_power relu sigmoid erf ndtr"
    ).split()
)
ALIGNMENT = 64


class Kind(Enum):
    """Where a value lives."""

    GIVEN = "given"
    VIEW = "view"
    BUFFER = "buffer"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Place:
    """The place of one node's value: a buffer's or output's number, or the node that a view looks into."""

    kind: Kind
    number: int = -1


@dataclass(frozen=True, eq=False)
class Program:
    """What an engine runs: the nodes of ``graph`` in order, each computed into its place.

    Attributes:
        graph: expanded and simplified; its inputs and outputs are those of the original.
        places: one for each node.
        buffers: the size of each buffer in bytes.
    """

    graph: Graph
    places: tuple[Place, ...]
    buffers: tuple[int, ...]

    @cached_property
    def instructions(self) -> tuple[int, ...]:
        """Positions of the nodes that must be computed, in order."""
        computed = (Kind.BUFFER, Kind.OUTPUT)
        return tuple(k for k, place in enumerate(self.places) if place.kind in computed)

    @cached_property
    def copies(self) -> tuple[int, ...]:
        """Numbers of the outputs that are copied at the end, since their value lives elsewhere."""
        return tuple(k for k, o in enumerate(self.graph.outputs) if self.places[o] != Place(Kind.OUTPUT, k))

    @property
    def memory(self) -> int:
        """Bytes of all buffers: what running takes beside inputs, outputs and constants."""
        return sum(self.buffers)

    def root(self, position: int) -> int:
        """The node that holds the memory which node ``position`` lies in."""
        while self.places[position].kind is Kind.VIEW:
            position = self.places[position].number
        return position

    def check(self) -> None:
        """Verify that nothing is overwritten before its last use.

        Raises:
            GraphError: naming the node whose value would be lost.
        """
        holder: dict[Place, int] = {}
        nodes = self.graph.nodes
        for position in self.instructions:
            for parent in nodes[position].parents:
                self._require(holder, parent, nodes[position].name)
            holder[self.places[position]] = position
        for k in self.copies:
            self._require(holder, self.graph.outputs[k], f"output {k}")

    def _require(self, holder: dict[Place, int], position: int, reader: str) -> None:
        root = self.root(position)
        place = self.places[root]
        if place.kind is not Kind.GIVEN and holder.get(place) != root:
            name = self.graph.nodes[root].name
            raise GraphError(f"the value of {name!r} is overwritten before {reader!r} reads it")

    def __str__(self) -> str:
        nodes = self.graph.nodes
        rows = []
        for position in self.instructions:
            node, place = nodes[position], self.places[position]
            call = f"{node.primitive}({', '.join(nodes[p].name for p in node.parents)})"
            shape = f"{node.dtype}[{','.join(map(str, node.shape))}]"
            rows.append((f"{place.kind.value} {place.number}", node.name, shape, call))
        widths = [max((len(row[k]) for row in rows), default=0) for k in range(3)]
        return "\n".join(
            "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[3]]) for row in rows
        )


def compile_graph(graph: Graph) -> Program:
    """The program of a graph: expanded, simplified, its buffers planned, and checked."""
    graph = simplify(expand(graph))
    views = _views(graph)
    program = Program(graph, *_assign(graph, views))
    program.check()
    return program


def _views(graph: Graph) -> dict[int, int]:
    """For each node that is a mere view of another's memory, that other."""
    contiguous: list[bool] = []
    views: dict[int, int] = {}
    for position, node in enumerate(graph.nodes):
        dense = True
        if node.primitive in ("transpose", "broadcast_to") or (
            node.primitive == "index" and is_slice(node.params["index"])
        ):
            views[position] = node.parents[0]
            dense = False
        elif node.primitive == "reshape" and contiguous[node.parents[0]]:
            views[position] = node.parents[0]
        contiguous.append(dense)
    return views


def _assign(graph: Graph, views: dict[int, int]) -> tuple[tuple[Place, ...], tuple[int, ...]]:
    last_use = _last_uses(graph, views)
    outputs = {o: k for k, o in reversed(list(enumerate(graph.outputs)))}
    pool = _Pool()
    places: list[Place] = []
    for position, node in enumerate(graph.nodes):
        if node.primitive in (INPUT, CONSTANT):
            places.append(Place(Kind.GIVEN))
        elif position in views:
            places.append(Place(Kind.VIEW, views[position]))
        else:
            operands = {_root(p, views) for p in node.parents}
            dying = [p for p in operands if last_use[p] == position and places[p].kind is Kind.BUFFER]
            if position in outputs:
                place = Place(Kind.OUTPUT, outputs[position])
            else:
                heir = next((p for p in dying if _may_overwrite(graph, p, position)), None)
                nbytes = int(np.prod(node.shape, dtype=int)) * node.dtype.itemsize
                place = places[heir] if heir is not None else Place(Kind.BUFFER, pool.take(nbytes))
            places.append(place)
            for p in dying:
                if places[p] != place:
                    pool.give_back(places[p].number)
            if last_use[position] == position and place.kind is Kind.BUFFER:
                pool.give_back(place.number)
    return tuple(places), tuple(pool.sizes)


def _may_overwrite(graph: Graph, operand: int, position: int) -> bool:
    """Whether ``position`` may be computed into the memory of its operand, whose last use it is."""
    node, source = graph.nodes[position], graph.nodes[operand]
    return (
        node.primitive in IN_PLACE
        and operand in node.parents
        and (source.shape, source.dtype) == (node.shape, node.dtype)
    )


def _last_uses(graph: Graph, views: dict[int, int]) -> list[int]:
    """For each node that holds memory, the last instruction that reads it, directly or through a view."""
    last = list(range(len(graph)))
    for position, node in enumerate(graph.nodes):
        if position not in views:
            for parent in node.parents:
                last[_root(parent, views)] = position
    for o in graph.outputs:
        last[_root(o, views)] = len(graph)
    return last


def _root(position: int, views: dict[int, int]) -> int:
    while position in views:
        position = views[position]
    return position


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
