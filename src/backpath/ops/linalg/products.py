"""Products of matrices: powers, chains, and NumPy's second names for products and rearrangements."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.ops.contraction import einsum, matmul, outer, tensordot
from backpath.ops.dispatch import implements
from backpath.ops.linalg.matrices import misfit, require_square, transposed
from backpath.ops.linalg.solving import inv


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """``np.linalg.matrix_power``, by repeated squaring."""
    require_square("matrix_power", (a))
    if n < 0:
        a, n = inv(a), -n
    if n == 0:
        return np.broadcast_to(np.eye(np.shape(a)[-1], dtype=a.dtype), np.shape(a))
    result = None
    while True:
        if n % 2:
            result = a if result is None else matmul(result, a)
        n //= 2
        if not n:
            return result
        a = matmul(a, a)


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Any]) -> Any:
    """``np.linalg.multi_dot``: the order of least work."""
    if len(arrays) < 2:
        raise ShapeError(f"multi_dot: {len(arrays)} arrays were given, and a product has two at least")
    first, last = np.ndim(arrays[0]) == 1, np.ndim(arrays[-1]) == 1
    chain = list(arrays)
    chain[0] = np.reshape(chain[0], (1, -1)) if first else chain[0]
    chain[-1] = np.reshape(chain[-1], (-1, 1)) if last else chain[-1]
    for a, b in pairwise(chain):
        if np.ndim(a) != 2 or np.ndim(b) != 2 or np.shape(a)[1] != np.shape(b)[0]:
            needs = "matrices whose inner sizes are equal; the first and the last may be vectors"
            raise misfit("multi_dot", a, b, needs=needs)
    product = _multiplied(chain, _splits([np.shape(chain[0])[0], *(np.shape(x)[1] for x in chain)]), 0, len(chain) - 1)
    gone = tuple(k for k, vector in enumerate((first, last)) if vector)
    return np.squeeze(product, gone) if gone else product


def _splits(sizes: Sequence[int]) -> dict[tuple[int, int], int]:
    """For each part of a chain where to split it, that the least work is done (Cormen and others, section 14.2)."""
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    split: dict[tuple[int, int], int] = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            work = {k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)}
            split[i, j] = min(work, key=lambda k: work[k])
            cost[i, j] = work[split[i, j]]
    return split


def _multiplied(chain: Sequence[Any], split: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return chain[i]
    k = split[i, j]
    return matmul(_multiplied(chain, split, i, k), _multiplied(chain, split, k + 1, j))


@implements(np.linalg.matmul)
def matmul_of_arrays(x1: Any, x2: Any, /) -> Any:
    """``np.linalg.matmul``."""
    return matmul(x1, x2)


@implements(np.linalg.tensordot)
def tensordot_of_arrays(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    """``np.linalg.tensordot``."""
    return tensordot(x1, x2, axes)


@implements(np.linalg.outer)
def outer_of_vectors(x1: Any, x2: Any, /) -> Any:
    """``np.linalg.outer`` of two vectors."""
    if np.ndim(x1) != 1 or np.ndim(x2) != 1:
        raise misfit("outer", x1, x2, needs="two vectors, of one axis each")
    return outer(x1, x2)


@implements(np.linalg.vecdot)
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """``np.linalg.vecdot``."""
    return einsum("...x,...x->...", np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1))


@implements(np.linalg.cross)
def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """``np.linalg.cross`` of vectors of three entries."""
    if np.shape(x1)[axis] != 3 or np.shape(x2)[axis] != 3:
        raise misfit("cross", x1, x2, needs="vectors of three entries each")
    return np.cross(x1, x2, axis=axis)


@implements(np.linalg.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    """``np.linalg.matrix_transpose``."""
    return transposed(x)


@implements(np.linalg.diagonal)
def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """``np.linalg.diagonal``: of the last two axes."""
    return np.diagonal(x, offset, -2, -1)


@implements(np.linalg.trace)
def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """``np.linalg.trace``: of the last two axes."""
    total = np.sum(diagonal(x, offset=offset), axis=-1)
    return total if dtype is None else total.astype(dtype)
