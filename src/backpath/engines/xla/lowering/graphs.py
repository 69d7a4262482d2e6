"""Whole graphs as functions of JAX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from backpath.engines.program.convolutions import with_convolutions
from backpath.engines.program.program import plain
from backpath.engines.xla.lowering import (
    control,
    elementwise,
    entries,
    extremes,
    linalg,
    movement,
    products,
    special,
    windows,
)
from backpath.engines.xla.lowering.table import LOWERINGS, TOLD, How
from backpath.graph import CONSTANT, INPUT, Graph, Node

__all__ = [
    "control",
    "elementwise",
    "entries",
    "extremes",
    "linalg",
    "lowered",
    "movement",
    "products",
    "special",
    "windows",
]


def lowered(graph: Graph, precision: str = "full") -> Callable[..., list[Any]]:
    """A function from the graph's inputs to its outputs, written in JAX, to be jitted.

    Composite primitives are expanded, constants folded and windows made convolutions as for other engines.

    Args:
        graph: none of whose nodes is ``refused``.
        precision: one of ``PRECISIONS``.
    """
    return as_it_is(with_convolutions(plain(graph)), precision)


def as_it_is(graph: Graph, precision: str = "full") -> Callable[..., list[Any]]:
    """Likewise for a graph that is plain already."""
    how = How(precision, _run)
    return lambda *inputs: _run(graph, inputs, how)


def value_of(node: Node, operands: Sequence[Any], how: How) -> Any:
    """What a node is that is neither an input nor a constant."""
    extra = {"how": how} if node.primitive in TOLD else {}
    value = LOWERINGS[node.primitive](*operands, **node.params, **extra)
    return value if value.dtype == node.dtype else value.astype(node.dtype)


def _run(graph: Graph, inputs: Sequence[Any], how: How) -> list[Any]:
    given = iter(inputs)
    values: list[Any] = []
    for node in graph.nodes:
        if node.primitive == INPUT:
            values.append(next(given))
        elif node.primitive == CONSTANT:
            values.append(jnp.asarray(node.params["value"]))
        else:
            values.append(value_of(node, [values[p] for p in node.parents], how))
    return [values[o] for o in graph.outputs]
