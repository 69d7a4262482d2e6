"""A derivative the long way and the short way: every path with its product, their sum, and the reverse sweep."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

from backpath.graph import CONSTANT
from backpath.paths import Linearization, Path
from backpath.paths.table import aligned, brief

MOST_SHOWN = 64
MOST_SUMMED = 100_000


@dataclass(frozen=True, slots=True)
class Derivation:
    """The derivative of one scalar node by another.

    Attributes:
        source: the name of the node to differentiate by.
        output: the name of the node to differentiate.
        count: how many paths lead from one to the other.
        paths: the first of them, at most 64.
        path_sum: the sum of the products over all paths; None where there are more than 100,000.
        sweep: the same by dynamic programming, one visit an edge.
        outside: the first node on the way that has no value (nan): the point is outside its domain; else empty.
    """

    source: str
    output: str
    count: int
    paths: tuple[Path, ...]
    path_sum: Any
    sweep: Any
    outside: str = ""

    def __str__(self) -> str:
        rows = [
            (" -> ".join(map(str, p.nodes)), " * ".join(map(brief, p.weights)), brief(p.product)) for p in self.paths
        ]
        if self.count > len(self.paths):
            rows.append((f"... and {self.count - len(self.paths):,} more", "", ""))
        total = "too many paths to visit" if self.path_sum is None else brief(self.path_sum)
        rows += [("sum over all paths", "", total), ("dynamic programming", "", brief(self.sweep))]
        counted = f"{self.count:,} path{'s' * (self.count != 1)}"
        note = f"{self.outside} is nan: the point is outside its domain, where there is no derivative\n"
        return (note if self.outside else "") + aligned(
            [f"{self.source} to {self.output}: {counted}", "z along it", "product"], rows
        )

    def to_json(self) -> dict[str, Any]:
        """The same as plain data."""
        paths = [
            {"nodes": list(p.nodes), "z": [plain(z) for z in p.weights], "product": plain(p.product)}
            for p in self.paths
        ]
        return {
            "input": self.source,
            "output": self.output,
            "count": self.count,
            "paths": paths,
            "sum_over_paths": plain(self.path_sum),
            "dynamic_programming": plain(self.sweep),
            "outside_domain": self.outside,
        }


def derive(p: Linearization, source: str, output: str) -> Derivation:
    """The derivative of a scalar node by another, both ways.

    Raises:
        GraphError: if a name is unknown, or a node between the two is an array.
    """
    count = p.count_paths(source, output)
    paths = tuple(itertools.islice(p.paths(source, output), MOST_SHOWN))
    total = p.gradient(source, output, method="paths") if count <= MOST_SUMMED else None
    outside = p.outside_domain(p.find(output))
    return Derivation(source, output, count, paths, total, p.gradient(source, output), outside)


def derivations(p: Linearization) -> list[Derivation]:
    """Of every output by every input."""
    names = p.names
    return [derive(p, names[i], names[o]) for o in dict.fromkeys(p.outputs) for i in p.inputs]


def to_json(p: Linearization) -> dict[str, Any]:
    """Nodes with their values, edges with z(i, j), and every derivation, as plain data."""
    names = p.names
    nodes = [
        {
            "name": node.name,
            "primitive": node.primitive,
            "parents": [names[i] for i in node.parents],
            "value": plain(value),
        }
        for node, value in zip(p.graph.nodes, p.values, strict=True)
    ]
    edges = [
        {"source": names[source], "target": names[target], "operand": slot, "z": plain(p.weight(target, slot))}
        for target in range(len(p))
        for slot, source in p.edges_into(target)
        if p.graph.nodes[source].primitive != CONSTANT
    ]
    return {"nodes": nodes, "edges": edges, "derivatives": [d.to_json() for d in derivations(p)]}


def plain(value: Any) -> float | str | None:
    """A number as JSON has it; in words where JSON has none, as for infinity and for symbols."""
    if value is None:
        return None
    try:
        number = float(value)
    except TypeError:
        return str(value)
    return number if math.isfinite(number) else str(number)
