"""The sweep: the sum over all paths by dynamic programming, in any semiring, in either direction.

Every edge is visited once. Against the edges, S(i, o) = sum over j in A(i) of S(j, o) z(i, j) (Aggarwal, eq. 3.8);
along them, the same recursion from the sources.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from backpath.ops.semiring import Semiring, Value
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
    reached = reachable(weighted, wanted)
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


def push_forward(weighted: Weighted, seeds: Mapping[int, Value], semiring: Semiring) -> dict[int, Value]:
    """Path sums from the seeded nodes to every node that they reach, by position."""
    reached = reachable(weighted, seeds)
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
    flags = bytearray(len(weighted))
    for position in sources:
        flags[position] = 1
    for target in range(min(sources, default=len(weighted)), len(weighted)):
        if not flags[target]:
            flags[target] = any(flags[source] for _, source in weighted.edges_into(target))
    return flags


def leading_to(weighted: Weighted, outputs: Collection[int]) -> bytearray:
    """A flag for each node: whether a path leads from it to one of ``outputs``."""
    flags = bytearray(len(weighted))
    for position in outputs:
        flags[position] = 1
    for target in range(max(outputs, default=-1), -1, -1):
        if flags[target]:
            for _, source in weighted.edges_into(target):
                flags[source] = 1
    return flags
