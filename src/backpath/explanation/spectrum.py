"""The length spectrum: how much of a gradient paths of each length carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from backpath.explanation.skips import MIXING, branch_edges
from backpath.graph import Graph, GraphError
from backpath.ops import scope_of
from backpath.ops.control import CONTROL
from backpath.paths import Linearization

LAYERS = MIXING
"""An edge into one of them is a step of one layer."""

UNITS = ("layer", "block", "module", "edge")


def step_of(lin: Linearization, by: str) -> Callable[[int, int], int]:
    """How much an edge, by its target and slot, adds to the length of a path.

    Raises:
        GraphError: for another unit, or blocks where there are none.
    """
    if by in ("edge", "layer"):
        return step_inside(lin.graph, by)
    if by == "module":
        return _into_modules(lin.graph)
    if by != "block":
        raise GraphError(f"by={by!r}: lengths are counted by 'layer', by 'block', by 'module' or by 'edge'")
    branches = branch_edges(lin)
    if not branches:
        raise GraphError("by='block': no sum of the graph joins a value and what was made from it: count by 'layer'")
    return lambda target, slot: int((target, slot) in branches)


def step_inside(graph: Graph, by: str) -> Callable[[int, int], int]:
    """The same for any graph, such as one turn of a loop; the ways into a loop and out of it are no edges.

    Raises:
        GraphError: for blocks, which are found in the outer graph alone.
    """
    nodes = graph.nodes
    if by == "layer":
        return lambda target, slot: int(nodes[target].primitive in LAYERS)
    if by == "edge":
        between = _around_control(graph)
        return lambda target, slot: int(target not in between)
    raise GraphError(
        "by='block': paths go through a loop or a branch, whose blocks are not told apart: count by 'layer'"
    )


def _into_modules(graph: Graph) -> Callable[[int, int], int]:
    """A step for each edge that leads into another module.

    Raises:
        GraphError: if no node is of a module.
    """
    scopes = [scope_of(node.name) for node in graph.nodes]
    if not any(scopes):
        raise GraphError("by='module': no node of the graph is of a module, as those of an imported model are")
    return lambda target, slot: int(scopes[target] not in ("", scopes[graph.nodes[target].parents[slot]]))


def _around_control(graph: Graph) -> set[int]:
    """Nodes with a graph inside, and those that take what they computed apart."""
    found: set[int] = set()
    for position, node in enumerate(graph.nodes):
        taken = node.primitive in ("index", "reshape", "astype") and node.parents[0] in found
        if node.primitive in CONTROL or taken:
            found.add(position)
    return found


@dataclass(frozen=True, slots=True)
class LengthSpectrum:
    """The gradient g as a sum over lengths: g = sum over L of g_L, the part that paths of length L carry.

    Attributes:
        by: what a path's length counts, ``"layer"``, ``"block"``, ``"module"`` or ``"edge"``.
        parts: for each length, in order, the arrays g_L by the name of the input.
    """

    by: str
    parts: Mapping[int, Mapping[str, np.ndarray]]

    @property
    def norms(self) -> dict[int, float]:
        """The Euclidean norm of each g_L, over all inputs together."""
        return {n: float(np.linalg.norm(_flat(part))) for n, part in self.parts.items()}

    @property
    def shares(self) -> dict[int, float]:
        """<g_L, g> / <g, g>: the part of the gradient that each length accounts for. They sum to 1.

        One is negative where paths of that length work against the others; all are 0 where the gradient is.
        """
        whole = _total(self.parts)
        square = float(whole @ whole)
        return {n: float(_flat(part) @ whole) / square if square else 0.0 for n, part in self.parts.items()}

    @property
    def alignments(self) -> dict[int, float]:
        """The cosine of the angle between each g_L and g; 0 where one of them is 0."""
        whole = _total(self.parts)
        size = float(np.linalg.norm(whole))
        cosines = {}
        for n, part in self.parts.items():
            norm = float(np.linalg.norm(_flat(part))) * size
            cosines[n] = float(_flat(part) @ whole) / norm if norm else 0.0
        return cosines

    @property
    def effective_depth(self) -> float:
        """The mean length, each weighted by the norm of what it carries; 0 without a gradient."""
        norms = self.norms
        total = sum(norms.values())
        return sum(n * norm for n, norm in norms.items()) / total if total else 0.0


def _flat(part: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([np.ravel(np.asarray(a, float)) for a in part.values()])


def _total(parts: Mapping[int, Mapping[str, np.ndarray]]) -> np.ndarray:
    flats = [_flat(part) for part in parts.values()]
    return np.sum(flats, axis=0) if flats else np.zeros(0)
