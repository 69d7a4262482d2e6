"""Program: a graph as straight-line code, each value in a place that is planned before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from backpath.engines.program.convolutions import with_convolutions
from backpath.engines.program.expand import expand
from backpath.engines.program.nested import with_plain_insides, without_unread
from backpath.engines.program.planning import Kind, Place, nbytes, plan
from backpath.engines.program.schedule import Instruction, roots, schedule, views
from backpath.engines.program.simplify import simplify
from backpath.graph import CONSTANT, INPUT, Graph, GraphError, Node

NO_OVERWRITES: Mapping[int, int] = {}


@dataclass(frozen=True, eq=False)
class Program:
    """What an engine runs: instructions in order, each of which computes some nodes of ``graph`` into their places.

    Attributes:
        graph: expanded and simplified; its inputs and outputs are those of the original.
        instructions: positions of the nodes that each one computes: one, or several elementwise ones in one pass.
        places: one for each node.
        buffers: the size of each buffer in bytes.
        overwrites: for an output, by its number, the number of the input whose memory it takes.
    """

    graph: Graph
    instructions: tuple[Instruction, ...]
    places: tuple[Place, ...]
    buffers: tuple[int, ...]
    overwrites: Mapping[int, int]

    @cached_property
    def copies(self) -> tuple[int, ...]:
        """Numbers of the outputs that are copied at the end, since their value lives elsewhere."""
        graph = self.graph
        unchanged = {k for k, i in self.overwrites.items() if graph.outputs[k] == graph.inputs[i]}
        here = (k for k, o in enumerate(graph.outputs) if self.places[o] != Place(Kind.OUTPUT, k))
        return tuple(k for k in here if k not in unchanged)

    @property
    def memory(self) -> int:
        """Bytes of all buffers: what running takes beside inputs, outputs and constants."""
        return sum(self.buffers)

    @property
    def flops(self) -> int:
        """Operations on numbers in one run: two for each product that a matrix product sums up."""
        return sum(self.cost(instruction)[0] for instruction in self.instructions)

    @property
    def traffic(self) -> int:
        """Bytes that the instructions read and write in one run."""
        return sum(self.cost(instruction)[1] for instruction in self.instructions)

    def cost(self, instruction: Instruction) -> tuple[int, int]:
        """Operations on numbers, and bytes read and written."""
        nodes = self.graph.nodes
        flops = sum(_operations(nodes[n], [nodes[p] for p in nodes[n].parents]) for n in instruction)
        read = {p for n in instruction for p in nodes[n].parents}.difference(instruction)
        written = [n for n in instruction if self.places[n].kind is not Kind.REGISTER]
        return flops, sum(nbytes(nodes[n]) for n in [*read, *written])

    @cached_property
    def roots(self) -> list[int]:
        """For each node the one that holds the memory which it lies in."""
        return roots(self.graph, {k: p.number for k, p in enumerate(self.places) if p.kind is Kind.VIEW})

    @cached_property
    def readers(self) -> list[int]:
        """How many nodes read each node."""
        counts = [0] * len(self.graph)
        for node in self.graph.nodes:
            for parent in {*node.parents}:
                counts[parent] += 1
        return counts

    @cached_property
    def _input_numbers(self) -> dict[int, int]:
        return {i: k for k, i in enumerate(self.graph.inputs)}

    def check(self) -> None:
        """Verify that everything is computed before it is read, and nothing overwritten before its last use.

        Raises:
            GraphError: naming the node whose value would be lost.
        """
        nodes = self.graph.nodes
        holder: dict[tuple[object, int], int] = {("input", k): i for k, i in enumerate(self.graph.inputs)}
        for instruction in self.instructions:
            for position in instruction:
                for parent in nodes[position].parents:
                    self._require(holder, parent, nodes[position].name)
                holder[self._memory(position)] = position
                if self.places[position].kind is Kind.PART:
                    holder[self._memory(self.places[position].number)] = self.places[position].number
            for position in instruction:
                if self.places[position].kind is Kind.REGISTER:
                    holder.pop(self._memory(position), None)
        for k in self.copies:
            self._require(holder, self.graph.outputs[k], f"output {k}")
            if k in self.overwrites:
                holder["input", self.overwrites[k]] = self.graph.outputs[k]

    def _memory(self, position: int) -> tuple[object, int]:
        """What two nodes have in common if one overwrites the other."""
        place = self.places[position]
        if place.kind is Kind.OUTPUT and place.number in self.overwrites:
            return "input", self.overwrites[place.number]
        if self.graph.nodes[position].primitive == INPUT:
            return "input", self._input_numbers[position]
        return place.kind, position if place.kind is Kind.PART else place.number

    def _require(self, holder: Mapping[tuple[object, int], int], position: int, reader: str) -> None:
        held = self.roots[position]
        whole = [self.places[held].number] if self.places[held].kind is Kind.PART else []
        for node in (held, *whole):
            if self.graph.nodes[node].primitive != CONSTANT and holder.get(self._memory(node)) != node:
                name = self.graph.nodes[held].name
                raise GraphError(f"the value of {name!r} is overwritten before {reader!r} reads it")

    def __str__(self) -> str:
        rows = [row for instruction in self.instructions for row in self._rows(instruction)]
        widths = [max((len(row[k]) for row in rows), default=0) for k in range(5)]
        lines = ["  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[5]]) for row in rows]
        total = f"{len(self.instructions)} instructions, {self.flops:,} operations, {self.traffic:,} bytes moved"
        return "\n".join([*lines, f"{total}, {self.memory:,} bytes of buffers"])

    def _rows(self, instruction: Instruction) -> list[tuple[str, ...]]:
        """One for each value that reaches memory; the first one has the cost."""
        flops, moved = self.cost(instruction)
        costs = [f"{flops:,} op", f"{moved:,} B"]
        rows = []
        for position in instruction:
            node, place = self.graph.nodes[position], self.places[position]
            if place.kind is not Kind.REGISTER:
                shape = f"{node.dtype}[{','.join(map(str, node.shape))}]"
                part = place.kind is Kind.PART
                where = f"in {self.graph.nodes[place.number].name}" if part else f"{place.kind.value} {place.number}"
                rows.append((where, node.name, shape, *costs, self._expression(position, instruction)))
                costs = ["", ""]
        return rows

    def _expression(self, position: int, instruction: Instruction) -> str:
        """The call that computes a node; what stays in registers is written out, or named if it is read twice."""
        nodes, needed = self.graph.nodes, {position}
        for n in reversed(instruction):
            if n in needed:
                needed.update(p for p in nodes[n].parents if self.places[p].kind is Kind.REGISTER)
        reads = [p for n in needed for p in nodes[n].parents]
        written: dict[int, str] = {}
        named = ""
        for n in sorted(needed):
            operands = [written.get(p, self._named(p)) for p in nodes[n].parents]
            operands += [str(nodes[n].params["n"])] if nodes[n].primitive == "integer_power" else []
            written[n] = f"{nodes[n].primitive}({', '.join(operands)})"
            if n != position and reads.count(n) > 1:
                named += f"{nodes[n].name} = {written[n]}; "
                written[n] = nodes[n].name
        return named + written[position]

    def _named(self, position: int) -> str:
        node = self.graph.nodes[position]
        if node.primitive == CONSTANT and node.shape == ():
            return f"{node.params['value']:.6g}"
        if node.primitive == "transpose" and len(node.shape) == 2:
            return f"{self._named(node.parents[0])}.T"
        return node.name


def _operations(node: Node, operands: list[Node]) -> int:
    """How many operations on numbers a node takes; moving numbers takes none."""
    if node.primitive == "scan":
        loop = node.params["loop"]
        return loop.length * _operations_inside(loop.body)
    if node.primitive == "cond":
        return max(_operations_inside(node.params["branches"].true), _operations_inside(node.params["branches"].false))
    if node.primitive == "matmul":
        return 2 * int(np.prod(node.shape, dtype=int)) * operands[0].shape[-1]
    if node.primitive in ("convolve", "convolve_by_kernel"):
        return 2 * int(np.prod(node.shape, dtype=int)) * operands[1].shape[0]
    if node.primitive in ("sum", "max", "argmax", "max_pool"):
        return int(np.prod(operands[0].shape, dtype=int))
    moves = ("reshape", "transpose", "broadcast_to", "index", "scatter", "concatenate", "pad", "astype", "discretize",
             "unroll", "fold")  # fmt: skip
    return 0 if node.primitive in moves else int(np.prod(node.shape, dtype=int))


def _operations_inside(graph: Graph) -> int:
    return sum(_operations(node, [graph.nodes[p] for p in node.parents]) for node in graph.nodes if node.parents)


def compile_graph(
    graph: Graph, overwrites: Mapping[int, int] = NO_OVERWRITES, conditions: np.dtype | None = None
) -> Program:
    """The program of a graph: expanded, simplified, its instructions in order, its buffers planned, and checked.

    Args:
        graph: what to compute.
        overwrites: for an output, by its number, the number of the input whose memory it takes; whoever runs the
            program gives one array for both.
        conditions: the type of true and false inside, for an engine that knows numbers alone, and convolutions whole;
            by default bool.
    """
    graph = plain(graph)
    if conditions is not None:
        graph = with_convolutions(_without_bool(graph, conditions))
    graph = _kept_apart(graph, overwrites)
    seen_through = views(graph)
    instructions = schedule(graph, seen_through)
    places, buffers = plan(graph, seen_through, instructions, overwrites, apart=conditions is not None)
    program = Program(graph, instructions, places, buffers, overwrites)
    program.check()
    return program


def plain(graph: Graph) -> Graph:
    """Of primitives that are not composite, without needless work; so are the graphs inside its nodes."""
    return with_plain_insides(simplify(without_unread(simplify(expand(graph)))), plain)


def _kept_apart(graph: Graph, overwrites: Mapping[int, int]) -> Graph:
    """The graph with a copy for each output that lies in the memory of an input which another value overwrites."""
    changed = {graph.inputs[i] for k, i in overwrites.items() if graph.outputs[k] != graph.inputs[i]}
    nodes, outputs, held = list(graph.nodes), list(graph.outputs), roots(graph, views(graph))
    for k, o in enumerate(graph.outputs):
        if held[o] in changed:
            node = nodes[o]
            copied = {"name": f"{node.name}_kept_{k}", "primitive": "astype", "parents": (o,)}
            nodes.append(replace(node, **copied, params={"dtype": node.dtype}))
            outputs[k] = len(nodes) - 1
    return Graph(tuple(nodes), graph.inputs, tuple(outputs))


def _without_bool(graph: Graph, dtype: np.dtype) -> Graph:
    """The graph with 0 and 1 in place of false and true, but for inputs and outputs; true + true stays true."""
    logical = {"add": "logical_or", "multiply": "logical_and"}
    ends = {*graph.inputs, *graph.outputs}
    nodes = []
    for position, node in enumerate(graph.nodes):
        if node.dtype == bool and position not in ends:
            params = {"value": node.params["value"].astype(dtype)} if node.primitive == CONSTANT else node.params
            node = replace(node, primitive=logical.get(node.primitive, node.primitive), dtype=dtype, params=params)
        nodes.append(node)
    return Graph(tuple(nodes), graph.inputs, graph.outputs)
