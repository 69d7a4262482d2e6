"""Dag: a linearization in its scalar form, made from bare edge weights of any kind of number."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from backpath.graph import GraphError
from backpath.ops import LocalDerivative, Scale
from backpath.paths.path_sums import PathSums
from backpath.paths.table import table

OBJECT = np.dtype(object)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dag(PathSums):
    """Scalar nodes in topological order, with a weight z(i, j) on every edge.

    Weights may be floats, ints of any size, ``Fraction``, complex, mpmath or SymPy numbers: whatever has + and *.
    Parallel edges are different edges. Make one with :meth:`from_edges` or :meth:`from_arrays`.

    >>> from fractions import Fraction
    >>> dag = Dag.from_edges([("w", "y", 2), ("w", "z", 3), ("y", "o", Fraction(1, 2)), ("z", "o", 5)])
    >>> dag.gradient("w", "o")
    Fraction(16, 1)
    >>> dag.count_paths("w", "o")
    2
    """

    of_numbers: ClassVar[bool] = True

    node_names: tuple[Hashable, ...]
    incoming: tuple[tuple[tuple[int, Any], ...], ...]
    """For each node the source and the weight of every edge into it."""

    @classmethod
    def from_edges(cls, edges: Iterable[tuple[Hashable, Hashable, Any]]) -> Dag:
        """The DAG of edges (i, j, z); nodes are named by any hashable values.

        Raises:
            GraphError: if the edges close a cycle, which the message names.
        """
        incoming: dict[Hashable, list[tuple[Hashable, Any]]] = {}
        for source, target, z in edges:
            incoming.setdefault(source, [])
            incoming.setdefault(target, []).append((source, z))
        order = _topological(incoming)
        position = {name: k for k, name in enumerate(order)}
        return cls(
            tuple(order),
            tuple(tuple((position[source], z) for source, z in incoming[name]) for name in order),
        )

    @classmethod
    def from_arrays(cls, sources: Any, targets: Any, weights: Any) -> Dag:
        """The DAG of edges ``sources[k] -> targets[k]`` with ``weights[k]``; nodes are whole numbers.

        Raises:
            GraphError: if the arrays differ in length, or the edges close a cycle.
        """
        arrays = [np.asarray(sources), np.asarray(targets), np.asarray(weights)]
        if len({a.shape for a in arrays}) != 1 or arrays[0].ndim != 1:
            shapes = [a.shape for a in arrays]
            raise GraphError(f"sources, targets and weights have shapes {shapes}: give equal lengths")
        return cls.from_edges(zip(*(a.tolist() for a in arrays), strict=True))

    def __str__(self) -> str:
        return table(self, [])

    @property
    def names(self) -> tuple[Hashable, ...]:
        return self.node_names

    @property
    def inputs(self) -> tuple[int, ...]:
        return tuple(k for k, edges in enumerate(self.incoming) if not edges)

    @property
    def outputs(self) -> tuple[int, ...]:
        used = {source for edges in self.incoming for source, _ in edges}
        return tuple(k for k in range(len(self.node_names)) if k not in used)

    def edges(self) -> Iterator[tuple[Hashable, Hashable, Any]]:
        """Every edge (i, j, z), ordered by j."""
        for target, edges in enumerate(self.incoming):
            for source, z in edges:
                yield self.node_names[source], self.node_names[target], z

    def edges_into(self, target: int) -> list[tuple[int, int]]:
        return [(slot, source) for slot, (source, _) in enumerate(self.incoming[target])]

    def local(self, target: int, slot: int) -> LocalDerivative:
        return Scale(self.incoming[target][slot][1])

    def shape(self, position: int) -> tuple[int, ...]:
        return ()

    def dtype(self, position: int) -> np.dtype:
        return OBJECT


def _topological(incoming: dict[Hashable, list[tuple[Hashable, Any]]]) -> list[Hashable]:
    """Names in topological order (Kahn, 1962), in the order of first mention where there is a choice."""
    outgoing: dict[Hashable, list[Hashable]] = {name: [] for name in incoming}
    waiting = {name: len(edges) for name, edges in incoming.items()}
    for name, edges in incoming.items():
        for source, _ in edges:
            outgoing[source].append(name)
    order = [name for name, count in waiting.items() if count == 0]
    for name in order:
        for target in outgoing[name]:
            waiting[target] -= 1
            if waiting[target] == 0:
                order.append(target)
    if len(order) < len(incoming):
        raise GraphError(f"the edges close a cycle: {' -> '.join(map(repr, _cycle(incoming, set(order))))}")
    return order


def _cycle(incoming: dict[Hashable, list[tuple[Hashable, Any]]], sorted_names: set[Hashable]) -> Sequence[Hashable]:
    """One cycle among the names that could not be sorted: walk back until a name comes again."""
    name = next(n for n in incoming if n not in sorted_names)
    walk: dict[Hashable, int] = {}
    while name not in walk:
        walk[name] = len(walk)
        name = next(source for source, _ in incoming[name] if source not in sorted_names)
    trail = list(walk)[walk[name] :]
    return [name, *reversed(trail)]
