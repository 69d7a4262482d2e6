"""Paths one by one: the Pathwise Aggregation Lemma taken literally (Aggarwal, Lemma 3.2.1). Exponential time, exact."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from backpath.ops import Composition, LocalDerivative
from backpath.paths.sweep import leading_to
from backpath.paths.weighted import Weighted


@dataclass(frozen=True, slots=True)
class Path:
    """One path: its nodes by position, and the slot of each edge in the node that it enters."""

    weighted: Weighted
    positions: tuple[int, ...]
    slots: tuple[int, ...]

    @property
    def nodes(self) -> tuple[Hashable, ...]:
        """Names of the nodes, from the source to the output."""
        return tuple(self.weighted.names[k] for k in self.positions)

    def __len__(self) -> int:
        return len(self.slots)

    @property
    def locals(self) -> tuple[LocalDerivative, ...]:
        """z(i, j) of each edge in turn."""
        return tuple(self.weighted.local(j, slot) for j, slot in zip(self.positions[1:], self.slots, strict=True))

    @property
    def weights(self) -> tuple[Any, ...]:
        """z(i, j) of each edge in turn, as numbers; see :meth:`Weighted.weight`."""
        return tuple(self.weighted.weight(j, slot) for j, slot in zip(self.positions[1:], self.slots, strict=True))

    @property
    def product(self) -> Any:
        """The product of the local derivatives: a number between scalars, else their composition."""
        if any(self.weighted.shape(k) != () for k in self.positions):
            return Composition(self.locals)
        return math.prod(self.weights)


def enumerate_paths(weighted: Weighted, source: int, output: int) -> Iterator[Path]:
    """Every path from ``source`` to ``output``, one at a time, by depth-first search that meets no dead end."""
    leads = leading_to(weighted, [output])
    if not leads[source]:
        return
    outgoing: dict[int, list[tuple[int, int]]] = {}
    for target in range(source + 1, output + 1):
        if leads[target]:
            for slot, origin in weighted.edges_into(target):
                outgoing.setdefault(origin, []).append((target, slot))
    positions, slots = [source], []
    if source == output:
        yield Path(weighted, (source,), ())
        return
    branches = [iter(outgoing.get(source, ()))]
    while branches:
        step = next(branches[-1], None)
        if step is None:
            branches.pop()
            positions.pop()
            if slots:
                slots.pop()
        elif step[0] == output:
            yield Path(weighted, (*positions, output), (*slots, step[1]))
        else:
            positions.append(step[0])
            slots.append(step[1])
            branches.append(iter(outgoing.get(step[0], ())))


def count_node_paths(weighted: Weighted, source: int, output: int) -> int:
    """How many paths :func:`enumerate_paths` yields, by dynamic programming, as an exact Python integer."""
    counts = {source: 1}
    for target in range(source + 1, output + 1):
        count = sum(counts.get(origin, 0) for _, origin in weighted.edges_into(target))
        if count:
            counts[target] = count
    return counts.get(output, 0)
