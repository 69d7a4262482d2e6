"""Branches: both sides of a choice as graphs, and where their outputs lie in the vector that the choice computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import Graph, Node
from backpath.ops.control.packing import Segment, packed, segments
from backpath.ops.recursion import evaluate


@dataclass(frozen=True, slots=True, eq=False)
class Branches:
    """What a cond does; its operands are the predicate and the inputs of both branches.

    Attributes:
        true: the graph that is computed where the predicate holds.
        false: the other one, of the same inputs and of outputs alike.
        dtype: of the vector of all outputs.
    """

    true: Graph
    false: Graph
    dtype: np.dtype

    def __str__(self) -> str:
        return f"{len(self.true)} or {len(self.false)} nodes"

    @property
    def outputs(self) -> list[Node]:
        """The nodes of the outputs, of either branch."""
        return [self.true.nodes[o] for o in self.true.outputs]

    @property
    def places(self) -> list[Segment]:
        """Where in the vector each output lies."""
        return segments(node.shape for node in self.outputs)

    @property
    def size(self) -> int:
        """The vector's."""
        return max((s.stop for s in self.places), default=0)

    def taken(self, predicate: Any) -> Graph:
        """The branch that is computed."""
        return self.true if predicate else self.false

    def value(self, predicate: Any, *operands: Any) -> Any:
        """The vector of the outputs."""
        graph = self.taken(predicate)
        values = evaluate(graph, operands)
        return packed([values[o] for o in graph.outputs], self.dtype)
