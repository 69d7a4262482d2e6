"""Composite primitives spelled out in simpler ones, by tracing their value rules."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from backpath.graph import CONSTANT, INPUT, Graph, Node
from backpath.ops import PRIMITIVES, apply, record


def expand(graph: Graph, kept: Collection[str] = ()) -> Graph:
    """The same function as ``graph``, made of primitives that are not composite, and of those that are ``kept``."""
    while any(_composite(node, kept) for node in graph.nodes):
        inputs = [graph.nodes[i] for i in graph.inputs]
        stand_ins = [np.broadcast_to(np.empty((), node.dtype), node.shape) for node in inputs]
        names = [node.name for node in inputs]
        graph = record(_spelled_out(graph, kept), *stand_ins, names=names).graph
    return graph


def _composite(node: Node, kept: Collection[str]) -> bool:
    name = node.primitive
    return name not in kept and name in PRIMITIVES and PRIMITIVES[name].composite


def _spelled_out(graph: Graph, kept: Collection[str]) -> Callable[..., tuple[Any, ...]]:
    def run(*inputs: Any) -> tuple[Any, ...]:
        given = iter(inputs)
        values: list[Any] = []
        for node in graph.nodes:
            if node.primitive == INPUT:
                values.append(next(given))
            elif node.primitive == CONSTANT:
                values.append(node.params["value"])
            else:
                primitive = PRIMITIVES[node.primitive]
                operands = [values[i] for i in node.parents]
                if _composite(node, kept):
                    values.append(primitive.value(*operands, **node.params))
                else:
                    values.append(apply(primitive, *operands, **node.params))
        return tuple(values[o] for o in graph.outputs)

    return run
