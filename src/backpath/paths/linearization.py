"""Linearization: a graph at a point, with the value of every node and the local derivative of every edge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from backpath.graph import Graph, ancestors
from backpath.ops import leaves_of, read, record
from backpath.ops.control import refuse_control
from backpath.ops.recursion import AtPoint, evaluate
from backpath.paths.dag import Dag, numbered
from backpath.paths.path_sums import PathSums
from backpath.paths.rows import Sparse, matrix_of
from backpath.paths.semirings.standard import SUM_PRODUCT
from backpath.paths.sweep import leading_to, reachable
from backpath.paths.table import brief, table

ORIGIN = np.zeros(1, int)
"""The number of a scalar's only entry."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Linearization(AtPoint, PathSums):
    """A graph with its values y(i), and z(i, j) on demand.

    Values may themselves be traced; then every quantity swept over the graph is a graph again.
    """

    graph: Graph
    values: tuple[Any, ...]

    @property
    def names(self) -> list[str]:
        return [node.name for node in self.graph.nodes]

    @property
    def inputs(self) -> tuple[int, ...]:
        return self.graph.inputs

    @property
    def outputs(self) -> tuple[int, ...]:
        return self.graph.outputs

    def find(self, name: Any) -> int:
        return self.graph.find(name)

    def shape(self, position: int) -> tuple[int, ...]:
        return self.graph.nodes[position].shape

    def dtype(self, position: int) -> np.dtype:
        return self.graph.nodes[position].dtype

    def __str__(self) -> str:
        return table(self, [("value y", [brief(value) for value in self.values])])

    def __getitem__(self, name: str) -> Any:
        """The value y(i) of the node called ``name``."""
        return self.values[self.find(name)]

    def outside_domain(self, output: int) -> str:
        """The name of the first node on the way to ``output`` whose value is nan; empty if none is."""
        for position in sorted(ancestors(self.graph, [output])):
            value = self.values[position]
            known = isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind == "f"
            if known and np.isnan(value).any():
                return self.graph.nodes[position].name
        return ""

    def unroll(self) -> Dag:
        """The same derivatives neuron by neuron: one scalar node for each entry, named ``name[0,3]``.

        Only what lies on a path from an input to an output is kept: no constants, and no dead ends.

        Raises:
            GraphError: if the graph has a loop or a branch as one node.
        """
        refuse_control(self.graph, "unroll()")
        sizes = [prod(node.shape) for node in self.graph.nodes]
        first = np.concatenate([[0], np.cumsum(sizes, dtype=int)])
        reached, leads = reachable(self, self.inputs), leading_to(self, self.outputs)
        parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for target in range(len(self)):
            for slot, source in self.edges_into(target) if leads[target] else ():
                if reached[source]:
                    matrix = self._matrix(target, slot, source)
                    parts.append((first[source] + matrix.columns, first[target] + matrix.rows, matrix.z))
        if not parts:
            return Dag.from_edges([])
        starts, ends = (
            np.concatenate([np.arange(first[k], first[k + 1]) for k in ks]) for ks in (self.inputs, self.outputs)
        )
        names = [name for node in self.graph.nodes for name in entry_names(node.name, node.shape)]
        sources, targets, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
        return _between(Dag.from_arrays(sources, targets, weights), starts, ends, names)

    def _matrix(self, target: int, slot: int, source: int) -> Sparse:
        """The scalar edges of one edge; between scalars one, without the work that arrays need."""
        shape, dtype = self.shape(source), self.dtype(source)
        if shape != () or self.shape(target) != () or dtype.kind == "O":
            return matrix_of(self.local(target, slot), shape, dtype)
        z = self.local(target, slot).push(SUM_PRODUCT.one((), dtype), SUM_PRODUCT)
        return Sparse((), ORIGIN, ORIGIN, np.reshape(z, 1))


def _between(dag: Dag, starts: np.ndarray, ends: np.ndarray, names: Sequence[str]) -> Dag:
    """The part of a DAG of numbered nodes that lies on paths from ``starts`` to ``ends``, with ``names``."""
    numbers, edges = np.array(dag.names), dag.csr
    reached = np.array(reachable(dag, np.flatnonzero(np.isin(numbers, starts)).tolist()), bool)
    leads = np.array(leading_to(dag, np.flatnonzero(np.isin(numbers, ends)).tolist()), bool)
    kept = reached[edges.sources] & leads[edges.targets]
    known, sources, targets = numbered(edges.sources[kept], edges.targets[kept])
    return Dag.from_arrays(sources, targets, edges.weights[kept], [names[k] for k in numbers[known].tolist()])


def entry_names(name: str, shape: tuple[int, ...]) -> list[str]:
    """What the entries of an array are called, in order: ``name[0,3]``; of a scalar, its name."""
    return [name] if shape == () else [f"{name}[{','.join(map(str, index))}]" for index in np.ndindex(*shape)]


def linearize(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Linearization:
    """The computational graph of ``f`` with its values and local derivatives at these arguments, as they are now.

    >>> import numpy as np
    >>> p = linearize(lambda w: np.cos(w * w), 1.2)
    >>> float(p.gradient("w", method="paths")) == float(p.gradient("w"))
    True

    Raises:
        TraceError: if ``f`` uses a traced value where a known number is needed, or does not take these arguments.
        ShapeError: where shapes inside ``f`` do not fit.
    """
    point = [read(leaf) for leaf in leaves_of((*args, *kwargs.values()))]
    traced = record(f, *args, kwargs=kwargs)
    return linearize_graph(traced.graph, [*point, *traced.captured])


def linearize_graph(graph: Graph, inputs: Sequence[Any]) -> Linearization:
    """The forward phase: every node's value from the inputs' (arrays or traced values, in the graph's order).

    Raises:
        GraphError: if the number of inputs is not the graph's, or a node's primitive is unknown.
    """
    return Linearization(graph, tuple(evaluate(graph, inputs)))
