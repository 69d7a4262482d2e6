"""Skip connections: sums in which a value meets something that was made from it."""

from __future__ import annotations

from backpath.graph import Graph
from backpath.paths import Linearization

Edge = tuple[int, int]
"""Position of the target, and slot there."""

SUMS = frozenset({"add", "subtract"})


def branch_edges(lin: Linearization) -> frozenset[Edge]:
    """The edges by which the branch of each residual block enters the sum with its skip.

    A sum is one of a block if one operand was made from the other: the branch is the operand that was made later. Paths
    that go by such an edge went through the block, paths that go by its twin went around it.
    """
    graph = lin.graph
    found = set()
    for target, node in enumerate(graph.nodes):
        edges = lin.edges_into(target) if node.primitive in SUMS else ()
        if len(edges) == 2:
            (_, skip), (slot, branch) = sorted(edges, key=lambda edge: edge[1])
            if skip < branch and _made_from(graph, branch, skip):
                found.add((target, slot))
    return frozenset(found)


def _made_from(graph: Graph, later: int, earlier: int) -> bool:
    """Whether a path leads from ``earlier`` to ``later``."""
    seen, waiting = {later}, [later]
    while waiting:
        for parent in graph.nodes[waiting.pop()].parents:
            if parent == earlier:
                return True
            if parent > earlier and parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return False
