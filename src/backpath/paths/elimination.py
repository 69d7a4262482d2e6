"""Vertex elimination: every product of an in- and an out-edge folded into one edge, in any order of the vertices.

Forward and reverse mode are two of the orders (Griewank and Reese, 1991). Weights are numbers, or sparse matrices where
nodes are arrays; multiplications and additions of numbers are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from backpath.graph import GraphError
from backpath.paths.sweep import leading_to, reachable
from backpath.paths.weighted import Weighted
from backpath.paths.weights import UNIT, Weights, weights_of

Vertex = int | tuple[str, int]


@dataclass(frozen=True, slots=True)
class Elimination:
    """The outcome: the derivative of each output by each source, and what it cost.

    Attributes:
        derivatives: by (source position, output position); pairs that no path joins are absent.
        order: names of the eliminated vertices.
        multiplications: of numbers.
        additions: of numbers.
    """

    derivatives: dict[tuple[int, int], Any]
    order: tuple[Hashable, ...]
    multiplications: int
    additions: int


def eliminate(
    weighted: Weighted,
    sources: Sequence[int],
    outputs: Sequence[int],
    order: str | Sequence[Hashable] = "markowitz",
) -> Elimination:
    """Eliminate every vertex between ``sources`` and ``outputs``.

    Args:
        weighted: the DAG.
        sources: by which to differentiate.
        outputs: what to differentiate.
        order: ``"forward"``, ``"reverse"``, ``"markowitz"`` (fewest in-edges times out-edges next), ``"lowest-fill"``
            (fewest new edges next), or the names of all intermediate vertices in any order.

    Raises:
        GraphError: if the order is unknown, or does not name each intermediate vertex once.

    >>> from backpath.paths import Dag
    >>> dag = Dag.from_edges([("x", "a", 2), ("a", "b", 3), ("a", "c", 4), ("b", "o", 5), ("c", "o", 6)])
    >>> eliminate(dag, [dag.find("x")], [dag.find("o")], ["b", "c", "a"]).multiplications
    3
    """
    remaining = _Remaining(weighted, sources, outputs, weights_of(weighted))
    choose = _chooser(weighted, remaining, order)
    eliminated = []
    while remaining.vertices:
        vertex = choose()
        remaining.eliminate(vertex)
        eliminated.append(weighted.names[vertex])
    derivatives = remaining.derivatives(sources, outputs)
    return Elimination(derivatives, tuple(eliminated), remaining.multiplications, remaining.additions)


class _Remaining:
    """The graph that is left: edges in both directions, and the vertices still to be eliminated.

    A source that others lead to stands behind a proxy of its own, with an edge of weight one; so does an output that
    leads to others. They can then be eliminated like any vertex.
    """

    def __init__(self, weighted: Weighted, sources: Sequence[int], outputs: Sequence[int], weights: Weights):
        self.weighted, self.weights = weighted, weights
        self.multiplications = self.additions = 0
        self.out: dict[Vertex, dict[Vertex, Any]] = {}
        self.into: dict[Vertex, dict[Vertex, Any]] = {}
        reached, leads = reachable(weighted, sources), leading_to(weighted, outputs)
        for target in range(len(weighted)):
            for slot, source in weighted.edges_into(target):
                if reached[source] and leads[target]:
                    self._add(source, target, weights.edge(weighted, target, slot))
        self.tails = {s: self._proxy("source", s, s in self.into) for s in sources}
        self.heads = {o: self._proxy("output", o, o in self.out) for o in outputs}
        ends = {*self.tails.values(), *self.heads.values()}
        self.vertices = {v for v in self.into if v in self.out and v not in ends and isinstance(v, int)}

    def _proxy(self, word: str, vertex: int, needed: bool) -> Vertex:
        if not needed:
            return vertex
        proxy = (word, vertex)
        self._add(*((proxy, vertex) if word == "source" else (vertex, proxy)), UNIT)
        return proxy

    def _add(self, source: Vertex, target: Vertex, weight: Any) -> None:
        known = self.into.setdefault(target, {})
        if source in known:
            weight, cost = self.weights.plus(known[source], weight)
            self.additions += cost
        known[source] = weight
        self.out.setdefault(source, {})[target] = weight

    def eliminate(self, vertex: Vertex) -> None:
        """Join every in-edge with every out-edge, and drop the vertex."""
        earlier, later = self.into.pop(vertex), self.out.pop(vertex)
        for source in earlier:
            del self.out[source][vertex]
        for target in later:
            del self.into[target][vertex]
        for source, first in earlier.items():
            for target, second in later.items():
                product, multiplications, additions = self.weights.times(second, first)
                self.multiplications += multiplications
                self.additions += additions
                self._add(source, target, product)
        self.vertices.discard(vertex)  # type: ignore[arg-type]

    def degree_product(self, vertex: int) -> int:
        """In-edges times out-edges: the products that eliminating the vertex takes (Markowitz, 1957)."""
        return len(self.into[vertex]) * len(self.out[vertex])

    def fill(self, vertex: int) -> int:
        """How many new edges eliminating the vertex makes."""
        return sum(t not in self.out[s] for s in self.into[vertex] for t in self.out[vertex])

    def derivatives(self, sources: Sequence[int], outputs: Sequence[int]) -> dict[tuple[int, int], Any]:
        """What stands on the edges from sources to outputs when nothing is left between them."""
        found = {}
        for s in sources:
            for o in outputs:
                weight = self.out.get(self.tails[s], {}).get(self.heads[o])
                if s == o:
                    weight = UNIT
                if weight is not None:
                    found[s, o] = self.weights.value(self.weighted, s, weight)
        return found


def _chooser(weighted: Weighted, remaining: _Remaining, order: str | Sequence[Hashable]) -> Callable[[], int]:
    """What says which vertex goes next."""
    rules: dict[str, Callable[[int], Any]] = {
        "forward": lambda v: v,
        "reverse": lambda v: -v,
        "markowitz": lambda v: (remaining.degree_product(v), v),
        "lowest-fill": lambda v: (remaining.fill(v), v),
    }
    if isinstance(order, str):
        if order not in rules:
            known = ", ".join(rules)
            raise GraphError(f"no elimination order is called {order!r}: there are {known}, or give a list of names")
        return lambda: min(remaining.vertices, key=rules[order])
    given = [weighted.find(name) for name in order]
    if sorted(given) != sorted(remaining.vertices):
        needed = [weighted.names[v] for v in sorted(remaining.vertices)]
        raise GraphError(f"the order must name each intermediate vertex once: {needed}; it names {list(order)}")
    following = iter(given)
    return lambda: next(following)
