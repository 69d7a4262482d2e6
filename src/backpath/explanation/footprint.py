"""What the sweeps of an explanation will hold in memory, from shapes alone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from math import prod

from backpath.paths import Linearization, reachable
from backpath.paths.convolutions import inner_nodes
from backpath.paths.sweep import leading_to


def memory(
    lin: Linearization, sources: Collection[int], output: int, step: Callable[[int, int], int]
) -> dict[str, int]:
    """Bytes: of the values, of a sweep that keeps the inputs' sums, of one that keeps all, and of the length spectrum.

    Args:
        lin: the graph at its point.
        sources: the explained inputs.
        output: the node that is differentiated.
        step: how much an edge adds to a path's length.
    """
    sizes = [prod(lin.shape(k)) * lin.dtype(k).itemsize for k in range(len(lin))]
    values, windows = sum(sizes), inner_nodes(lin.graph).keys() - set(sources)
    # A sweep holds nothing of the windows of convolutions.
    sizes = [0 if k in windows else size for k, size in enumerate(sizes)]
    reached, leads = reachable(lin, sources), leading_to(lin, [output])
    between = [k for k in range(len(lin)) if reached[k] and leads[k]]
    lengths = _lengths(lin, set(between), output, step)
    return {
        "values": values,
        "adjoint": _most(lin, between, sources, sizes, {}),
        "nodes": sum(sizes[k] for k in between),
        "spectrum": _most(lin, between, sources, sizes, lengths),
    }


def _lengths(lin: Linearization, between: set[int], output: int, step: Callable[[int, int], int]) -> dict[int, int]:
    """How many lengths the paths from each node have, each length a bit of a number."""
    bits = {output: 1}
    for target in sorted(between, reverse=True):
        for slot, source in lin.edges_into(target):
            if source in between:
                bits[source] = bits.get(source, 0) | bits[target] << step(target, slot)
    return {k: found.bit_count() for k, found in bits.items()}


def _most(
    lin: Linearization, between: list[int], sources: Collection[int], sizes: list[int], lengths: dict[int, int]
) -> int:
    """The most bytes at one time of a sweep that frees a node's sums once they are pulled on."""
    held, kept = set(between), set(sources)
    live: set[int] = set()
    now = most = 0
    for target in reversed(between):
        if target not in live:
            live.add(target)
            now += sizes[target] * lengths.get(target, 1)
        for _, source in lin.edges_into(target):
            if source in held and source not in live:
                live.add(source)
                now += sizes[source] * lengths.get(source, 1)
        most = max(most, now)
        if target not in kept:
            now -= sizes[target] * lengths.get(target, 1)
    return most
