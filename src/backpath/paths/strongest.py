"""The strongest path: the one whose product of local derivatives is largest in size, by dynamic programming."""

from __future__ import annotations

from backpath.paths.enumeration import Path
from backpath.paths.weighted import Weighted


def strongest_path(weighted: Weighted, source: int, output: int) -> Path | None:
    """The path from ``source`` to ``output`` with the largest \\|product\\|, or None if there is no path.

    Each node needs its own strongest path alone, since sizes multiply; so each edge is visited once.

    Raises:
        GraphError: if an edge is not between scalars; unroll an array graph first.
    """
    best: dict[int, tuple[float, int, int]] = {source: (1.0, -1, -1)}
    for target in range(source + 1, output + 1):
        for slot, origin in weighted.edges_into(target):
            if origin not in best:
                continue
            size = best[origin][0] * float(abs(weighted.weight(target, slot)))
            if target not in best or size > best[target][0]:
                best[target] = size, origin, slot
    if output not in best:
        return None
    positions, slots = [output], []
    while positions[-1] != source:
        _, origin, slot = best[positions[-1]]
        positions.append(origin)
        slots.append(slot)
    return Path(weighted, tuple(reversed(positions)), tuple(reversed(slots)))
