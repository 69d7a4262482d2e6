"""The sweep: the sum over all paths by dynamic programming, in any semiring, in either direction.

Every edge is visited once. Against the edges, S(i, o) = sum over j in A(i) of S(j, o) z(i, j) (Aggarwal, eq. 3.8);
along them, the same recursion from the sources.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from backpath.graph import Graph
from backpath.ops import PRIMITIVES
from backpath.ops.semiring import Semiring, Value
from backpath.paths.linearization import Linearization


def pull_back(
    lin: Linearization, seeds: Mapping[int, Value], sources: Collection[int], semiring: Semiring
) -> dict[int, Value]:
    """Path sums from each of ``sources`` to the seeded nodes.

    Args:
        lin: the graph at a point.
        seeds: what the recursion starts from, by the position of the output node.
        sources: the nodes whose path sums are wanted.
        semiring: what plus and times mean.

    Returns:
        The path sums by position; a source from which no path leads to a seed is not among them.
    """
    graph, wanted = lin.graph, set(sources)
    reached = reachable(graph, wanted)
    sums = {position: seed for position, seed in seeds.items() if reached[position]}
    for target in range(max(sums, default=-1), -1, -1):
        if target not in sums:
            continue
        adjoint = sums[target] if target in wanted else sums.pop(target)
        primitive = PRIMITIVES.get(graph.nodes[target].primitive)
        for slot, source in enumerate(graph.nodes[target].parents):
            if reached[source] and primitive is not None and primitive.differentiable(slot):
                term = lin.local(target, slot).pull(adjoint, semiring)
                sums[source] = semiring.plus(sums[source], term) if source in sums else term
    return {position: sums[position] for position in wanted if position in sums}


def push_forward(lin: Linearization, seeds: Mapping[int, Value], semiring: Semiring) -> dict[int, Value]:
    """Path sums from the seeded nodes to every node that they reach, by position."""
    graph = lin.graph
    reached = reachable(graph, seeds)
    sums = dict(seeds)
    for target in range(min(seeds, default=len(graph)), len(graph)):
        primitive = PRIMITIVES.get(graph.nodes[target].primitive)
        if not reached[target] or primitive is None:
            continue
        for slot, source in enumerate(graph.nodes[target].parents):
            if reached[source] and primitive.differentiable(slot):
                term = lin.local(target, slot).push(sums[source], semiring)
                sums[target] = semiring.plus(sums[target], term) if target in sums else term
    return sums


def reachable(graph: Graph, sources: Collection[int]) -> bytearray:
    """A flag for each node: whether a path of differentiable edges leads to it from one of ``sources``."""
    flags = bytearray(len(graph))
    for position in sources:
        flags[position] = 1
    for target, node in enumerate(graph.nodes):
        for slot, source in enumerate(node.parents):
            if flags[source] and PRIMITIVES[node.primitive].differentiable(slot):
                flags[target] = 1
                break
    return flags
