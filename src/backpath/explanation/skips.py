"""Skip connections: sums in which a value meets something that was made from it."""

from __future__ import annotations

from dataclasses import dataclass

from backpath.graph import Graph
from backpath.ops import scope_of
from backpath.paths import Linearization

Edge = tuple[int, int]
"""Position of the target, and slot there."""

SUMS = frozenset({"add", "subtract"})

MIXING = frozenset({"matmul", "einsum", "linear", "post_activation", "pre_activation"})
"""Primitives that mix neurons."""


@dataclass(frozen=True, slots=True)
class Branch:
    """The branch of a residual block.

    Attributes:
        target: the position of the sum in which it meets its skip.
        slot: its operand there.
        source: the position of what it makes.
        name: of its module, or of the sum.
    """

    target: int
    slot: int
    source: int
    name: str


def branch_edges(lin: Linearization) -> frozenset[Edge]:
    """The edges by which the branch of each residual block enters the sum with its skip.

    Paths that go by such an edge went through the block, paths that go by its twin went around it.
    """
    return frozenset((branch.target, branch.slot) for branch in branches_of(lin))


def branches_of(lin: Linearization) -> tuple[Branch, ...]:
    """The residual branches in order.

    A sum is one of a block if one operand was made from the other: the branch is the operand that was made later. So it
    is where the skip is a projection: where the operands are of different modules in one, both were made from what one
    layer at least made, and one went through a single layer since, the other through more.
    """
    graph = lin.graph
    layers = _layers_above(graph)
    found = []
    for target, node in enumerate(graph.nodes):
        edges = lin.edges_into(target) if node.primitive in SUMS else ()
        if len(edges) != 2:
            continue
        (first_slot, skip), (slot, branch) = sorted(edges, key=lambda edge: edge[1])
        if skip < branch and _made_from(graph, branch, skip):
            # Inside a module an activation may be written as such a sum, which is no block.
            if scope_of(node.name) and not any(
                graph.nodes[k].primitive in MIXING for k in _between(graph, branch, skip)
            ):
                continue
            found.append(Branch(target, slot, branch, _named(graph, target, branch, skip)))
        elif _children_of_one(graph, target, skip, branch) and layers[skip] & layers[branch]:
            own = [(layers[a] & ~layers[b]).bit_count() for a, b in ((skip, branch), (branch, skip))]
            if own[0] <= 1 < own[1]:
                found.append(Branch(target, slot, branch, scope_of(node.name)))
            elif own[1] <= 1 < own[0]:
                found.append(Branch(target, first_slot, skip, scope_of(node.name)))
    return tuple(found)


def _layers_above(graph: Graph) -> list[int]:
    """For each node a set, as the bits of a number, of the layers that lead to it."""
    found: list[int] = []
    count = 0
    for node in graph.nodes:
        bits = 0
        for parent in node.parents:
            bits |= found[parent]
        if node.primitive in MIXING:
            bits |= 1 << count
            count += 1
        found.append(bits)
    return found


def _children_of_one(graph: Graph, target: int, a: int, b: int) -> bool:
    """Whether the operands of a sum are of different modules inside the sum's own."""
    outer = scope_of(graph.nodes[target].name)
    inner = [_child(outer, scope_of(graph.nodes[k].name)) for k in (a, b)]
    return all(inner) and inner[0] != inner[1]


def _child(outer: str, inner: str) -> str:
    """The first module on the way from one to another inside it; empty if it is not inside."""
    if not inner or (outer and not inner.startswith(f"{outer}.")):
        return ""
    rest = inner[len(outer) + 1 :] if outer else inner
    return rest.split(".")[0]


def _named(graph: Graph, target: int, branch: int, skip: int) -> str:
    """The module that the branch is, where all its layers are in one; else that of the sum."""
    outer = scope_of(graph.nodes[target].name)
    inner = scope_of(graph.nodes[branch].name)
    if not inner and not outer:
        return graph.nodes[target].name
    children = {
        _child(outer, scope_of(graph.nodes[k].name))
        for k in _between(graph, branch, skip)
        if graph.nodes[k].primitive in MIXING
    }
    own = _child(outer, inner)
    return f"{outer}.{own}".strip(".") if own and children == {own} else outer or inner


def _between(graph: Graph, branch: int, skip: int) -> set[int]:
    """The nodes from which ``branch`` was made, back to ``skip``."""
    seen, waiting = {branch}, [branch]
    while waiting:
        for parent in graph.nodes[waiting.pop()].parents:
            if parent > skip and parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return seen


def _made_from(graph: Graph, later: int, earlier: int) -> bool:
    """Whether a path leads from ``earlier`` to ``later``."""
    return any(earlier in graph.nodes[k].parents for k in _between(graph, later, earlier))
