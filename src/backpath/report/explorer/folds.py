"""What folds into one box: modules, residual blocks, layers, and stretches of program, as a tree with layouts.

Every group is an interval of the program with the inputs that it alone uses, so that groups depend on each other
without circles.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from backpath.explanation.carriers import prefixes
from backpath.explanation.skips import branch_edges
from backpath.explanation.spectrum import LAYERS
from backpath.graph import INPUT, Graph
from backpath.nets.activations import ACTIVATIONS
from backpath.ops import scope_of
from backpath.ops.control import has_control
from backpath.paths import Dag, Linearization
from backpath.report.layout import arranged

MOST_CHILDREN = 48
"""Things directly in one group; more are folded into stretches."""

Interval = tuple[int, int, str, str]
"""First and last position, name and kind."""


@dataclass(slots=True)
class Group:
    """A box of nodes and of other groups.

    Attributes:
        name: what it is called.
        kind: ``"root"``, ``"module"``, ``"residual"``, ``"layer"`` or ``"stretch"``.
        members: nodes by position, and groups.
    """

    name: str
    kind: str
    members: list[int | Group] = field(default_factory=list)


def folds(weighted: Linearization | Dag) -> list[dict[str, Any]]:
    """The groups as plain data, the root first, each after the one that holds it.

    Each has ``name``, ``kind``, ``parent`` (a number in this list, -1 for the root), ``members`` (a position, or -1 - k
    for group k), ``at`` (level and place of each member) and ``lines`` (first and last member by number, and level and
    place of each point between, of every connection in it; the first is -1 where one comes from outside).
    """
    parents = _parents(weighted)
    root = Group("all", "root")
    intervals = nested(list(_intervals(weighted))) if isinstance(weighted, Linearization) else []
    _fill(root, parents, intervals)
    _stretch(root, names_of(weighted))
    return _as_data(root, parents)


def names_of(weighted: Linearization | Dag) -> list[str]:
    """The nodes' names as text."""
    return [str(name) for name in weighted.names]


def _parents(weighted: Linearization | Dag) -> list[list[int]]:
    if isinstance(weighted, Linearization):
        return [list(node.parents) for node in weighted.graph.nodes]
    return [[source for _, source in weighted.edges_into(target)] for target in range(len(weighted))]


def _intervals(lin: Linearization) -> Iterator[Interval]:
    graph, modules = lin.graph, list(_modules(lin.graph))
    yield from modules
    arrays = any(node.shape for node in graph.nodes)
    blocks = sorted(branch_edges(lin)) if arrays and not has_control(graph) else []
    for number, (target, slot) in enumerate(blocks, 1):
        skip = next(p for k, p in enumerate(graph.nodes[target].parents) if k != slot)
        first = next(k for k in range(skip + 1, target + 1) if graph.nodes[k].parents)
        if not any(_cross((first, target), m) or (first, target) == m[:2] for m in modules):
            yield skip + 1, target, f"residual block {number}", "residual"
    if modules:
        return
    mixing = [k for k, node in enumerate(graph.nodes) if node.primitive in LAYERS]
    for number, start in enumerate(mixing, 1):
        yield start, _end_of_layer(graph, start), f"layer {number}", "layer"


def _cross(a: tuple[int, int], b: Interval) -> bool:
    return a[0] < b[0] <= a[1] < b[1] or b[0] < a[0] <= b[1] < a[1]


def _modules(graph: Graph) -> Iterator[Interval]:
    """Each run of nodes that are of one module of an imported model, and those inside it."""
    open_at: list[tuple[str, int]] = []
    last = 0
    for k, node in enumerate(graph.nodes):
        if not node.parents:
            continue
        scope = scope_of(node.name)
        while open_at and not f"{scope}.".startswith(f"{open_at[-1][0]}."):
            path, first = open_at.pop()
            yield first, last, path, "module"
        open_at += [(path, k) for path in prefixes(scope)[len(open_at) :]]
        last = k
    for path, first in open_at:
        yield first, last, path, "module"


def _end_of_layer(graph: Graph, start: int) -> int:
    """The last of the nodes right after a product that shift, scale or bend what it made."""
    end = start
    for position in range(start + 1, len(graph)):
        node = graph.nodes[position]
        if not node.parents:
            continue
        shifts = node.primitive in ("add", "multiply") and any(
            graph.nodes[p].primitive == INPUT and len(graph.nodes[p].shape) < len(node.shape) for p in node.parents
        )
        if end not in node.parents or not (shifts or node.primitive in ACTIVATIONS or node.primitive == "standardize"):
            break
        end = position
    return end


def nested(intervals: Sequence[Interval]) -> list[Interval]:
    """Those that lie in one another or apart, wider ones first; one that crosses an earlier one is left out."""
    kept: list[Interval] = []
    for a in sorted(intervals, key=lambda i: (i[0], -i[1])):
        if all(b[1] < a[0] or (b[0] <= a[0] and a[1] <= b[1]) for b in kept):
            kept.append(a)
    return kept


def _fill(root: Group, parents: list[list[int]], intervals: list[Interval]) -> None:
    """Put every node into the innermost interval that it lies in, and inputs where all that use them are."""
    chain: list[list[Group]] = [[root] for _ in parents]
    for first, last, name, kind in intervals:
        group = Group(name, kind)
        inside = [k for k in range(first, last + 1) if parents[k]]
        chain[inside[0]][-1].members.append(group)
        for k in inside:
            chain[k] = [*chain[k], group]
    users: list[list[int]] = [[] for _ in parents]
    for target, sources in enumerate(parents):
        for source in sources:
            users[source].append(target)
    for k in range(len(parents)):
        home = chain[k] if parents[k] or not users[k] else _common([chain[u] for u in users[k]])
        home[-1].members.append(k)


def _common(chains: list[list[Group]]) -> list[Group]:
    return [level[0] for level in zip(*chains, strict=False) if all(group is level[0] for group in level)]


def _stretch(group: Group, names: Sequence[str]) -> None:
    """Fold members into stretches until no group holds too many, and groups of one member into that member."""
    for member in group.members:
        if isinstance(member, Group):
            _stretch(member, names)
    group.members = [m.members[0] if isinstance(m, Group) and len(m.members) == 1 else m for m in group.members]
    group.members.sort(key=_order)
    count = len(group.members)
    if count > MOST_CHILDREN:
        levels = math.ceil(math.log(count) / math.log(MOST_CHILDREN))
        size = math.ceil(count ** (1 / levels))
        while len(group.members) > size:
            parts = (group.members[k : k + size] for k in range(0, len(group.members), size))
            group.members = [_stretch_of(part, names) for part in parts]


def _stretch_of(members: list[int | Group], names: Sequence[str]) -> int | Group:
    if len(members) == 1:
        return members[0]
    first, last = _ends(members[0])[0], _ends(members[-1])[1]
    return Group(f"{names[first]} … {names[last]}", "stretch", members)


def _ends(member: int | Group) -> tuple[int, int]:
    if isinstance(member, int):
        return member, member
    return _ends(member.members[0])[0], _ends(member.members[-1])[1]


def _order(member: int | Group) -> int:
    """Where a member stands in the program: a group with its last node, so that all that it reads stands before."""
    return member if isinstance(member, int) else _ends(member)[1]


def _as_data(root: Group, parents: list[list[int]]) -> list[dict[str, Any]]:
    groups, above = [root], [-1]
    for number, group in enumerate(groups):
        for member in group.members:
            if isinstance(member, Group):
                groups.append(member)
                above.append(number)
    number_of = {id(group): k for k, group in enumerate(groups)}
    routes: list[list[tuple[int, int]]] = [[] for _ in parents]
    for number, group in enumerate(groups):
        for place, member in enumerate(group.members):
            if isinstance(member, int):
                routes[member] = _route(number, place, groups, above)
    edges: list[dict[tuple[int, int], None]] = [{} for _ in groups]
    entered: list[dict[int, None]] = [{} for _ in groups]
    for target, sources in enumerate(parents):
        for source in sources:
            depth, group, a, b = _meeting(routes[source], routes[target])
            edges[group][a, b] = None
            for inner, place in routes[target][depth + 1 :]:
                entered[inner][place] = None
    data = []
    for number, group in enumerate(groups):
        within = [(a, b, 0) for a, b in edges[number]]
        layout = arranged(len(group.members), within, late=True, entered=list(entered[number]))
        members = [m if isinstance(m, int) else -1 - number_of[id(m)] for m in group.members]
        lines = [
            [line.source, line.target, [list(layout.places[stop]) for stop in line.stops if stop >= len(members)]]
            for line in layout.lines
        ]
        at = [list(layout.places[k]) for k in range(len(members))]
        data.append(
            {
                "name": group.name,
                "kind": group.kind,
                "parent": above[number],
                "members": members,
                "at": at,
                "lines": lines,
            }
        )
    return data


def _route(number: int, place: int, groups: list[Group], above: list[int]) -> list[tuple[int, int]]:
    """From the root down to a node: each group on the way, and the place in it."""
    route = [(number, place)]
    while above[number] >= 0:
        parent = above[number]
        place = next(k for k, m in enumerate(groups[parent].members) if m is groups[number])
        route.append((parent, place))
        number = parent
    return route[::-1]


def _meeting(source: list[tuple[int, int]], target: list[tuple[int, int]]) -> tuple[int, int, int, int]:
    """The innermost group that holds both ends of an edge, with its depth, and the members that they are in."""
    for depth, ((group, a), (_, b)) in enumerate(zip(source, target, strict=False)):
        if a != b:
            return depth, group, a, b
    raise AssertionError("an edge leads from a node to itself")
