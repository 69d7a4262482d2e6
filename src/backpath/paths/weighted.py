"""Weighted: what every path algorithm works on, a DAG whose edges carry local derivatives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import Any, ClassVar

import numpy as np

from backpath.graph import GraphError
from backpath.ops import LocalDerivative
from backpath.paths.scalars.csr import Csr
from backpath.paths.semirings.standard import SUM_PRODUCT


class Weighted(ABC):
    """Nodes at positions 0, 1, ... in topological order, and a local derivative on every edge.

    Edges whose derivative is zero by their primitive's nature (a comparison, a sign) are left out.
    """

    __slots__ = ()

    of_numbers: ClassVar[bool] = False
    """Whether every weight is one number, of any kind."""

    @property
    def csr(self) -> Csr | None:
        """The edges in arrays, where all nodes are scalars that were made so."""
        return None

    @property
    @abstractmethod
    def names(self) -> Sequence[Hashable]:
        """The name of each node."""

    @property
    @abstractmethod
    def inputs(self) -> tuple[int, ...]:
        """Positions of the nodes by which one differentiates unless others are named."""

    @property
    @abstractmethod
    def outputs(self) -> tuple[int, ...]:
        """Positions of the nodes that are differentiated unless others are named."""

    @abstractmethod
    def edges_into(self, target: int) -> Sequence[tuple[int, int]]:
        """(slot, source) of every edge into ``target``; the slot tells parallel edges apart."""

    @abstractmethod
    def local(self, target: int, slot: int) -> LocalDerivative:
        """z(i, j) of one edge."""

    def locals_into(self, target: int, slots: Sequence[int]) -> list[LocalDerivative]:
        """z(i, j) of several edges into one node."""
        return [self.local(target, slot) for slot in slots]

    @abstractmethod
    def shape(self, position: int) -> tuple[int, ...]:
        """The shape of a node's value."""

    @abstractmethod
    def dtype(self, position: int) -> np.dtype:
        """The type of a node's value; object for numbers that NumPy has no type for."""

    def weight(self, target: int, slot: int) -> Any:
        """z(i, j) of an edge between scalars, as a number.

        Raises:
            GraphError: if an end of the edge is an array.
        """
        source = dict(self.edges_into(target))[slot]
        for end in (source, target):
            if self.shape(end) != ():
                raise GraphError(f"node {self.names[end]!r} is an array: unroll() the graph to go neuron by neuron")
        one = SUM_PRODUCT.one((), self.dtype(source))
        return np.asarray(self.local(target, slot).push(one, SUM_PRODUCT), self.dtype(target))[()]

    def __len__(self) -> int:
        return len(self.names)

    def edge_count(self) -> int:
        """How many edges there are."""
        return sum(len(self.edges_into(target)) for target in range(len(self)))

    def find(self, name: Hashable) -> int:
        """The position of the node of that name.

        Raises:
            GraphError: if there is none.
        """
        for position, known in enumerate(self.names):
            if known == name:
                return position
        few = ", ".join(map(repr, list(self.names)[:12]))
        raise GraphError(f"no node is called {name!r}; the first ones are {few}")
