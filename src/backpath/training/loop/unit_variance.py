"""Weights scaled one after another until what they make of a batch has variance 1, in any model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from backpath.graph import CONSTANT, INPUT, DataError, Graph, Node
from backpath.nets import Model, Network
from backpath.ops import PRIMITIVES, leaves_of, trace

PRODUCTS = frozenset({"matmul", "einsum", "linear"})
"""Primitives that take weights to pre-activations."""

CARRIERS = frozenset({"reshape", "transpose", "index"})
"""Primitives that weights may pass on their way."""

MOST_NUMBERS = 1 << 24
"""Of what the largest layer makes of all examples."""


def unit_variance(model: Model, X: np.ndarray, parameters: Any, tolerance: float = 0.01, most: int = 10) -> None:
    """Scale weights in place, in the order of the graph, until their products with what comes have variance 1.

    (Mishkin and Matas, 2016: LSUV.) Weights are the parameters of two axes or more that some product reads.

    Args:
        model: whose parameters.
        X: examples as the model reads them.
        parameters: the tree of them, as arrays.
        tolerance: how far from 1 a variance may be.
        most: scalings of one parameter.

    Raises:
        DataError: if a product is the same for all examples.
    """
    if isinstance(model, Network):
        # The reading in which pre-activations are nodes.
        model = Network(model.sizes, model.activations, model.loss, **model.options)
    graph = trace(model.scores, parameters, X)
    named = model.named(parameters)
    held = dict(zip(graph.inputs, [*leaves_of(parameters), X], strict=True))
    products = dict(_products(graph, dict(zip(graph.inputs, named, strict=False))))
    last = {parent: position for position, node in enumerate(graph.nodes) for parent in node.parents}
    values: dict[int, Any] = {}
    for position, node in enumerate(graph.nodes):
        values[position] = _value(node, held.get(position), values)
        for name, way in products.get(position, ()):
            _scale(named[name], name, graph, (*way, position), values, tolerance, most)
        for parent in node.parents:
            if last[parent] == position and graph.nodes[parent].primitive not in (INPUT, *CARRIERS):
                values.pop(parent, None)


def _products(graph: Graph, names: dict[int, str]) -> Iterator[tuple[int, list[tuple[str, tuple[int, ...]]]]]:
    """Each product that is the first to read some weights: their names, and the nodes in between."""
    found: dict[int, list[tuple[str, tuple[int, ...]]]] = {}
    for source, name in names.items():
        ways: dict[int, tuple[int, ...]] = {source: ()} if len(graph.nodes[source].shape) > 1 else {}
        for position, node in enumerate(graph.nodes):
            way = next((ways[p] for p in node.parents if p in ways), None)
            if way is None:
                continue
            if node.primitive in PRODUCTS:
                found.setdefault(position, []).append((name, way))
                break
            if node.primitive in CARRIERS:
                ways[position] = (*way, position)
    yield from found.items()


def _scale(
    W: np.ndarray, name: str, graph: Graph, way: tuple[int, ...], values: dict[int, Any], tolerance: float, most: int
) -> None:
    for _ in range(most):
        deviation = float(np.std(values[way[-1]]))
        if not deviation > 0:
            raise DataError(f"the product with {name} is the same for all examples: no scale makes its variance 1")
        W /= deviation
        for position in way:
            values[position] = _value(graph.nodes[position], None, values)
        if abs(deviation**2 - 1) < tolerance:
            return


def _value(node: Node, given: Any, values: dict[int, Any]) -> Any:
    if node.primitive == INPUT:
        return given
    if node.primitive == CONSTANT:
        return node.params["value"]
    return PRIMITIVES[node.primitive].value(*(values[p] for p in node.parents), **node.params)
