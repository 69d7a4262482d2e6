"""The strongest paths neuron by neuron, in order: best-first search with an exact heuristic.

One max-product sweep tells from every entry of every node how strong its strongest path to the output is. A search that
always extends the prefix with the best possible completion then finishes paths from the strongest on, and opens nothing
but their neighbourhoods.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from backpath.paths.semirings.extremes import MAX_PRODUCT
from backpath.paths.semirings.images import MASS
from backpath.paths.semirings.standard import SUM_PRODUCT
from backpath.paths.sweep import pull_back, reachable
from backpath.paths.weighted import Weighted

Entry = tuple[int, int]
"""A node's position, and the flat index of one of its entries."""


def total_mass(weighted: Weighted, sources: Sequence[int], output: int, seed: np.ndarray) -> float:
    """The sum of the sizes of all paths' products, from ``sources`` to the entries of the output that are 1 in seed."""
    return math.fsum(float(np.sum(s)) for s in pull_back(weighted, {output: seed}, sources, MASS).values())


@dataclass(frozen=True, slots=True)
class NeuronPath:
    """One path from entry to entry, through one entry of each node on its way.

    Attributes:
        nodes: names of the nodes, from the source to the output.
        entries: the index of the entry in each node; empty for scalars.
        weights: z along the path, from entry to entry.
        share: of the mass of all paths, the part that this one carries.
    """

    nodes: tuple[str, ...]
    entries: tuple[tuple[int, ...], ...]
    weights: tuple[float, ...]
    share: float

    @property
    def product(self) -> float:
        """The product of the local derivatives, with its sign."""
        return math.prod(self.weights)

    def __len__(self) -> int:
        return len(self.weights)

    def __str__(self) -> str:
        return f"{self.route}  {self.product:.6g}"

    @property
    def route(self) -> str:
        """The entries on the way, with arrows between them."""
        steps = [
            f"{node}[{','.join(map(str, entry))}]" if entry else str(node)
            for node, entry in zip(self.nodes, self.entries, strict=True)
        ]
        return " -> ".join(steps)


def strongest_paths(
    weighted: Weighted, sources: Sequence[int], output: int, seed: np.ndarray, limit: int
) -> Iterator[NeuronPath]:
    """The ``limit`` paths of largest \\|product\\| from any entry of ``sources`` to the output, in order.

    Paths of product zero are left out, so that there may be fewer.

    Args:
        weighted: the DAG.
        sources: where paths begin.
        output: where they end.
        seed: of the output's shape: 1 at the entries where paths may end, 0 elsewhere.
        limit: how many are wanted.
    """
    search = _Search(weighted, sources, output, seed, limit)
    return itertools.islice(search.paths(), limit)


@dataclass(slots=True)
class _Prefix:
    """A path from a source as far as one entry: the linked list of what came before, and the product so far."""

    at: Entry
    before: _Prefix | None
    weight: float
    product: float


class _Search:
    """Prefixes by the size of their best completion."""

    def __init__(self, weighted: Weighted, sources: Sequence[int], output: int, seed: np.ndarray, limit: int):
        self.weighted, self.limit = weighted, limit
        self.ends = {(output, int(entry)) for entry in np.flatnonzero(seed)}
        self.mass = total_mass(weighted, sources, output, seed)
        on_paths = np.flatnonzero(np.frombuffer(reachable(weighted, sources), np.uint8)).tolist()
        sweep = pull_back(weighted, {output: seed}, on_paths, MAX_PRODUCT)
        self.best = {node: np.abs(np.ravel(s)).astype(float) for node, s in sweep.items()}
        self.edges_out: dict[int, list[tuple[int, int]]] = {}
        for target in self.best:
            for slot, source in weighted.edges_into(target):
                self.edges_out.setdefault(source, []).append((target, slot))
        self.order = itertools.count()
        self.heap: list[tuple[float, int, bool, _Prefix]] = []
        for s in sources:
            if s in self.best:
                self._offer(s, np.ones(self.best[s].size), None, 1.0)

    def paths(self) -> Iterator[NeuronPath]:
        """Every path, from the strongest on."""
        while self.heap:
            _, _, done, prefix = heapq.heappop(self.heap)
            if done:
                yield self._path(prefix)
                continue
            # A path may end at the output's entry, and the output may also lead on to other nodes.
            if prefix.at in self.ends:
                self._push(abs(prefix.product), True, prefix)
            for target, slot in self.edges_out.get(prefix.at[0], ()):
                self._offer(target, self._derivatives(prefix.at, target, slot), prefix, prefix.product)

    def _derivatives(self, at: Entry, target: int, slot: int) -> np.ndarray:
        """z from one entry of a node to every entry of ``target``."""
        unit = np.zeros(self.weighted.shape(at[0]))
        unit.flat[at[1]] = 1.0
        return np.ravel(self.weighted.local(target, slot).push(unit, SUM_PRODUCT)).astype(float)

    def _offer(self, node: int, weights: np.ndarray, before: _Prefix | None, product: float) -> None:
        """Prefixes that end in ``node``: of its entries only as many as paths are wanted, the best ones."""
        sizes = np.abs(weights) * self.best[node]
        wanted = np.flatnonzero(sizes)
        if wanted.size > self.limit:
            wanted = wanted[np.argpartition(sizes[wanted], -self.limit)[-self.limit :]]
        for entry in wanted.tolist():
            z = float(weights[entry])
            prefix = _Prefix((node, entry), before, z, product * z)
            self._push(abs(product) * float(sizes[entry]), False, prefix)

    def _push(self, size: float, done: bool, prefix: _Prefix) -> None:
        heapq.heappush(self.heap, (-size, next(self.order), done, prefix))

    def _path(self, last: _Prefix) -> NeuronPath:
        steps: list[_Prefix] = []
        prefix: _Prefix | None = last
        while prefix is not None:
            steps.append(prefix)
            prefix = prefix.before
        steps.reverse()
        shapes = [self.weighted.shape(step.at[0]) for step in steps]
        entries = tuple(
            tuple(int(k) for k in np.unravel_index(step.at[1], shape))
            for step, shape in zip(steps, shapes, strict=True)
        )
        nodes = tuple(str(self.weighted.names[step.at[0]]) for step in steps)
        return NeuronPath(nodes, entries, tuple(step.weight for step in steps[1:]), abs(last.product) / self.mass)
