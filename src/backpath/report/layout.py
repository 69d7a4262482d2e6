"""Layout of a DAG in layers: where each node stands, and by which points each edge passes.

Nodes stand at their topological level. An edge that spans several levels gets a waypoint at each one between, so that
it passes them; the order within a level is that of the mean place of the neighbours (Sugiyama and others, 1981).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backpath.paths import Weighted

Stop = tuple[int, int]
"""Level, and a number within it: of a node or of a waypoint."""

SWEEPS = 8

OUTSIDE = -1
"""The source of edges that come from outside of what is laid out."""


@dataclass(frozen=True, slots=True)
class Line:
    """One edge: ends, slot, and the stops that it passes, both ends included."""

    source: int
    target: int
    slot: int
    stops: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Places in units of one step between levels and one between neighbours.

    Attributes:
        places: (level, place) of each stop; the first ones are the nodes, by position, the others waypoints.
        lines: every edge.
    """

    places: tuple[tuple[int, float], ...]
    lines: tuple[Line, ...]


def layered(weighted: Weighted) -> Layout:
    """The layout of all nodes and edges of ``weighted``."""
    edges = [(i, j, slot) for j in range(len(weighted)) for slot, i in weighted.edges_into(j)]
    return arranged(len(weighted), edges)


def arranged(
    count: int, edges: Sequence[tuple[int, int, int]], late: bool = False, entered: Sequence[int] = ()
) -> Layout:
    """The layout of nodes 0, 1, ... in topological order.

    Args:
        count: how many nodes there are.
        edges: (source, target, slot) of each.
        late: whether nodes without an edge into them stand one level before the first that they lead to, as weights do
            beside their layer, and not on the first level.
        entered: nodes to which an edge leads from outside: they have lines of source -1 that begin on the first level.
    """
    level = _levels(count, edges, late)
    stops = list(level)
    lines = []
    for source, target, slot in [*edges, *((OUTSIDE, k, 0) for k in entered)]:
        between = range(0 if source == OUTSIDE else level[source] + 1, level[target])
        waypoints = range(len(stops), len(stops) + len(between))
        stops.extend(between)
        before = () if source == OUTSIDE else (source,)
        lines.append(Line(source, target, slot, (*before, *waypoints, target)))
    return Layout(tuple(zip(stops, _ordered(stops, lines), strict=True)), tuple(lines))


def _levels(count: int, edges: Sequence[tuple[int, int, int]], late: bool) -> list[int]:
    into: list[list[int]] = [[] for _ in range(count)]
    for source, target, _ in edges:
        into[target].append(source)
    level = [0] * count
    for target in range(count):
        level[target] = 1 + max((level[source] for source in into[target]), default=-1)
    if late:
        first: dict[int, int] = {}
        for source, target, _ in edges:
            first[source] = min(level[target], first.get(source, level[target]))
        level = [first.get(k, 1) - 1 if not into[k] else level[k] for k in range(count)]
    return level


def _ordered(level: Sequence[int], lines: Sequence[Line]) -> list[float]:
    """The place of each stop within its level, centred on 0."""
    rows: list[list[int]] = [[] for _ in range(max(level, default=-1) + 1)]
    for stop, k in enumerate(level):
        rows[k].append(stop)
    before: list[list[int]] = [[] for _ in level]
    after: list[list[int]] = [[] for _ in level]
    for line in lines:
        for a, b in zip(line.stops, line.stops[1:], strict=False):
            after[a].append(b)
            before[b].append(a)
    place = [0.0] * len(level)
    for row in rows:
        _settle(row, place)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        neighbours = before if forward else after
        for row in rows if forward else reversed(rows):
            mean = {s: sum(place[n] for n in neighbours[s]) / len(neighbours[s]) for s in row if neighbours[s]}
            row.sort(key=lambda s, mean=mean: mean.get(s, place[s]))
            _settle(row, place)
    return place


def _settle(row: Sequence[int], place: list[float]) -> None:
    for k, stop in enumerate(row):
        place[stop] = k - (len(row) - 1) / 2
