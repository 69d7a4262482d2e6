"""Arrays in pieces: the gradient by an array that is used slice by slice is a sum of arrays, each zero but for one.

Such a sum is put together from its pieces instead, side by side where they do not overlap, in as few arrays as can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from heapq import heappop, heappush

import numpy as np

from backpath.graph import CONSTANT, NO_PARAMS, Graph, Node

Piece = tuple[int, int, int]
"""Along the first axis, where a piece begins and ends, and the node whose value it is."""


def joined_pieces(graph: Graph) -> tuple[list[Node], list[int], list[int]] | None:
    """The nodes of the graph with such sums replaced, and where its inputs and outputs stand among them.

    Names need not be unique, and what is replaced is still there. None if there is no such sum.
    """
    joiner = _Joiner(graph)
    for position in range(len(graph)):
        joiner.add(position)
    new = joiner.new
    return (joiner.nodes, [new[i] for i in graph.inputs], [new[o] for o in graph.outputs]) if joiner.joined else None


class _Joiner:
    def __init__(self, graph: Graph):
        self.graph = graph
        self.nodes: list[Node] = []
        self.new: list[int] = []
        self.joined = False
        self.reader = _only_readers(graph)

    def add(self, position: int) -> None:
        """Take over the next node."""
        node = self.graph.nodes[position]
        node = node.reading(tuple([self.new[p] for p in node.parents]))
        if node.primitive == "add" and node.shape and not self._within_sum(position):
            found = self._joined(position)
            if found is not None:
                self.joined = True
                self.new.append(found)
                return
        self.new.append(self._append(node))

    def _append(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def _within_sum(self, position: int) -> bool:
        """Whether a sum is only a part of a longer one."""
        reader = self.reader[position]
        return reader >= 0 and self._alike(reader, position)

    def _alike(self, total: int, part: int) -> bool:
        a, b = self.graph.nodes[total], self.graph.nodes[part]
        return a.primitive == b.primitive == "add" and (a.shape, a.dtype) == (b.shape, b.dtype)

    def _terms(self, total: int) -> list[int]:
        """What a sum adds up, in order."""
        terms, stack = [], [total]
        while stack:
            position = stack.pop()
            if position == total or (self.reader[position] >= 0 and self._alike(total, position)):
                stack += reversed(self.graph.nodes[position].parents)
            else:
                terms.append(position)
        return terms

    def _joined(self, total: int) -> int | None:
        """The sum put together from pieces; None where there are none that lie side by side."""
        node = self.graph.nodes[total]
        terms = self._terms(total)
        if any((self.graph.nodes[t].shape, self.graph.nodes[t].dtype) != (node.shape, node.dtype) for t in terms):
            return None
        pieces = {t: piece for t in terms if (piece := _piece(self.graph.nodes[t])) is not None}
        if len(pieces) < 2:
            return None
        merged = self._merged(node, sorted(pieces.values()))
        layers = _layers(merged)
        if len(layers) == len(pieces):
            return None
        found = [self.new[t] for t in terms if t not in pieces]
        found += [self._side_by_side(node, layer) for layer in layers]
        return self._sum(node, found)

    def _merged(self, node: Node, pieces: Sequence[Piece]) -> list[Piece]:
        """Pieces of one place added up, each as rows; ``pieces`` are sorted."""
        places: dict[tuple[int, int], list[int]] = {}
        for start, stop, source in pieces:
            shape = (stop - start, *node.shape[1:])
            rows = replace(node, primitive="reshape", parents=(self.new[source],), shape=shape, params={"shape": shape})
            if self.graph.nodes[source].shape != shape:
                rows = replace(rows, name=f"{self.graph.nodes[source].name}_row")
                places.setdefault((start, stop), []).append(self._append(rows))
            else:
                places.setdefault((start, stop), []).append(self.new[source])
        return [(*place, self._sum(self.nodes[sources[0]], sources)) for place, sources in places.items()]

    def _sum(self, node: Node, terms: Sequence[int]) -> int:
        total = terms[0]
        for term in terms[1:]:
            total = self._append(replace(node, primitive="add", parents=(total, term), params=NO_PARAMS))
        return total

    def _side_by_side(self, node: Node, pieces: Sequence[Piece]) -> int:
        """The array that has these pieces, which are in order and apart, and zeros between."""
        parts, end = [], 0
        for start, stop, source in [*pieces, (node.shape[0], node.shape[0], -1)]:
            if start > end:
                value = np.broadcast_to(np.zeros((), node.dtype), (start - end, *node.shape[1:]))
                parts.append(self._append(Node("gap", CONSTANT, (), value.shape, value.dtype, {"value": value})))
            parts += [source] if source >= 0 else []
            end = stop
        return self._append(replace(node, primitive="concatenate", parents=tuple(parts), params={"axis": 0}))


def _only_readers(graph: Graph) -> list[int]:
    """For each node the one that reads it, if there is one and it reads it once; else -1."""
    found = [-1] * len(graph)
    counts = [0] * len(graph)
    for position, node in enumerate(graph.nodes):
        for parent in node.parents:
            found[parent] = position
            counts[parent] += 1
    for o in graph.outputs:
        counts[o] += 2
    return [reader if count == 1 else -1 for reader, count in zip(found, counts, strict=True)]


def _piece(node: Node) -> Piece | None:
    """The rows of an array that are not zero, if it was made by putting rows into zeros."""
    if node.primitive != "scatter" or not isinstance(node.params["index"], tuple) or not node.params["index"]:
        return None
    cut, *rest = node.params["index"]
    if any(part != slice(None) for part in rest if isinstance(part, slice)) or not all(
        isinstance(part, slice) for part in rest
    ):
        return None
    if isinstance(cut, slice):
        start, stop, step = cut.indices(node.shape[0])
        return (start, stop, node.parents[0]) if step == 1 and stop > start else None
    if isinstance(cut, (int, np.integer)) and not isinstance(cut, bool):
        start = int(cut) % node.shape[0]
        return start, start + 1, node.parents[0]
    return None


def _layers(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The pieces, which are sorted, in as few rows as can be, so that none overlap within a row."""
    layers: list[list[Piece]] = []
    ends: list[tuple[int, int]] = []
    for piece in pieces:
        if ends and ends[0][0] <= piece[0]:
            number = heappop(ends)[1]
            layers[number].append(piece)
        else:
            number = len(layers)
            layers.append([piece])
        heappush(ends, (piece[1], number))
    return layers
