"""Graphs inside nodes: made as plain as the graph around them, and without what nobody reads of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from backpath.graph import Graph, Node
from backpath.ops.control import has_control
from backpath.ops.control.branches import Branches
from backpath.ops.control.loop import Loop


def with_plain_insides(graph: Graph, plain: Callable[[Graph], Graph]) -> Graph:
    """The graph with the graphs inside its nodes made plain."""
    if not has_control(graph):
        return graph
    return Graph(tuple([_plain(node, plain) for node in graph.nodes]), graph.inputs, graph.outputs)


def _plain(node: Node, plain: Callable[[Graph], Graph]) -> Node:
    if node.primitive == "scan":
        loop: Loop = node.params["loop"]
        return replace(node, params={"loop": replace(loop, body=plain(loop.body))})
    if node.primitive == "cond":
        both: Branches = node.params["branches"]
        return replace(node, params={"branches": replace(both, true=plain(both.true), false=plain(both.false))})
    return node


def without_unread(graph: Graph) -> Graph:
    """The graph with loops that keep only what some node reads, such as the carries of all steps for a gradient."""
    reads = _slices_read(graph)
    if not reads:
        return graph
    nodes = list(graph.nodes)
    for position, slices in reads.items():
        loop: Loop = nodes[position].params["loop"]
        places = loop.places()
        kept = [key for key, place in places.items() if any(a < place.stop and place.start < b for _, a, b in slices)]
        if len(kept) == len(places) or not all(_inside_one(a, b, loop) for _, a, b in slices):
            continue
        _keep_less(nodes, position, loop, kept, slices)
    return Graph(tuple(nodes), graph.inputs, graph.outputs)


def _slices_read(graph: Graph) -> dict[int, list[tuple[int, int, int]]]:
    """For each loop that is read only slice by slice: who reads, from where, and to where."""
    found: dict[int, list[tuple[int, int, int]]] = {k: [] for k, n in enumerate(graph.nodes) if n.primitive == "scan"}
    for o in graph.outputs:
        found.pop(o, None)
    for position, node in enumerate(graph.nodes):
        for parent in node.parents:
            if parent in found:
                cut = node.params["index"][0] if node.primitive == "index" and len(node.params["index"]) == 1 else None
                if isinstance(cut, slice) and cut.step in (None, 1):
                    start, stop, _ = cut.indices(graph.nodes[parent].shape[0])
                    found[parent].append((position, start, stop))
                else:
                    del found[parent]
    return found


def _inside_one(start: int, stop: int, loop: Loop) -> bool:
    return any(place.start <= start and stop <= place.stop for place in loop.places().values())


def _keep_less(
    nodes: list[Node], position: int, loop: Loop, kept: list[tuple[str, int]], slices: list[tuple[int, int, int]]
) -> None:
    """Change a loop and its readers in the list of nodes."""
    old = loop.places()
    stacked, last = (tuple([number for word, number in kept if word == kind]) for kind in ("stacked", "last"))
    less = replace(loop, stacked=stacked, last=last)
    new = less.places()
    smaller, slots = less.needed()
    node = nodes[position]
    parents = tuple([node.parents[k] for k in slots])
    nodes[position] = replace(node, parents=parents, shape=(smaller.size,), params={"loop": smaller})
    for reader, start, stop in slices:
        key = next(key for key in kept if old[key].start <= start and stop <= old[key].stop)
        shift = new[key].start - old[key].start
        nodes[reader] = replace(nodes[reader], params={"index": (slice(start + shift, stop + shift, None),)})
