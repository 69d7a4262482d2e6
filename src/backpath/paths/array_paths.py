"""The strongest paths from array to array: each stands for all the neuron paths that go through the same arrays."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from backpath.ops import LocalDerivative
from backpath.paths.enumeration import Path
from backpath.paths.semirings.images import MASS
from backpath.paths.semirings.standard import SUM_PRODUCT
from backpath.paths.sweep import reachable
from backpath.paths.top_paths import total_mass
from backpath.paths.weighted import Weighted


@dataclass(frozen=True, slots=True)
class ArrayPath:
    """A path through a graph's nodes, with all neuron paths through them taken together.

    Attributes:
        nodes: names, from the source to the output.
        locals: z of each edge in turn.
        mass: the sum over the neuron paths of the size of their product.
        product: the sum over the neuron paths of their product, with its sign.
        share: of the mass of all paths, the part that goes this way.
    """

    nodes: tuple[str, ...]
    locals: tuple[LocalDerivative, ...]
    mass: float
    product: float
    share: float

    def __len__(self) -> int:
        return len(self.locals)

    def __str__(self) -> str:
        return f"{self.route}  {self.product:.6g}, mass {self.mass:.6g}"

    @property
    def route(self) -> str:
        """The nodes on the way, with arrows between them."""
        return " -> ".join(self.nodes)


def strongest_array_paths(
    weighted: Weighted, sources: Sequence[int], output: int, seed: np.ndarray, limit: int
) -> Iterator[ArrayPath]:
    """The ``limit`` paths of largest mass, in order, by best-first search; arguments as of ``strongest_paths``."""
    total = total_mass(weighted, sources, output, seed)
    bounds = _bounds(weighted, sources, output, seed)
    edges_out: dict[int, list[tuple[int, int]]] = {}
    for target in bounds:
        for slot, source in weighted.edges_into(target):
            edges_out.setdefault(source, []).append((target, slot))
    order = itertools.count()
    heap: list[tuple[float, int, bool, np.ndarray, Path]] = []

    def offer(reached: np.ndarray, path: Path) -> None:
        best = float(np.sum(reached * bounds[path.positions[-1]]))
        if best > 0:
            heapq.heappush(heap, (-best, next(order), False, reached, path))

    def found() -> Iterator[ArrayPath]:
        for s in (s for s in sources if s in bounds):
            offer(np.ones(weighted.shape(s)), Path(weighted, (s,), ()))
        while heap:
            negative, _, done, reached, path = heapq.heappop(heap)
            if done:
                yield _told(path, seed, -negative, total)
                continue
            if path.positions[-1] == output and (mass := float(np.sum(reached * seed))) > 0:
                heapq.heappush(heap, (-mass, next(order), True, reached, path))
            for target, slot in edges_out.get(path.positions[-1], ()):
                longer = Path(weighted, (*path.positions, target), (*path.slots, slot))
                offer(weighted.local(target, slot).push(reached, MASS), longer)

    return itertools.islice(found(), limit)


def _bounds(weighted: Weighted, sources: Sequence[int], output: int, seed: np.ndarray) -> dict[int, np.ndarray]:
    """For each entry of each node no less than the mass from there to the output along any one array path.

    Sums inside an edge, and the largest over the edges: a path takes one of them, and all that is in it.
    """
    reached = reachable(weighted, sources)
    bounds = {output: seed.astype(float)}
    for target in range(output, -1, -1):
        if target not in bounds:
            continue
        for slot, source in weighted.edges_into(target):
            if reached[source]:
                term = weighted.local(target, slot).pull(bounds[target], MASS)
                bounds[source] = np.maximum(bounds[source], term) if source in bounds else term
    return bounds


def _told(path: Path, seed: np.ndarray, mass: float, total: float) -> ArrayPath:
    signed = np.ones(path.weighted.shape(path.positions[0]))
    for local in path.locals:
        signed = local.push(signed, SUM_PRODUCT)
    names = tuple(str(name) for name in path.nodes)
    return ArrayPath(names, path.locals, mass, float(np.sum(signed * seed)), mass / total)
