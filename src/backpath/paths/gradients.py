"""One derivative, four methods: over all paths, in reverse, forward, and by elimination."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from backpath.graph import BackpathError, GraphError
from backpath.ops import Semiring
from backpath.paths.elimination import eliminate
from backpath.paths.enumeration import count_node_paths, enumerate_paths
from backpath.paths.rows import ROWS
from backpath.paths.semirings.standard import SUM_PRODUCT
from backpath.paths.sweep import pull_back, push_forward
from backpath.paths.weighted import Weighted

PATH_LIMIT = 1_000_000

Blocks = dict[tuple[int, int], Any]
"""By (source, output) the matrix of derivatives, output entries by source entries; pairs without a path are absent."""


class TooManyPathsError(BackpathError, OverflowError):
    """Enumeration was asked of more paths than the limit allows."""


def by_reverse(
    weighted: Weighted, sources: Sequence[int], outputs: Sequence[int], semiring: Semiring = SUM_PRODUCT
) -> Blocks:
    """One sweep against the edges for each entry of each output: backpropagation."""
    blocks: Blocks = {}
    for o in outputs:
        rows = [pull_back(weighted, {o: unit}, sources, semiring) for unit in _units(weighted, o)]
        for s in sources:
            if rows and s in rows[0]:
                blocks[s, o] = np.stack([_entries(row[s]) for row in rows], 0)
    return blocks


def by_forward(
    weighted: Weighted, sources: Sequence[int], outputs: Sequence[int], semiring: Semiring = SUM_PRODUCT
) -> Blocks:
    """One sweep along the edges for each entry of each source."""
    blocks: Blocks = {}
    for s in sources:
        columns: dict[int, list[Any]] = {o: [] for o in outputs}
        for unit in _units(weighted, s):
            pushed = push_forward(weighted, {s: unit}, semiring)
            for o in outputs:
                if o in pushed:
                    columns[o].append(_entries(pushed[o]))
        blocks.update({(s, o): np.stack(column, 1) for o, column in columns.items() if column})
    return blocks


def by_paths(weighted: Weighted, sources: Sequence[int], outputs: Sequence[int], limit: int = PATH_LIMIT) -> Blocks:
    """The sum over every path of the product along it; counts the paths first.

    Raises:
        TooManyPathsError: if there are more than ``limit``.
    """
    count = sum(count_node_paths(weighted, s, o) for s in sources for o in outputs)
    if count > limit:
        raise TooManyPathsError(
            f"there are {count:,} paths, and enumeration stops at limit={limit:,}: use method='reverse', which visits "
            f"each edge once, or raise the limit"
        )
    blocks: Blocks = {}
    for s in sources:
        for o in outputs:
            for path in enumerate_paths(weighted, s, o):
                product = _product(weighted, s, path.locals)
                blocks[s, o] = blocks[s, o] + product if (s, o) in blocks else product
    return blocks


def by_elimination(
    weighted: Weighted,
    sources: Sequence[int],
    outputs: Sequence[int],
    order: str | Sequence[Hashable] = "markowitz",
) -> Blocks:
    """Vertices eliminated in any order; see :func:`backpath.paths.elimination.eliminate`."""
    found = eliminate(weighted, sources, outputs, order).derivatives
    return {pair: value if np.ndim(value) == 2 else _number(value) for pair, value in found.items()}


METHODS: Mapping[str, Callable[..., Blocks]] = MappingProxyType(
    {"paths": by_paths, "reverse": by_reverse, "forward": by_forward, "elimination": by_elimination}
)


def derivatives(
    weighted: Weighted, sources: Sequence[int], outputs: Sequence[int], method: str, options: Mapping[str, Any]
) -> Blocks:
    """The derivative of every output by every source.

    Each block has the output's shape followed by the source's; where no path leads it is zero.

    Raises:
        GraphError: if no method has that name.
    """
    if method not in METHODS:
        raise GraphError(f"no method is called {method!r}; there are {', '.join(METHODS)}")
    found = METHODS[method](weighted, sources, outputs, **options)
    blocks: Blocks = {}
    for s in sources:
        for o in outputs:
            shape = (*weighted.shape(o), *weighted.shape(s))
            block = found.get((s, o), SUM_PRODUCT.zero(shape, weighted.dtype(o)))
            block = np.reshape(block, shape)
            blocks[s, o] = block[()] if shape == () else block
    return blocks


def _units(weighted: Weighted, position: int) -> list[Any]:
    """The unit arrays of a node's shape: one in one entry, zero in the others."""
    shape = weighted.shape(position)
    size = int(np.prod(shape, dtype=int))
    units = np.eye(size, dtype=weighted.dtype(position)).reshape(size, *shape)
    return [units[k, ...] for k in range(size)]


def _entries(sums: Any) -> Any:
    """Path sums in a row; a number by itself is kept as it is, where NumPy would make an int its int64."""
    return np.reshape(sums if hasattr(sums, "shape") else np.asarray(sums, object), -1)


def _product(weighted: Weighted, source: int, locals_: Sequence[Any]) -> Any:
    """The matrix of a path: the identity of its source pushed along its edges."""
    shape = weighted.shape(source)
    pushed = ROWS.one(shape, weighted.dtype(source))
    for z in locals_:
        pushed = z.push(pushed, ROWS)
    return pushed.dense(int(np.prod(shape, dtype=int)))


def _number(value: Any) -> np.ndarray:
    """One number of any kind as a matrix of one entry."""
    matrix = np.empty((1, 1), object)
    matrix[0, 0] = value
    return matrix
