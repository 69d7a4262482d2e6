"""Weighted DAGs as text: one line a node, and one a line for each edge with its local derivative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backpath.paths.weighted import Weighted


def brief(value: Any) -> str:
    """A number in few characters; for an array its shape and norm."""
    if np.ndim(value):
        array = np.asarray(value)
        shape = f"[{','.join(map(str, array.shape))}]"
        return f"{shape} norm {np.linalg.norm(array):.4g}" if array.dtype.kind in "fiubc" else shape
    if isinstance(value, np.ndarray):
        value = value[()]
    if isinstance(value, (float, np.floating)):
        return f"{float(value):.6g}"
    text = str(value)
    return text if len(text) <= 40 else text[:37] + "..."


def edge_label(weighted: Weighted, target: int, slot: int) -> str:
    """z of one edge: the number between scalars, else the kind of linear map."""
    if weighted.shape(target) == () and weighted.shape(dict(weighted.edges_into(target))[slot]) == ():
        return brief(weighted.weight(target, slot))
    local = weighted.local(target, slot)
    return " then ".join(type(part).__name__ for part in getattr(local, "maps", ())) or type(local).__name__


def table(weighted: Weighted, columns: Sequence[tuple[str, Sequence[str]]]) -> str:
    """The nodes with the given columns of text beside their names, then the edges."""
    names = [str(name) for name in weighted.names]
    parts = [
        aligned(["node", *(title for title, _ in columns)], zip(names, *(cells for _, cells in columns), strict=True))
    ]
    edges = [
        (names[source], names[target], edge_label(weighted, target, slot))
        for target in range(len(weighted))
        for slot, source in weighted.edges_into(target)
    ]
    return "\n\n".join([*parts, aligned(["edge from", "to", "z"], edges)])


def aligned(titles: Sequence[str], rows: Any) -> str:
    """Rows of text under their titles, in columns."""
    lines = [tuple(titles), *map(tuple, rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(titles))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
