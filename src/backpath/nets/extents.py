"""How large what a model makes of an example is, as the graph of its scores for two examples tells."""

from __future__ import annotations

import math

from backpath.graph import Graph, ShapeError

EXAMPLES = 2
"""In the graph: one would look like an axis that is broadcast."""


def outputs_of(graph: Graph) -> tuple[int, ...]:
    """The shape of an example's scores.

    Raises:
        ShapeError: if there are several outputs, or one that has no row for each example.
    """
    found = [graph.nodes[o].shape for o in graph.outputs]
    if len(found) != 1 or len(found[0]) < 2 or found[0][0] != EXAMPLES:
        told = " and ".join(str(list(s)) for s in found)
        raise ShapeError(f"the scores of 2 examples have shape {told}; they must be (examples, outputs)")
    return found[0][1:]


def numbers_of(graph: Graph) -> int:
    """About how many numbers there are of an example at a time: what one node reads and makes, at most."""
    made = [math.prod(node.shape) for node in graph.nodes if node.parents]
    return 2 * max(made, default=EXAMPLES) // EXAMPLES


def known(shape: tuple[int, ...] | None, what: str) -> tuple[int, ...]:
    """The shape; ShapeError where there is none yet."""
    if shape is None:
        raise ShapeError(f"{what} is not known before it has seen the shape of X: use suited")
    return shape
