"""Vectors in pieces: the gradient by one flat array of parameters is a sum of vectors, each zero but for one piece."""

from __future__ import annotations

from collections.abc import Sequence

from backpath.graph import CONSTANT, Node

Piece = tuple[int, int, int]
"""Where a piece begins and ends, and the node whose value it is."""


def joined_pieces(nodes: Sequence[Node], total: Node) -> list[int | range] | None:
    """The pieces of a sum of two vectors and the gaps between them, in order; None if they are not in pieces apart.

    Args:
        nodes: by position.
        total: their sum.
    """
    found = [_pieces(nodes, nodes[p]) for p in total.parents]
    if len(total.shape) != 1 or any(pieces is None for pieces in found):
        return None
    pieces = sorted(piece for pieces in found for piece in pieces or ())
    parts: list[int | range] = []
    end = 0
    for start, stop, node in pieces:
        if start < end:
            return None
        parts += [range(end, start)] if start > end else []
        parts.append(node)
        end = stop
    return parts + ([range(end, total.shape[0])] if end < total.shape[0] else [])


def _pieces(nodes: Sequence[Node], node: Node) -> list[Piece] | None:
    """Those of a vector that is a scattered slice, or was joined from such; None for any other."""
    if len(node.shape) != 1:
        return None
    if node.primitive == "scatter" and len(node.params["index"]) == 1:
        (cut,) = node.params["index"]
        start, stop, step = cut.indices(node.shape[0]) if isinstance(cut, slice) else (0, 0, 0)
        return [(start, stop, node.parents[0])] if step == 1 and stop > start else None
    if node.primitive != "concatenate":
        return None
    pieces, start = [], 0
    for p in node.parents:
        stop = start + nodes[p].shape[0]
        if not _is_gap(nodes[p]):
            pieces.append((start, stop, p))
        start = stop
    return pieces


def _is_gap(node: Node) -> bool:
    return node.primitive == CONSTANT and not node.params["value"].any()
