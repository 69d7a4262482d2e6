"""Better elimination orders by local search: finding the cheapest one is NP-complete (Naumann, 2008)."""

from __future__ import annotations

import math
import random
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from backpath.graph import GraphError
from backpath.ops import Scale
from backpath.paths.elimination import eliminate
from backpath.paths.sweep import leading_to, reachable
from backpath.paths.weighted import Weighted

BUILT_IN = ("forward", "reverse", "markowitz", "lowest-fill")
HOTTEST, COLDEST = 0.03, 0.0005
"""Between these fractions of the cost lies the rise that the search accepts, falling geometrically."""


@dataclass(frozen=True, slots=True)
class SearchedOrder:
    """An elimination order and what it costs.

    Attributes:
        order: names of the vertices, as ``eliminate`` and ``gradient`` take them.
        multiplications: what elimination in this order takes.
        built_in: multiplications of each built-in order, by name.
    """

    order: tuple[Hashable, ...]
    multiplications: int
    built_in: dict[str, int]


def search_order(
    dag: Weighted,
    sources: Sequence[Hashable] | None = None,
    outputs: Sequence[Hashable] | None = None,
    *,
    budget: int = 10_000,
    seed: int = 0,
    free_units: bool = False,
) -> SearchedOrder:
    """Improve the best built-in elimination order by moving vertices about, with threshold accepting.

    Args:
        dag: scalar nodes; ``Linearization.unroll`` makes them.
        sources: names by which to differentiate; by default all inputs.
        outputs: names of what to differentiate; by default all outputs.
        budget: how many orders to try.
        seed: of the moves; the same seed finds the same order.
        free_units: whether a product with a weight that is 1 or -1 counts nothing, as after an addition or subtraction.

    Raises:
        GraphError: for unknown names, or if nodes are arrays.

    >>> from backpath.paths import Dag
    >>> dag = Dag.from_edges([("x", "a", 2), ("a", "b", 3), ("a", "c", 4), ("b", "o", 5), ("c", "o", 6)])
    >>> search_order(dag, ["x"], ["o"], budget=20).multiplications
    3
    """
    if not dag.of_numbers:
        raise GraphError("an order is searched for scalar nodes: call unroll() on the linearization first")
    starts = dag.inputs if sources is None else tuple(dag.find(name) for name in sources)
    ends = dag.outputs if outputs is None else tuple(dag.find(name) for name in outputs)
    skeleton = Skeleton.of(dag, starts, ends, free_units)
    orders = {name: [dag.find(v) for v in eliminate(dag, starts, ends, name).order] for name in BUILT_IN}
    built_in = {name: skeleton.cost(order) for name, order in orders.items()}
    best = orders[min(BUILT_IN, key=built_in.__getitem__)]
    order, cost = _improve(skeleton, best, budget, random.Random(seed))
    return SearchedOrder(tuple(dag.names[v] for v in order), cost, built_in)


def _improve(skeleton: Skeleton, start: list[int], budget: int, dice: random.Random) -> tuple[list[int], int]:
    """The best order met on a walk of ``budget`` moves that takes a rise in cost less and less readily."""
    current = best = start
    cost = lowest = skeleton.cost(start)
    if len(start) < 2 or lowest == 0:
        return best, lowest
    cooling = math.log(COLDEST / HOTTEST) / max(budget, 1)
    for step in range(budget):
        rise = -math.log(1 - dice.random()) * HOTTEST * math.exp(cooling * step) * lowest
        candidate = _moved(current, dice)
        tried = skeleton.cost(candidate, limit=cost + rise)
        if tried <= cost + rise:
            current, cost = candidate, tried
            if cost < lowest:
                best, lowest = current, cost
    return best, lowest


def _moved(order: list[int], dice: random.Random) -> list[int]:
    """The order with one vertex put elsewhere, or with two exchanged."""
    moved = order.copy()
    i, j = dice.sample(range(len(order)), 2)
    if dice.random() < 0.75:
        moved.insert(j, moved.pop(i))
    else:
        moved[i], moved[j] = moved[j], moved[i]
    return moved


@dataclass(slots=True)
class Skeleton:
    """A graph without weights, for counting multiplications: sets of neighbours as the bits of integers.

    ``free_into`` and ``free_out`` hold the edges by which multiplying is free.
    """

    into: list[int]
    out: list[int]
    free_into: list[int]
    free_out: list[int]

    @classmethod
    def of(cls, dag: Weighted, sources: Sequence[int], outputs: Sequence[int], free_units: bool) -> Skeleton:
        """What lies between ``sources`` and ``outputs``; those passed through get proxies, as in ``eliminate``."""
        size = len(dag)
        found = cls(*([0] * (3 * size) for _ in range(4)))
        reached, leads = reachable(dag, sources), leading_to(dag, outputs)
        for target in range(size):
            for slot, source in dag.edges_into(target):
                if reached[source] and leads[target]:
                    free = free_units and _is_unit(dag.local(target, slot))
                    found._add(source, target, free and not found.into[target] >> source & 1)
        passed_into, passed_out = found.into.copy(), found.out.copy()
        for s in set(sources):
            if passed_into[s]:
                found._add(size + s, s, True)
        for o in set(outputs):
            if passed_out[o]:
                found._add(o, 2 * size + o, True)
        return found

    def _add(self, source: int, target: int, free: bool) -> None:
        self.into[target] |= 1 << source
        self.out[source] |= 1 << target
        for sets, vertex, other in ((self.free_into, target, source), (self.free_out, source, target)):
            sets[vertex] = sets[vertex] | 1 << other if free else sets[vertex] & ~(1 << other)

    def cost(self, order: Sequence[int], limit: float = math.inf) -> int:
        """Multiplications of eliminating in ``order``; stops counting beyond ``limit``."""
        into, out = self.into.copy(), self.out.copy()
        free_into, free_out = self.free_into.copy(), self.free_out.copy()
        total = 0
        for v in order:
            earlier, later = into[v], out[v]
            free_earlier, free_later = free_into[v], free_out[v]
            total += (earlier ^ free_earlier).bit_count() * (later ^ free_later).bit_count()
            if total > limit:
                break
            _join(out, free_out, v, earlier, later, free_earlier, free_later)
            _join(into, free_into, v, later, earlier, free_later, free_earlier)
        return total


def _join(
    near: list[int], free_near: list[int], vertex: int, these: int, those: int, free_these: int, free_those: int
) -> None:
    """Give each of ``these`` all of ``those`` for neighbours in place of ``vertex``.

    A new edge is free if both of its parts are; an edge that one is added to no longer is.
    """
    keep = ~(1 << vertex)
    left = these
    while left:
        low = left & -left
        left ^= low
        one = low.bit_length() - 1
        old = near[one]
        free = free_near[one] & ~those & keep
        if free_these & low:
            free |= free_those & ~old
        free_near[one] = free
        near[one] = (old | those) & keep


def _is_unit(local: Any) -> bool:
    """Whether a weight is 1 or -1."""
    return isinstance(local, Scale) and bool(local.z in (1, -1))
