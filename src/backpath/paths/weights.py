"""Weights of edges in vertex elimination: how they multiply and add, and what that costs in operations on numbers."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from backpath.ops import Scale
from backpath.paths.rows import ROWS, Sparse, matrix_of, merged, take
from backpath.paths.weighted import Weighted

UNIT = object()
"""The weight of an edge that stands for no operation; multiplying by it is free."""


class Weights(Protocol):
    """What elimination asks of the weights."""

    def edge(self, weighted: Weighted, target: int, slot: int) -> Any:
        """The weight of one edge."""
        ...

    def times(self, later: Any, earlier: Any) -> tuple[Any, int, int]:
        """The product of two edges in sequence, its multiplications and its additions."""
        ...

    def plus(self, a: Any, b: Any) -> tuple[Any, int]:
        """The sum of two parallel edges, and its additions."""
        ...

    def value(self, weighted: Weighted, source: int, weight: Any) -> Any:
        """The derivative that a weight from ``source`` stands for."""
        ...


class Numbers:
    """Weights of a Dag: numbers of any kind."""

    def edge(self, weighted: Weighted, target: int, slot: int) -> Any:
        local = weighted.local(target, slot)
        assert isinstance(local, Scale)
        return local.z

    def times(self, later: Any, earlier: Any) -> tuple[Any, int, int]:
        if later is UNIT or earlier is UNIT:
            return (earlier if later is UNIT else later), 0, 0
        return later * earlier, 1, 0

    def plus(self, a: Any, b: Any) -> tuple[Any, int]:
        return a + b, 1

    def value(self, weighted: Weighted, source: int, weight: Any) -> Any:
        return 1 if weight is UNIT else weight


class Matrices:
    """Weights between arrays: sparse matrices, of which only entries that exist are multiplied."""

    def edge(self, weighted: Weighted, target: int, slot: int) -> Sparse:
        source = dict(weighted.edges_into(target))[slot]
        return matrix_of(weighted.local(target, slot), weighted.shape(source), weighted.dtype(source))

    def times(self, later: Any, earlier: Any) -> tuple[Any, int, int]:
        if later is UNIT or earlier is UNIT:
            return (earlier if later is UNIT else later), 0, 0
        picked, owner = take(earlier, later.columns)
        z = later.z[owner] * earlier.z[picked]
        product = merged(later.shape, later.rows[owner], earlier.columns[picked], z)
        return product, z.size, z.size - product.z.size

    def plus(self, a: Sparse, b: Sparse) -> tuple[Sparse, int]:
        total = ROWS.plus(a, b)
        return total, a.z.size + b.z.size - total.z.size

    def value(self, weighted: Weighted, source: int, weight: Any) -> np.ndarray:
        size = int(np.prod(weighted.shape(source), dtype=int))
        return np.eye(size, dtype=weighted.dtype(source)) if weight is UNIT else weight.dense(size)


def weights_of(weighted: Weighted) -> Weights:
    """Numbers for a Dag, matrices for arrays."""
    return Numbers() if weighted.of_numbers else Matrices()
