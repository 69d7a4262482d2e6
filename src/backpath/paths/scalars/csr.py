"""Csr: the edges of a DAG of scalars in arrays, grouped by their targets and in topological order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import GraphError
from backpath.paths.scalars.compiled import compiled
from backpath.paths.scalars.order_kernels import grouped, sorted_topologically

MOST_NAMED = 12
"""Nodes of a longer cycle that an error names at its beginning."""


@dataclass(frozen=True, slots=True, eq=False)
class Csr:
    """Compressed sparse rows: the edges into the node at position j stand from ``starts[j]`` to ``starts[j + 1]``.

    Attributes:
        starts: one more than there are nodes.
        sources: positions of the nodes that the edges come from, each before its target.
        weights: z(i, j) of each edge, floating-point numbers or objects.
    """

    starts: np.ndarray
    sources: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return self.starts.size - 1

    @property
    def targets(self) -> np.ndarray:
        """Positions of the nodes that the edges lead to."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))


def ordered(sources: np.ndarray, targets: np.ndarray, weights: np.ndarray, names: Sequence[Any]) -> tuple[Csr, Any]:
    """The edges between the nodes 0, 1, ... in topological order, and the numbers of the nodes in that order.

    Edges into one node keep their order, and so do nodes where there is a choice.

    Args:
        sources: the node that each edge comes from.
        targets: the node that it leads to.
        weights: z(i, j) of each edge.
        names: of the nodes, for errors.

    Raises:
        GraphError: if the edges close a cycle, which the message names.
    """
    into = _by_target(sources, targets, weights, len(names))
    order = np.empty(len(names), np.int64)
    count = compiled(sorted_topologically, sources.size)(into.starts, into.sources, order)
    if count < order.size:
        raise GraphError(f"the edges close a cycle: {_told(_cycle(into, order[:count]), names)}")
    return _rearranged(into, order), order


def already_ordered(sources: np.ndarray, targets: np.ndarray, weights: np.ndarray, nodes: int) -> Csr:
    """The edges between the nodes 0, 1, ... where each comes from a smaller number than it leads to."""
    return _by_target(sources, targets, weights, nodes)


def _by_target(sources: np.ndarray, targets: np.ndarray, weights: np.ndarray, nodes: int) -> Csr:
    starts = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(targets, minlength=nodes), out=starts[1:])
    sources = sources.astype(np.int32 if nodes <= np.iinfo(np.int32).max else np.int64)
    if np.any(targets[1:] < targets[:-1]):
        places = np.empty(targets.size, np.int64)
        compiled(grouped, targets.size)(targets, starts[:-1].copy(), places)
        sources, weights = sources[places], weights[places]
    return Csr(starts, sources, weights)


def _rearranged(into: Csr, order: np.ndarray) -> Csr:
    """The same edges with the node ``order[k]`` at position k."""
    position = np.empty(order.size, into.sources.dtype)
    position[order] = np.arange(order.size)
    starts = np.zeros(order.size + 1, np.int64)
    np.cumsum(np.diff(into.starts)[order], out=starts[1:])
    places = np.repeat(into.starts[order] - starts[:-1], np.diff(starts)) + np.arange(into.sources.size)
    return Csr(starts, position[into.sources[places]], into.weights[places])


def _cycle(into: Csr, sorted_nodes: np.ndarray) -> list[int]:
    """One cycle among the nodes that could not be sorted: walk back until a node comes again."""
    unsorted = np.ones(len(into), bool)
    unsorted[sorted_nodes] = False
    node = int(np.argmax(unsorted))
    walk: dict[int, int] = {}
    while node not in walk:
        walk[node] = len(walk)
        before = into.sources[into.starts[node] : into.starts[node + 1]]
        node = int(before[np.argmax(unsorted[before])])
    trail = list(walk)[walk[node] :]
    return [node, *reversed(trail)]


def _told(cycle: Sequence[int], names: Sequence[Any]) -> str:
    """The nodes of a cycle with arrows between them; of a long one its beginning, and how many edges it has."""
    shown = [repr(names[node]) for node in cycle]
    if len(shown) > MOST_NAMED + 2:
        shown = [*shown[:MOST_NAMED], "...", f"{shown[-1]} ({len(cycle) - 1:,} edges)"]
    return " -> ".join(shown)
