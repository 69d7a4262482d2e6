"""Computational graphs: nodes in topological order, each with its primitive, parents, shape and dtype."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from backpath.graph.errors import GraphError, ShapeError

INPUT = "input"
CONSTANT = "constant"

NO_PARAMS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One variable of a graph: the primitive that computes it, and from which nodes.

    ``parents`` are positions in the graph's node list, in the order of the primitive's operands.
    ``params`` are the primitive's static parameters (an axis, a constant's value).
    """

    name: str
    primitive: str
    parents: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: np.dtype
    params: Mapping[str, Any] = field(default_factory=lambda: NO_PARAMS)

    def reading(self, parents: tuple[int, ...]) -> Node:
        """The same operation, of the nodes at these positions."""
        return Node(self.name, self.primitive, parents, self.shape, self.dtype, self.params)


@dataclass(frozen=True, slots=True)
class Edge:
    """The edge (i, j) of a graph: node ``source`` is operand number ``slot`` of node ``target``."""

    source: int
    target: int
    slot: int


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A static computational graph: it holds no values, and its nodes stand in topological order.

    Args:
        nodes: every node after its parents.
        inputs: positions of the input nodes, in the order in which values are given.
        outputs: positions of the nodes whose values are the result.

    Raises:
        GraphError: if the graph is not well formed; see :meth:`check`.

    >>> import numpy as np
    >>> f8 = np.dtype(float)
    >>> print(Graph((Node("w", "input", (), (), f8), Node("y", "square", (0,), (), f8)), (0,), (1,)))
    w = input            float64[]
    y = square(w)        float64[]   -> output
    """

    nodes: tuple[Node, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def __post_init__(self) -> None:
        self.check()

    def __len__(self) -> int:
        return len(self.nodes)

    def edges(self) -> Iterator[Edge]:
        """Every edge, ordered by its target and slot."""
        for target, node in enumerate(self.nodes):
            for slot, source in enumerate(node.parents):
                yield Edge(source, target, slot)

    def find(self, name: str) -> int:
        """The position of the node called ``name``.

        Raises:
            GraphError: if no node has that name.
        """
        for position, node in enumerate(self.nodes):
            if node.name == name:
                return position
        raise GraphError(f"the graph has no node named {name!r}")

    def at(self, /, **values: Any) -> Any:
        """The graph at a point: a Linearization, with the value of every node and z(i, j) of every edge.

        Args:
            **values: one for each input, by name; real numbers are taken in the input's dtype. An input of a symbolic
                graph may be left out: it stays a symbol.

        Raises:
            GraphError: if an input is missing, a name is no input's, or a value complex.
            ShapeError: if a value does not have its input's shape.
        """
        inputs = {self.nodes[i].name: self.nodes[i] for i in self.inputs}
        symbols = {name: node.params["symbol"] for name, node in inputs.items() if "symbol" in node.params}
        if (symbols | values).keys() != inputs.keys():
            shown, given = (", ".join(names) or "none" for names in (inputs, values))
            raise GraphError(f"the graph's inputs are {shown}; values were given for {given}")
        point = [_fitting(values[name], node) if name in values else symbols[name] for name, node in inputs.items()]
        from backpath.paths.linearization import linearize_graph

        return linearize_graph(self, point)

    def check(self, shape_rule: Callable[[Node, Sequence[Node]], tuple[int, ...]] | None = None) -> None:
        """Verify definition before use (hence no cycle), unique names, shapes, inputs and outputs.

        Args:
            shape_rule: computes a node's shape from the node and its parents; where it is given,
                each node's declared shape must equal what the rule says.

        Raises:
            GraphError: naming the first node that breaks a rule.
            ShapeError: if a declared shape is not the one that follows from the parents.
        """
        self._check_order()
        self._check_names()
        self._check_ends()
        if shape_rule is None:
            return
        for node in self.nodes:
            expected = shape_rule(node, [self.nodes[i] for i in node.parents])
            if node.shape != expected:
                raise ShapeError(f"node {node.name!r} is declared {node.shape}, but its operands give {expected}")

    def _check_order(self) -> None:
        for position, node in enumerate(self.nodes):
            for parent in node.parents:
                if not 0 <= parent < position:
                    raise GraphError(
                        f"node {node.name!r} at position {position} uses position {parent}: a node may use only "
                        f"earlier ones (topological order; a cycle cannot be ordered)"
                    )
            for size in node.shape:
                if size < 0:
                    raise GraphError(f"node {node.name!r} has a negative size in its shape {node.shape}")

    def _check_names(self) -> None:
        names = {node.name for node in self.nodes}
        if len(names) == len(self.nodes):
            return
        for node in self.nodes:
            if node.name not in names:
                raise GraphError(f"two nodes are named {node.name!r}: names must be unique")
            names.remove(node.name)

    def _check_ends(self) -> None:
        declared = set(self.inputs)
        for position in (*self.inputs, *self.outputs):
            if not 0 <= position < len(self.nodes):
                raise GraphError(f"position {position} is outside the graph's {len(self.nodes)} nodes")
        if len(declared) != len(self.inputs):
            twice = next(position for k, position in enumerate(self.inputs) if position in self.inputs[:k])
            raise GraphError(f"input {self.nodes[twice].name!r} is listed twice")
        for position, node in enumerate(self.nodes):
            if (node.primitive == INPUT) != (position in declared):
                raise GraphError(f"node {node.name!r}: exactly the nodes with primitive 'input' are the inputs")
            if node.primitive in (INPUT, CONSTANT) and node.parents:
                raise GraphError(f"node {node.name!r} of primitive {node.primitive!r} can have no parents")

    def __str__(self) -> str:
        lines = [self._describe(node) for node in self.nodes]
        width = max((len(line) for line, _ in lines), default=0)
        outputs = set(self.outputs)
        return "\n".join(
            f"{line:<{width + 8}}{kind}{'   -> output' if position in outputs else ''}".rstrip()
            for position, (line, kind) in enumerate(lines)
        )

    def _describe(self, node: Node) -> tuple[str, str]:
        operands = [self.nodes[i].name for i in node.parents]
        operands += [f"{key}={_brief(value)}" for key, value in node.params.items()]
        call = f"({', '.join(operands)})" if operands else ""
        return f"{node.name} = {node.primitive}{call}", f"{node.dtype}[{','.join(map(str, node.shape))}]"


def part(graph: Graph, inputs: Sequence[int], outputs: Sequence[int]) -> Graph:
    """The graph of the nodes that some of ``outputs`` needs, and of ``inputs``: all the inputs among these, or more."""
    needed = sorted(ancestors(graph, outputs) | set(inputs))
    new = {old: k for k, old in enumerate(needed)}
    kept = tuple([graph.nodes[old].reading(tuple([new[p] for p in graph.nodes[old].parents])) for old in needed])
    return Graph(kept, tuple([new[i] for i in inputs]), tuple([new[o] for o in outputs]))


def ancestors(graph: Graph, positions: Iterable[int]) -> set[int]:
    """All nodes from which some path leads to one of ``positions``, these included."""
    found = set(positions)
    stack = list(found)
    while stack:
        for parent in graph.nodes[stack.pop()].parents:
            if parent not in found:
                found.add(parent)
                stack.append(parent)
    return found


def _fitting(value: Any, node: Node) -> Any:
    if np.shape(value) != node.shape:
        raise ShapeError(f"input {node.name!r} has shape {node.shape}, and its value has {np.shape(value)}")
    if "symbol" in node.params:
        return node.params["symbol"].like(value)
    value = value if hasattr(value, "dtype") else np.asarray(value)
    if node.dtype.kind == "f" and value.dtype.kind == "c":
        raise GraphError(
            f"input {node.name!r} is a real number, and {value} is complex: derivatives are by real numbers"
        )
    real = node.dtype.kind == "f" and value.dtype.kind in "biuf"
    return value.astype(node.dtype) if real and value.dtype != node.dtype else value


def _brief(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim > 0:
        return f"array{list(value.shape)}"
    return str(value)
