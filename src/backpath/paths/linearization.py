"""Linearization: a graph at a point, with the value of every node and the local derivative of every edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import CONSTANT, INPUT, Graph, GraphError
from backpath.ops import PRIMITIVES, LocalDerivative, apply


@dataclass(frozen=True, slots=True, eq=False)
class Linearization:
    """A graph with its values y(i), and z(i, j) on demand.

    Values may themselves be traced; then every quantity swept over the graph is a graph again.
    """

    graph: Graph
    values: tuple[Any, ...]

    def local(self, target: int, slot: int) -> LocalDerivative:
        """z(i, j) of the edge into node ``target`` from its operand number ``slot``."""
        node = self.graph.nodes[target]
        operands = tuple([self.values[i] for i in node.parents])
        return PRIMITIVES[node.primitive].local_derivative(slot, self.values[target], operands, node.params)


def linearize_graph(graph: Graph, inputs: Sequence[Any]) -> Linearization:
    """The forward phase: every node's value from the inputs' (arrays or traced values, in the graph's order).

    Raises:
        GraphError: if the number of inputs is not the graph's.
    """
    return Linearization(graph, tuple(evaluate(graph, inputs)))


def evaluate(graph: Graph, inputs: Sequence[Any]) -> list[Any]:
    """The value of every node."""
    if len(inputs) != len(graph.inputs):
        raise GraphError(f"the graph has {len(graph.inputs)} inputs, and {len(inputs)} values were given")
    given = iter(inputs)
    values: list[Any] = []
    for node in graph.nodes:
        if node.primitive == INPUT:
            value = next(given)
            values.append(value if hasattr(value, "dtype") else np.asarray(value))
        elif node.primitive == CONSTANT:
            values.append(node.params["value"])
        else:
            operands = [values[i] for i in node.parents]
            values.append(apply(PRIMITIVES[node.primitive], *operands, **node.params))
    return values
