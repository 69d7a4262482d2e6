"""What asks whether a graph has graphs inside its nodes."""

from __future__ import annotations

from collections.abc import Iterator

from backpath.graph import Graph, GraphError, Node

CONTROL = frozenset({"scan", "cond"})
"""Primitives with graphs inside."""


def all_nodes(graph: Graph) -> Iterator[Node]:
    """The nodes of a graph and of all graphs inside them."""
    for node in graph.nodes:
        yield node
        for inside in insides(node):
            yield from all_nodes(inside)


def insides(node: Node) -> list[Graph]:
    """The graphs inside a node."""
    if node.primitive == "scan":
        return [node.params["loop"].body]
    if node.primitive == "cond":
        return [node.params["branches"].true, node.params["branches"].false]
    return []


def has_control(graph: Graph) -> bool:
    """Whether some node has a graph inside."""
    return any(node.primitive in CONTROL for node in graph.nodes)


def refuse_control(graph: Graph, what: str) -> None:
    """Refuse what goes from entry to entry along scalar edges, where one edge stands for many paths.

    Raises:
        GraphError: naming the loop or branch.
    """
    for node in graph.nodes:
        if node.primitive in CONTROL:
            word = "loop" if node.primitive == "scan" else "branch"
            raise GraphError(
                f"{what} goes along single edges, and node {node.name!r} is a {word} with a graph of its own inside: "
                f"write it out in Python (for, if) for that; sums over all paths, such as mass, counts and lengths, go "
                f"through it"
            )
