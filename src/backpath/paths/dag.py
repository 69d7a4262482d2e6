"""Dag: a linearization in its scalar form, made from bare edge weights of any kind of number."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from backpath.graph import GraphError
from backpath.ops import LocalDerivative, Scale
from backpath.paths.path_sums import PathSums
from backpath.paths.scalars.array_sweep import array_sums
from backpath.paths.scalars.csr import Csr, already_ordered, ordered
from backpath.paths.semirings.standard import SUM_PRODUCT
from backpath.paths.sweep import pull_back
from backpath.paths.table import table

FLOATS = frozenset({float, complex, np.float32, np.float64, np.complex64, np.complex128})
"""Types of weights that are kept and swept as arrays of numbers, where all are of these; else they stay objects."""

SPARSE = 8
"""Numbers an edge that nodes may span and still be looked up in a table."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dag(PathSums):
    """Scalar nodes in topological order, with a weight z(i, j) on every edge.

    Weights may be floats, ints of any size, ``Fraction``, complex, mpmath or SymPy numbers: whatever has + and *.
    Parallel edges are different edges. Make one with :meth:`from_edges` or :meth:`from_arrays`.

    Where all weights are floats (or complex), in single or double precision, they are kept in an array of that type,
    and sweeps over many of them are compiled. Numbers of any other kind stay what they are.

    >>> from fractions import Fraction
    >>> dag = Dag.from_edges([("w", "y", 2), ("w", "z", 3), ("y", "o", Fraction(1, 2)), ("z", "o", 5)])
    >>> dag.gradient("w", "o")
    Fraction(16, 1)
    >>> dag.count_paths("w", "o")
    2
    """

    of_numbers: ClassVar[bool] = True

    node_names: tuple[Hashable, ...]
    into: Csr
    """The edges into each node."""
    _positions: dict[Hashable, int] = field(default_factory=dict)
    """Where each name stands, once one was looked for."""

    @classmethod
    def from_edges(cls, edges: Iterable[tuple[Hashable, Hashable, Any]]) -> Dag:
        """The DAG of edges (i, j, z); nodes are named by any hashable values.

        Raises:
            GraphError: if the edges close a cycle, which the message names.
        """
        number: dict[Hashable, int] = {}
        sources, targets, weights = [], [], []
        for source, target, z in edges:
            sources.append(number.setdefault(source, len(number)))
            targets.append(number.setdefault(target, len(number)))
            weights.append(z)
        names = list(number)
        z = np.array(weights) if set(map(type, weights)) <= FLOATS else np.fromiter(weights, object, len(weights))
        csr, order = ordered(np.array(sources, np.int64), np.array(targets, np.int64), z, names)
        return cls(tuple([names[k] for k in order.tolist()]), csr)

    @classmethod
    def from_arrays(cls, sources: Any, targets: Any, weights: Any, names: Sequence[Hashable] | None = None) -> Dag:
        """The DAG of edges ``sources[k] -> targets[k]`` with ``weights[k]``, in time proportional to the edges.

        Args:
            sources: a whole number for each edge, the node that it comes from.
            targets: likewise, the node that it leads to. Where every edge leads to a larger number than it comes from,
                the nodes stand in the order of their numbers.
            weights: z(i, j) of each edge.
            names: of the nodes 0, 1, ..., whether an edge meets them or not. By default the nodes are those that edges
                meet, whose numbers may be any and are their names.

        Raises:
            GraphError: if the arrays differ in length, a node is no whole number or has no name of its own, or the
                edges close a cycle.

        >>> dag = Dag.from_arrays([0, 0, 1, 2], [1, 2, 3, 3], [2.0, 3.0, 0.5, 5.0])
        >>> dag.adjoints(3)
        array([16. ,  0.5,  5. ,  1. ])
        """
        arrays = [np.asarray(sources), np.asarray(targets), np.asarray(weights)]
        if len({a.shape for a in arrays}) != 1 or arrays[0].ndim != 1:
            shapes = [a.shape for a in arrays]
            raise GraphError(f"sources, targets and weights have shapes {shapes}: give equal lengths")
        for nodes in arrays[:2]:
            if nodes.size and nodes.dtype.kind not in "iu":
                raise GraphError(f"nodes are of type {nodes.dtype}: give whole numbers, or names to from_edges")
        source, target = (nodes.astype(np.int64) for nodes in arrays[:2])
        if names is None:
            numbers, source, target = numbered(source, target)
            called = tuple(numbers.tolist())
        else:
            called = tuple(names)
            _check_names(called, source, target)
        z = _kept(arrays[2])
        if np.all(source < target):
            return cls(called, already_ordered(source, target, z, len(called)))
        csr, order = ordered(source, target, z, called)
        return cls(tuple([called[k] for k in order.tolist()]), csr)

    def adjoints(self, output: Hashable) -> np.ndarray:
        """The derivative of one output by every node, S(i, o), by one reverse sweep.

        Returns:
            An array in the order of ``names``, of the type of the weights; zero for nodes without a path to ``output``.
            Those of the inputs alone are ``dag.adjoints(output)[list(dag.inputs)]``.

        Raises:
            GraphError: if no node is called ``output``.
        """
        position = self.find(output)
        seeds = {position: SUM_PRODUCT.one((), self.dtype(position))}
        found = array_sums(self.csr, seeds, SUM_PRODUCT, forward=False)
        if found is not None:
            return found.sums
        derivatives = np.zeros(len(self), object)
        for node, s in pull_back(self, seeds, range(len(self)), SUM_PRODUCT).items():
            derivatives[node] = s[()] if isinstance(s, np.ndarray) else s
        return derivatives

    def __str__(self) -> str:
        return table(self, [])

    @property
    def names(self) -> tuple[Hashable, ...]:
        return self.node_names

    @property
    def inputs(self) -> tuple[int, ...]:
        return tuple(np.flatnonzero(np.diff(self.into.starts) == 0).tolist())

    @property
    def outputs(self) -> tuple[int, ...]:
        unused = np.ones(len(self), bool)
        unused[self.into.sources] = False
        return tuple(np.flatnonzero(unused).tolist())

    @property
    def csr(self) -> Csr:
        return self.into

    def find(self, name: Hashable) -> int:
        if not self._positions:
            self._positions.update(zip(self.node_names, range(len(self)), strict=True))
        position = self._positions.get(name)
        return super(Dag, self).find(name) if position is None else position

    def edges(self) -> Iterator[tuple[Hashable, Hashable, Any]]:
        """Every edge (i, j, z), ordered by j."""
        names = self.node_names
        ends = zip(self.into.sources.tolist(), self.into.targets.tolist(), self.into.weights.tolist(), strict=True)
        for source, target, z in ends:
            yield names[source], names[target], z

    def edge_count(self) -> int:
        return self.into.sources.size

    def edges_into(self, target: int) -> list[tuple[int, int]]:
        begin, end = self.into.starts[target : target + 2].tolist()
        return list(enumerate(self.into.sources[begin:end].tolist()))

    def local(self, target: int, slot: int) -> LocalDerivative:
        return Scale(self.into.weights[self.into.starts[target] + slot])

    def shape(self, position: int) -> tuple[int, ...]:
        return ()

    def dtype(self, position: int) -> np.dtype:
        return self.into.weights.dtype


def _kept(weights: np.ndarray) -> np.ndarray:
    """A copy of the weights, in the machine's order of bytes if they are floats, else as Python's objects."""
    if weights.dtype.type in FLOATS:
        return np.array(weights, weights.dtype.newbyteorder("="))
    return np.fromiter(weights.tolist(), object, weights.size)


def _check_names(names: Sequence[Hashable], sources: np.ndarray, targets: np.ndarray) -> None:
    if len(set(names)) < len(names):
        raise GraphError("two nodes have the same name: names must be unique")
    for nodes in (sources, targets):
        if nodes.size and not 0 <= nodes.min() <= nodes.max() < len(names):
            raise GraphError(
                f"edges meet nodes {nodes.min()} to {nodes.max()}; names are given for {len(names)}, from 0"
            )


def numbered(sources: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All nodes in rising order, and the edges' ends as places among them."""
    low = min(sources.min(initial=0), targets.min(initial=0))
    span = int(max(sources.max(initial=0), targets.max(initial=0))) - int(low) + 1
    if span > SPARSE * max(sources.size, 1):
        nodes, places = np.unique(np.concatenate([sources, targets]), return_inverse=True)
        return nodes, places[: sources.size], places[sources.size :]
    known = np.zeros(span, bool)
    known[sources - low] = known[targets - low] = True
    place = np.cumsum(known) - 1
    return np.flatnonzero(known) + low, place[sources - low], place[targets - low]
