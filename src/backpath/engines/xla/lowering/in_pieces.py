"""Graphs of long vectors as functions of JAX of the pieces that each vector consists of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from typing import Any

import jax.numpy as jnp

from backpath.engines.xla.lowering.graphs import value_of
from backpath.engines.xla.lowering.table import How
from backpath.engines.xla.segments import Segment
from backpath.graph import CONSTANT, INPUT, Graph, Node
from backpath.ops.elementwise import ELEMENTWISE

HOW = How("full", lambda *_: [])
"""No graph is nested in one that goes by pieces."""


def goes_by_pieces(graph: Graph, size: int) -> bool:
    """Whether entries at different places of vectors of that size meet in nothing but sums of all of them."""
    nodes = graph.nodes
    for node in nodes:
        long = any(nodes[p].shape == (size,) for p in node.parents)
        if node.primitive in (INPUT, CONSTANT) or not (long or node.shape == (size,)):
            continue
        total = node.primitive == "sum" and node.shape == ()
        if not total and node.primitive not in ELEMENTWISE and node.primitive != "astype":
            return False
    return True


def by_pieces(graph: Graph, size: int, pieces: Sequence[Segment]) -> Callable[..., list[Any]]:
    """A function from inputs to outputs of a plain graph that goes by pieces; each vector is a tuple of them.

    Pieces may have any shapes.
    """

    def made(node: Node, operands: Sequence[Any]) -> Any:
        if not any(isinstance(x, tuple) for x in operands):
            return value_of(node, operands, HOW)
        if node.shape == ():
            return reduce(add, [jnp.sum(piece) for piece in operands[0]]).astype(node.dtype)
        each = [[x[k] if isinstance(x, tuple) else x for x in operands] for k in range(len(pieces))]
        return tuple(value_of(node, own, HOW) for own in each)

    def run(*inputs: Any) -> list[Any]:
        given, values = iter(inputs), []
        for node in graph.nodes:
            if node.primitive == INPUT:
                values.append(next(given))
            elif node.primitive == CONSTANT:
                value = node.params["value"]
                whole = node.shape != (size,)
                values.append(jnp.asarray(value) if whole else tuple(jnp.asarray(p.of(value)) for p in pieces))
            else:
                values.append(made(node, [values[p] for p in node.parents]))
        return [values[o] for o in graph.outputs]

    return run
