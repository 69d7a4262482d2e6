"""A graph at a point, and the sum over all its paths by dynamic programming, in any semiring, in either direction.

Every edge is visited once. Against the edges, S(i, o) = sum over j in A(i) of S(j, o) z(i, j) (Aggarwal, eq. 3.8);
along them, the same recursion from the sources.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from backpath.graph import CONSTANT, INPUT, Graph, GraphError, MatrixError
from backpath.ops.local import LocalDerivative, Within
from backpath.ops.primitive import PRIMITIVES
from backpath.ops.semiring import Semiring, Value
from backpath.ops.tracing.recording import apply


class Edges(Protocol):
    """What the recursion asks of a weighted DAG; see ``backpath.paths.Weighted``."""

    def __len__(self) -> int: ...

    def edges_into(self, target: int) -> Sequence[tuple[int, int]]:
        """(slot, source) of every edge into ``target``."""
        ...

    def locals_into(self, target: int, slots: Sequence[int]) -> list[LocalDerivative]:
        """z(i, j) of several edges into one node."""
        ...


class AtPoint:
    """The edges of a graph with the values of its nodes, which may be traced."""

    __slots__ = ()

    graph: Graph
    values: Any

    def __len__(self) -> int:
        return len(self.graph)

    def edges_into(self, target: int) -> list[tuple[int, int]]:
        node = self.graph.nodes[target]
        if not node.parents:
            return []
        edges = list(enumerate(node.parents))
        primitive = PRIMITIVES[node.primitive]
        return [edge for edge in edges if primitive.differentiable(edge[0])] if primitive.constant_somewhere else edges

    def local(self, target: int, slot: int) -> LocalDerivative:
        return self.locals_into(target, [slot])[0]

    def locals_into(self, target: int, slots: Sequence[int]) -> list[LocalDerivative]:
        node = self.graph.nodes[target]
        operands = tuple([self.values[i] for i in node.parents])
        try:
            return PRIMITIVES[node.primitive].local_derivatives(slots, self.values[target], operands, node.params)
        except MatrixError as error:
            raise error.at(node.name) from None


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated(AtPoint):
    """A graph with the values of its nodes, and nothing more."""

    graph: Graph
    values: Sequence[Any]


def evaluate(
    graph: Graph, inputs: Sequence[Any], change: Callable[[int, Any, Sequence[Any]], Any] | None = None
) -> list[Any]:
    """The value of every node from the inputs' (arrays or traced values, in the graph's order).

    Of a computed one it is what ``change`` makes of its position, value and operands.

    Raises:
        GraphError: if the number of inputs is not the graph's, or a node's primitive is unknown.
    """
    if len(inputs) != len(graph.inputs):
        raise GraphError(f"the graph has {len(graph.inputs)} inputs, and {len(inputs)} values were given")
    given = iter(inputs)
    values: list[Any] = []
    for node in graph.nodes:
        if node.primitive == INPUT:
            value = next(given)
            values.append(value if hasattr(value, "dtype") else np.asarray(value))
        elif node.primitive == CONSTANT:
            values.append(node.params["value"])
        else:
            if node.primitive not in PRIMITIVES:
                raise GraphError(f"node {node.name!r} has the primitive {node.primitive!r}, which nobody defined")
            operands = [values[i] for i in node.parents]
            try:
                value = apply(PRIMITIVES[node.primitive], *operands, **node.params)
            except MatrixError as error:
                raise error.at(node.name) from None
            values.append(value if change is None else change(len(values), value, operands))
    return values


def pull_through(
    edges: Edges, seeds: Mapping[int, Value], wanted: Collection[int], reached: bytearray, semiring: Semiring
) -> dict[int, Value]:
    """Path sums from each of ``wanted`` to the seeded nodes, over the nodes that are flagged in ``reached``."""
    sums = {position: seed for position, seed in seeds.items() if reached[position]}
    for target in range(max(sums, default=-1), -1, -1):
        if target not in sums:
            continue
        adjoint = sums[target] if target in wanted else sums.pop(target)
        for slot, source, local in _locals_from(edges, target, reached):
            term = semiring.cross(local.pull(adjoint, semiring), target, slot)
            sums[source] = semiring.plus(sums[source], term) if source in sums else term
    return {position: sums[position] for position in wanted if position in sums}


def push_through(edges: Edges, seeds: Mapping[int, Value], reached: bytearray, semiring: Semiring) -> dict[int, Value]:
    """Path sums from the seeded nodes to every node that is flagged in ``reached``."""
    sums = dict(seeds)
    for target in range(min(seeds, default=len(edges)), len(edges)):
        if not reached[target]:
            continue
        for term in _pushed(_locals_from(edges, target, reached), target, sums, semiring):
            sums[target] = semiring.plus(sums[target], term) if target in sums else term
    return sums


def _pushed(
    into: Sequence[tuple[int, int, LocalDerivative]], target: int, sums: Mapping[int, Value], semiring: Semiring
) -> Iterator[Value]:
    """The path sums that come over each edge into a node, or over all of them together."""
    if into and isinstance(first := into[0][2], Within):
        slots = [local.slot for _, _, local in into if isinstance(local, Within)]
        crossed = [semiring.cross(sums[source], target, slot) for slot, source, _ in into]
        yield semiring.through(dict(zip(slots, crossed, strict=True)), first.joint.push_all)
        return
    for slot, source, local in into:
        yield semiring.cross(local.push(sums[source], semiring), target, slot)


def _locals_from(edges: Edges, target: int, reached: bytearray) -> list[tuple[int, int, LocalDerivative]]:
    """(slot, source, z) of the edges into a node from those that are flagged."""
    chosen = [edge for edge in edges.edges_into(target) if reached[edge[1]]]
    if not chosen:
        return []
    found = edges.locals_into(target, [slot for slot, _ in chosen])
    return [(slot, source, local) for (slot, source), local in zip(chosen, found, strict=True)]


def reached_from(edges: Edges, sources: Collection[int]) -> bytearray:
    """A flag for each node: whether a path leads to it from one of ``sources``."""
    flags = bytearray(len(edges))
    for position in sources:
        flags[position] = 1
    for target in range(min(sources, default=len(edges)), len(edges)):
        if not flags[target]:
            flags[target] = any(flags[source] for _, source in edges.edges_into(target))
    return flags
