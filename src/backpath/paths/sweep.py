"""The sweep: the sum over all paths by dynamic programming, in any semiring, in either direction.

Every edge is visited once. Against the edges, S(i, o) = sum over j in A(i) of S(j, o) z(i, j) (Aggarwal, eq. 3.8);
along them, the same recursion from the sources. Where all edges are numbers in arrays, it is one compiled pass.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np

from backpath.ops.semiring import Semiring, Value
from backpath.paths.array_sweep import array_sums
from backpath.paths.compiled import compiled
from backpath.paths.csr import Csr
from backpath.paths.open_paths import OPEN_PATHS, Opened, cut_and_steep, undefined
from backpath.paths.semirings import SUM_PRODUCT
from backpath.paths.sweep_kernels import mark_origins, mark_reached
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
    if semiring is not SUM_PRODUCT:
        return _pulled(weighted, seeds, wanted, reached, semiring)
    if not cut_and_steep(weighted, reached):
        found = _pulled(weighted, seeds, wanted, reached, semiring)
        if not undefined(found.values()):
            return found
    opened = {position: Opened(seed) for position, seed in seeds.items()}
    return {k: v.sums for k, v in _pulled(weighted, opened, wanted, reached, OPEN_PATHS).items()}


def _pulled(
    weighted: Weighted, seeds: Mapping[int, Value], wanted: set[int], reached: bytearray, semiring: Semiring
) -> dict[int, Value]:
    sums = {position: seed for position, seed in seeds.items() if reached[position]}
    for target in range(max(sums, default=-1), -1, -1):
        if target not in sums:
            continue
        adjoint = sums[target] if target in wanted else sums.pop(target)
        for slot, source in weighted.edges_into(target):
            if reached[source]:
                term = semiring.cross(weighted.local(target, slot).pull(adjoint, semiring), target, slot)
                sums[source] = semiring.plus(sums[source], term) if source in sums else term
    return {position: sums[position] for position in wanted if position in sums}


def push_forward(weighted: Weighted, seeds: Mapping[int, Value], semiring: Semiring) -> Mapping[int, Value]:
    """Path sums from the seeded nodes to every node that they reach, by position."""
    if weighted.csr is not None and (found := array_sums(weighted.csr, seeds, semiring, forward=True)) is not None:
        return found
    reached = reachable(weighted, seeds)
    if semiring is not SUM_PRODUCT:
        return _pushed(weighted, seeds, reached, semiring)
    if not cut_and_steep(weighted, reached):
        found = _pushed(weighted, seeds, reached, semiring)
        if not undefined(found.values()):
            return found
    opened = {position: Opened(seed) for position, seed in seeds.items()}
    return {k: v.sums for k, v in _pushed(weighted, opened, reached, OPEN_PATHS).items()}


def _pushed(weighted: Weighted, seeds: Mapping[int, Value], reached: bytearray, semiring: Semiring) -> dict[int, Value]:
    sums = dict(seeds)
    for target in range(min(seeds, default=len(weighted)), len(weighted)):
        if not reached[target]:
            continue
        for slot, source in weighted.edges_into(target):
            if reached[source]:
                term = semiring.cross(weighted.local(target, slot).push(sums[source], semiring), target, slot)
                sums[target] = semiring.plus(sums[target], term) if target in sums else term
    return sums


def reachable(weighted: Weighted, sources: Collection[int]) -> bytearray:
    """A flag for each node: whether a path leads to it from one of ``sources``."""
    if weighted.csr is not None:
        return _marked(weighted.csr, sources, mark_reached)
    flags = bytearray(len(weighted))
    for position in sources:
        flags[position] = 1
    for target in range(min(sources, default=len(weighted)), len(weighted)):
        if not flags[target]:
            flags[target] = any(flags[source] for _, source in weighted.edges_into(target))
    return flags


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
