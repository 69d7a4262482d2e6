"""Which parts of a model carry a gradient: modules, residual branches, attention heads.

The gradient g is a sum over paths, and the part g_k of it is that of the paths through k. Its share <g_k, g> / <g, g>
needs no sweep of its own: pushed forward, g gives every node a tangent, and <g_k, g> is the adjoint at k times the
tangent there. So one sweep each way tells the shares of all parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.explanation.skips import Branch
from backpath.graph import Graph
from backpath.ops import scope_of
from backpath.paths import LOG_SCALED, SCALED_MASS, SUM_PRODUCT, Linearization, Scaled
from backpath.paths.semirings.log_scaled import product, summed

Sums = Mapping[int, Any]
"""Path sums by position."""

Edge = tuple[int, int]
"""Position of the target, and slot there."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """How much of a gradient goes through one part of a model.

    Attributes:
        name: of the module, branch or head.
        share: <g_k, g> / <g, g>, where g_k is what the paths through it carry of the gradient g. It is negative where
            they work against the rest; shares of parts one behind another may each be near 1.
        mass: of the mass, the part that goes through it.
        kept: the size of the adjoint where the part ends over the mass of the paths from there to the output: what
            cancellation leaves on the way behind it.
    """

    name: str
    share: float
    mass: float
    kept: float


@dataclass(frozen=True, slots=True)
class Carriers(Sequence[Carrier]):
    """Parts of a model in the graph's order, and what of the gradient each carries; printed, a table.

    Attributes:
        by: ``"module"``, ``"branch"`` or ``"head"``.
        parts: in order.
    """

    by: str
    parts: tuple[Carrier, ...]

    def __getitem__(self, k: Any) -> Any:
        return self.parts[k]

    def __len__(self) -> int:
        return len(self.parts)

    @property
    def strongest(self) -> tuple[Carrier, ...]:
        """Those with the largest shares first, whatever their sign."""
        return tuple(sorted(self.parts, key=lambda part: -abs(part.share)))

    @property
    def opposed(self) -> tuple[Carrier, ...]:
        """Those that work against the gradient, the strongest first."""
        return tuple(part for part in self.strongest if part.share < 0)

    def to_json(self) -> list[dict[str, Any]]:
        """As plain data."""
        return [{"name": p.name, "share": p.share, "mass": p.mass, "kept": p.kept} for p in self.parts]

    def plot(self) -> Any:
        """A matplotlib figure: the share of each part, beside the mass that goes through it.

        Raises:
            ImportError: if matplotlib is not installed.
        """
        from backpath.report.carriers_plot import plot_carriers

        return plot_carriers(self)

    def __str__(self) -> str:
        width = max([len(self.by), *(len(part.name) for part in self.parts)])
        head = f"{self.by:<{width}}  {'gradient':>9}  {'':<{BAR}}  {'mass':>8}  {'kept':>8}"
        most = max((abs(part.share) for part in self.parts), default=0.0) or 1.0
        return "\n".join([head, *(_line(part, width, most) for part in self.parts)])


BAR = 12


def _line(part: Carrier, width: int, most: float) -> str:
    bar = ("█" if part.share >= 0 else "░") * round(BAR * abs(part.share) / most)
    return f"{part.name:<{width}}  {part.share:>9.2%}  {bar:<{BAR}}  {part.mass:>8.2%}  {part.kept:>8.2g}"


class Flows:
    """What goes over edges and through nodes: of the gradient, and of the mass.

    Args:
        lin: the graph at its point.
        adjoints: path sums from each node to the output.
        tangents: of each node, along the gradient.
        beta: masses from each node to the output.
        alpha: masses from the inputs to each node.
        total: the mass of the whole gradient, with a power of two beside it as all masses.
        square: <g, g>.
    """

    def __init__(
        self, lin: Linearization, adjoints: Sums, tangents: Sums, beta: Sums, alpha: Sums, total: Scaled, square: float
    ):
        self.lin, self.adjoints, self.tangents = lin, adjoints, tangents
        self.beta, self.alpha, self.total, self.square = beta, alpha, total, square
        self.readers: dict[int, list[Edge]] = {}
        for target in adjoints:
            for slot, source in lin.edges_into(target):
                self.readers.setdefault(source, []).append((target, slot))

    def node(self, k: int, axis: int | None = None) -> tuple[np.ndarray, Scaled]:
        """Of the gradient and of the mass through a node; with ``axis`` for each index along it."""
        if k not in self.adjoints or k not in self.tangents:
            return np.zeros(()), NOTHING
        return _inner(self.adjoints[k], self.tangents[k], axis), product(self.beta[k], self.alpha[k], axis)

    def edge(self, target: int, slot: int, source: int) -> tuple[float, Scaled]:
        """The same of an edge: what its source's readers share is parted."""
        if target not in self.adjoints or source not in self.tangents:
            return 0.0, NOTHING
        local = self.lin.local(target, slot)
        carried = _inner(local.pull(self.adjoints[target], SUM_PRODUCT), self.tangents[source])
        return float(carried), product(local.pull(self.beta[target], SCALED_MASS), self.alpha[source])

    def carrier(self, name: str, carried: float, mass: Scaled, ends: Iterable[int], axis: Any = None) -> Carrier:
        """The part of a model through which so much goes."""
        ends = [k for k in ends if k in self.adjoints]
        size = Scaled(np.asarray(sum(np.sum(np.abs(_taken(self.adjoints[k], axis)), dtype=float) for k in ends)), 0)
        betas = (self.beta[k] for k in ends)
        whole = summed(Scaled(_taken(beta.entries, axis), beta.exponent).total() for beta in betas)
        share = float(carried) / self.square if self.square else 0.0
        part = mass.over(self.total) if float(self.total.entries) else 0.0
        return Carrier(name, share, part, size.over(whole))


NOTHING = LOG_SCALED.zero((), float)


def _inner(a: Any, b: Any, axis: int | None = None) -> np.ndarray:
    entries = np.asarray(a, float) * np.asarray(b, float)
    others = tuple(k for k in range(entries.ndim) if k != axis) if axis is not None else None
    return np.sum(entries, axis=others)


def _taken(x: Any, at: tuple[int, int] | None) -> Any:
    """All entries, or those at an index along an axis."""
    return x if at is None else np.take(x, at[1], axis=at[0])


def of_modules(flows: Flows) -> tuple[Carrier, ...]:
    """Each module that a node is of, and each that holds one: what leaves it."""
    names = flows.lin.names
    inside: dict[str, set[int]] = {}
    for k in sorted(flows.adjoints):
        if k in flows.tangents:
            for path in prefixes(scope_of(names[k])):
                inside.setdefault(path, set()).add(k)
    return tuple(_of_module(flows, path, nodes) for path, nodes in inside.items())


def prefixes(scope: str) -> list[str]:
    """The modules that a scope stands in, from the outermost in."""
    parts = scope.split(".") if scope else []
    return [".".join(parts[: n + 1]) for n in range(len(parts))]


def _of_module(flows: Flows, path: str, nodes: set[int]) -> Carrier:
    carried, mass = 0.0, NOTHING
    ends = []
    for k in nodes:
        readers = flows.readers.get(k, [])
        leaving = [(target, slot) for target, slot in readers if target not in nodes]
        if readers and not leaving:
            continue
        ends.append(k)
        if len(leaving) == len(readers):
            pairs = [flows.node(k)]
        else:
            pairs = [flows.edge(target, slot, k) for target, slot in leaving]
        carried += sum(float(c) for c, _ in pairs)
        mass = summed((mass, *(m for _, m in pairs)))
    return flows.carrier(path, carried, mass, ends)


def of_branches(flows: Flows, branches: Sequence[Branch]) -> tuple[Carrier, ...]:
    """Each residual branch: what goes through it and not around."""
    found = []
    for branch in branches:
        carried, mass = flows.edge(branch.target, branch.slot, branch.source)
        found.append(flows.carrier(branch.name, carried, mass, [branch.source]))
    return tuple(found)


def of_heads(flows: Flows) -> tuple[Carrier, ...]:
    """Each head of each attention: what goes through its mean of values."""
    found = []
    for k, axis in attentions(flows.lin.graph):
        carried, mass = flows.node(k, axis)
        name = scope_of(flows.lin.names[k]) or flows.lin.names[k]
        heads = flows.lin.shape(k)[axis]
        for head in range(heads if np.ndim(carried) else 0):
            own = Scaled(mass.entries[head], mass.exponent)
            found.append(flows.carrier(f"{name} head {head}", carried[head], own, [k], (axis, head)))
    return tuple(found)


MOVES = frozenset({"reshape", "transpose", "broadcast_to", "astype", "multiply", "where", "index"})
"""Primitives between a softmax and its product with values: what drops out or is arranged."""


def attentions(graph: Graph) -> list[tuple[int, int]]:
    """The nodes in which each head's means of values lie, and the axis along which heads do.

    They are products of a softmax with values that have an axis for heads behind that of the batch.
    """
    of_softmax = bytearray(len(graph))
    found: list[tuple[int, int]] = []
    for k, node in enumerate(graph.nodes):
        if node.primitive == "softmax" or (node.primitive == "divide" and _exponential(graph, node.parents[0])):
            of_softmax[k] = 1
        elif node.primitive in MOVES:
            of_softmax[k] = any(of_softmax[p] for p in node.parents)
        elif node.primitive in ("matmul", "einsum") and any(of_softmax[p] for p in node.parents):
            place = _with_heads(graph, k)
            if place is not None:
                found.append((place, 1))
    return found


def _exponential(graph: Graph, position: int) -> bool:
    """Whether a node is exp(x), which over its sum is a softmax that was written out."""
    return graph.nodes[position].primitive == "exp"


def _with_heads(graph: Graph, k: int) -> int | None:
    """The product itself, or what parts its first axis into batch and heads."""
    shape = graph.nodes[k].shape
    if len(shape) >= 4:
        return k
    for later in range(k + 1, min(k + 4, len(graph))):
        node = graph.nodes[later]
        if node.primitive == "reshape" and node.parents[0] == k and len(node.shape) == 4:
            return later if node.shape[2:] == shape[1:] else None
    return None
