"""The sweep: the sum over all paths by dynamic programming, in any semiring, in either direction.

Every edge is visited once, by the recursion of ``ops/recursion.py``. Where all edges are numbers in arrays, it is one
compiled pass.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np

from backpath.ops.recursion import AtPoint, pull_through, push_through, reached_from
from backpath.ops.semiring import Semiring, Value
from backpath.paths.convolutions import Convolved, WithWindows, convolved
from backpath.paths.scalars.array_sweep import array_sums
from backpath.paths.scalars.compiled import compiled
from backpath.paths.scalars.csr import Csr
from backpath.paths.scalars.sweep_kernels import mark_origins, mark_reached
from backpath.paths.semirings.open_paths import OPEN_PATHS, Opened, cut_and_steep, undefined
from backpath.paths.semirings.standard import SUM_PRODUCT
from backpath.paths.weighted import Weighted


def pull_back(
    weighted: Weighted, seeds: Mapping[int, Value], sources: Collection[int], semiring: Semiring
) -> dict[int, Value]:
    """Path sums from each of ``sources`` to the seeded nodes.

    Args:
        weighted: the DAG.
        seeds: what the recursion starts from, by the position of the output node.
        sources: the nodes whose path sums are wanted.
        semiring: what plus and times mean.

    Returns:
        The path sums by position; a source from which no path leads to a seed is not among them.
    """
    wanted = set(sources)
    if weighted.csr is not None and (found := array_sums(weighted.csr, seeds, semiring, forward=False)) is not None:
        return {position: found[position] for position in wanted if position in found}
    reached = reachable(weighted, wanted)
    edges = convolved(weighted, wanted | set(seeds)) if isinstance(weighted, AtPoint) else weighted
    if semiring is not SUM_PRODUCT:
        return pull_through(edges, seeds, wanted, reached, semiring)
    if not cut_and_steep(weighted, reached):
        found = pull_through(edges, seeds, wanted, reached, semiring)
        if not undefined(found.values()):
            return found
    opened = {position: Opened(seed) for position, seed in seeds.items()}
    return {k: v.sums for k, v in pull_through(weighted, opened, wanted, reached, OPEN_PATHS).items()}


def push_forward(weighted: Weighted, seeds: Mapping[int, Value], semiring: Semiring) -> Mapping[int, Value]:
    """Path sums from the seeded nodes to every node that they reach, by position."""
    if weighted.csr is not None and (found := array_sums(weighted.csr, seeds, semiring, forward=True)) is not None:
        return found
    reached = reachable(weighted, seeds)
    edges = convolved(weighted, seeds) if isinstance(weighted, AtPoint) else weighted

    def with_windows(found: dict[int, Value]) -> Mapping[int, Value]:
        return WithWindows(edges.point, found, semiring, True) if isinstance(edges, Convolved) else found

    if semiring is not SUM_PRODUCT:
        return with_windows(push_through(edges, seeds, reached, semiring))
    if not cut_and_steep(weighted, reached):
        found = push_through(edges, seeds, reached, semiring)
        if not undefined(found.values()):
            return with_windows(found)
    opened = {position: Opened(seed) for position, seed in seeds.items()}
    return {k: v.sums for k, v in push_through(weighted, opened, reached, OPEN_PATHS).items()}


def reachable(weighted: Weighted, sources: Collection[int]) -> bytearray:
    """A flag for each node: whether a path leads to it from one of ``sources``."""
    if weighted.csr is not None:
        return _marked(weighted.csr, sources, mark_reached)
    return reached_from(weighted, sources)


def leading_to(weighted: Weighted, outputs: Collection[int]) -> bytearray:
    """A flag for each node: whether a path leads from it to one of ``outputs``."""
    if weighted.csr is not None:
        return _marked(weighted.csr, outputs, mark_origins)
    flags = bytearray(len(weighted))
    for position in outputs:
        flags[position] = 1
    for target in range(max(outputs, default=-1), -1, -1):
        if flags[target]:
            for _, source in weighted.edges_into(target):
                flags[source] = 1
    return flags


def _marked(csr: Csr, ends: Collection[int], mark: Callable[..., None]) -> bytearray:
    flags = bytearray(len(csr))
    met = np.frombuffer(flags, np.uint8)
    met[list(ends)] = 1
    compiled(mark, csr.sources.size)(csr.starts, csr.sources, met)
    return flags
