"""Transposed products as products of the transposes in turn, which are views: the result lies as it is wanted."""

from __future__ import annotations

from dataclasses import replace

from backpath.graph import Graph, Node

TURN = (1, 0)


def turned_products(graph: Graph) -> tuple[list[Node], tuple[int, ...], tuple[int, ...]] | None:
    """Nodes, inputs and outputs in which (A B)' is B' A' where nothing reads A B itself; None where nothing changes.

    Windows that are laid out stay on the side where they are found as a convolution's.
    """
    readers = [0] * len(graph)
    for position in (*(p for node in graph.nodes for p in node.parents), *graph.outputs):
        readers[position] += 1
    nodes: list[Node] = []
    new: list[int] = []
    for node in graph.nodes:
        if _turns(graph, node) and readers[node.parents[0]] == 1:
            product = graph.nodes[node.parents[0]]
            turned = [_transposed(node, nodes, new[p]) for p in reversed(product.parents)]
            nodes.append(replace(node, primitive="matmul", parents=tuple(turned), params=product.params))
        else:
            nodes.append(node.reading(tuple(new[p] for p in node.parents)))
        new.append(len(nodes) - 1)
    if len(nodes) == len(graph):
        return None
    return nodes, tuple(new[i] for i in graph.inputs), tuple(new[o] for o in graph.outputs)


def _transposed(node: Node, nodes: list[Node], position: int) -> int:
    """The position of the transpose of an operand, which it adds."""
    operand = nodes[position]
    name = f"{node.name}_operand_{len(nodes)}"
    nodes.append(Node(name, "transpose", (position,), operand.shape[::-1], operand.dtype, {"axes": TURN}))
    return len(nodes) - 1


def _turns(graph: Graph, node: Node) -> bool:
    """Whether a node is the transpose of a product of two matrices, neither of which is of windows."""
    if node.primitive != "transpose" or node.params["axes"] != TURN:
        return False
    product = graph.nodes[node.parents[0]]
    operands = [graph.nodes[p] for p in product.parents]
    if product.primitive != "matmul" or any(len(operand.shape) != 2 for operand in operands):
        return False
    return not any(_of_windows(graph, p) for p in product.parents)


def _of_windows(graph: Graph, position: int) -> bool:
    while graph.nodes[position].primitive in ("reshape", "transpose"):
        (position,) = graph.nodes[position].parents
    return graph.nodes[position].primitive == "unroll"
