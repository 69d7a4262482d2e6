"""Convolutions as one edge each, so that a sweep lays out none of their windows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from backpath.graph import Graph
from backpath.ops.convolution import Convolution
from backpath.ops.local import Composition, LocalDerivative
from backpath.ops.recursion import AtPoint
from backpath.ops.semiring import Semiring, Value

Edge = tuple[int, int]
"""Position of the target, and slot there."""

Chain = tuple[Edge, ...]
"""The edges from a product with kernels back over the windows to the images."""


def chains_of(graph: Graph) -> dict[int, Chain]:
    """The products of windows with kernels, by position, where nothing else reads the windows."""
    nodes = graph.nodes
    if not any(node.primitive == "unroll" for node in nodes):
        return {}
    readers = [0] * len(nodes)
    for position in (*(p for node in nodes for p in node.parents), *graph.outputs):
        readers[position] += 1
    found = {}
    for target, node in enumerate(nodes):
        if node.primitive != "matmul" or len(node.shape) != 2:
            continue
        chain, at = [(target, 0)], node.parents[0]
        while nodes[at].primitive == "reshape" and readers[at] == 1:
            chain.append((at, 0))
            (at,) = nodes[at].parents
        laid = nodes[at].shape
        alone = nodes[at].primitive == "unroll" and readers[at] == 1
        if alone and len(laid) == 4 and nodes[node.parents[0]].shape[1] == laid[3] and 0 not in laid:
            found[target] = (*chain, (at, 0))
    return found


def inner_nodes(graph: Graph) -> dict[int, tuple[int, int]]:
    """The windows of all convolutions: by position, what reads them, and of what they are."""
    return {
        k: (target, graph.nodes[k].parents[0])
        for chain in chains_of(graph).values()
        for (target, _), (k, _) in pairwise(chain)
    }


class Convolved:
    """The edges of a graph at a point, where the way from images over their windows to a product with kernels is one.

    Args:
        point: whose edges.
        chains: of the convolutions.
    """

    def __init__(self, point: AtPoint, chains: Mapping[int, Chain]):
        self.point, self.chains = point, chains
        self.inner = {k for chain in chains.values() for k, _ in chain[1:]}

    def __len__(self) -> int:
        return len(self.point)

    def edges_into(self, target: int) -> Sequence[tuple[int, int]]:
        if target in self.inner:
            return ()
        edges = self.point.edges_into(target)
        if target not in self.chains:
            return edges
        (images,) = self.point.graph.nodes[self.chains[target][-1][0]].parents
        return [(slot, images if slot == 0 else source) for slot, source in edges]

    def locals_into(self, target: int, slots: Sequence[int]) -> list[LocalDerivative]:
        found = self.point.locals_into(target, slots)
        if target in self.chains and 0 in slots:
            at = list(slots).index(0)
            found[at] = self._convolution(target, found[at])
        return found

    def _convolution(self, target: int, product: LocalDerivative) -> LocalDerivative:
        nodes, inner = self.point.graph.nodes, self.chains[target][1:]
        unroll = nodes[inner[-1][0]]
        parts = Composition((*(self.point.local(*edge) for edge in reversed(inner)), product))
        kernels = self.point.values[nodes[target].parents[1]]
        shapes = nodes[unroll.parents[0]].shape, nodes[target].shape
        return Convolution(kernels, unroll.params["rows"], unroll.params["columns"], *shapes, parts, inner)


def convolved(edges: AtPoint, kept: Collection[int]) -> AtPoint | Convolved:
    """The same edges, with each convolution as one, none of whose windows is in ``kept``.

    Only where values are arrays of one of the types of floating-point numbers that the BLAS knows.
    """
    chains = {
        target: chain
        for target, chain in chains_of(edges.graph).items()
        if not any(k in kept for k, _ in chain[1:])
        and _real(edges.values[chain[-1][0]], edges.values[edges.graph.nodes[target].parents[1]])
    }
    return Convolved(edges, chains) if chains else edges


def _real(*values: object) -> bool:
    types = {value.dtype.char if isinstance(value, np.ndarray) else "" for value in values}
    return types in ({"f"}, {"d"})


class WithWindows(Mapping[int, Value]):
    """Path sums of a sweep, those of windows made when they are asked for.

    Args:
        point: the graph.
        sums: of the other nodes.
        semiring: in which they are.
        forward: whether they are from the sources on, and not to the outputs.
    """

    def __init__(self, point: AtPoint, sums: Mapping[int, Value], semiring: Semiring, forward: bool):
        self.point, self.sums, self.semiring, self.forward = point, sums, semiring, forward
        self.inner: dict[int, tuple[int, int]] = {}
        for k, (target, source) in sorted(inner_nodes(point.graph).items(), reverse=not forward):
            end = source if forward else target
            if k not in sums and (end in sums or end in self.inner):
                self.inner[k] = target, source

    def __contains__(self, k: object) -> bool:
        return k in self.sums or k in self.inner

    def __getitem__(self, k: int) -> Value:
        if k in self.sums:
            return self.sums[k]
        target, source = self.inner[k]
        if self.forward:
            found = self.point.local(k, 0).push(self[source], self.semiring)
            return self.semiring.cross(found, k, 0)
        found = self.point.local(target, 0).pull(self[target], self.semiring)
        return self.semiring.cross(found, target, 0)

    def __iter__(self) -> Iterator[int]:
        yield from self.sums
        yield from self.inner

    def __len__(self) -> int:
        return len(self.sums) + len(self.inner)
