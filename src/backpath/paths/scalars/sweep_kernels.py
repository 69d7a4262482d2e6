"""The sweep over numbers in arrays, in either direction; :mod:`backpath.paths.scalars.compiled` compiles these loops.

``starts`` and ``sources`` are those of a :class:`backpath.paths.csr.Csr`, with a weight for each edge. ``sums`` has the
seeds, and ``met`` is 1 where a path has been; both are written. Nodes that no path meets are never multiplied: a weight
that is infinite there leaves no nan behind.
"""

from __future__ import annotations

import numpy as np


def pull_sums(starts: np.ndarray, sources: np.ndarray, weights: np.ndarray, sums: np.ndarray, met: np.ndarray) -> None:
    """Against the edges, with the sum of products: S(i, o) = sum over j in A(i) of S(j, o) z(i, j)."""
    for target in range(starts.size - 2, -1, -1):
        if met[target]:
            s = sums[target]
            for k in range(starts[target], starts[target + 1]):
                source = sources[k]
                sums[source] += s * weights[k]
                met[source] = 1


def push_sums(starts: np.ndarray, sources: np.ndarray, weights: np.ndarray, sums: np.ndarray, met: np.ndarray) -> None:
    """Along the edges, with the sum of products."""
    for target in range(starts.size - 1):
        s, reached = sums[target], met[target]
        for k in range(starts[target], starts[target + 1]):
            source = sources[k]
            if met[source]:
                s += sums[source] * weights[k]
                reached = 1
        sums[target], met[target] = s, reached


def pull_largest(
    starts: np.ndarray, sources: np.ndarray, weights: np.ndarray, sums: np.ndarray, met: np.ndarray
) -> None:
    """Against the edges, with the product of largest size in place of the sum."""
    for target in range(starts.size - 2, -1, -1):
        if met[target]:
            s = sums[target]
            for k in range(starts[target], starts[target + 1]):
                source = sources[k]
                product = s * weights[k]
                if not met[source] or abs(product) > abs(sums[source]):
                    sums[source] = product
                met[source] = 1


def push_largest(
    starts: np.ndarray, sources: np.ndarray, weights: np.ndarray, sums: np.ndarray, met: np.ndarray
) -> None:
    """Along the edges, with the product of largest size in place of the sum."""
    for target in range(starts.size - 1):
        s, reached = sums[target], met[target]
        for k in range(starts[target], starts[target + 1]):
            source = sources[k]
            if met[source]:
                product = sums[source] * weights[k]
                if not reached or abs(product) > abs(s):
                    s = product
                reached = 1
        sums[target], met[target] = s, reached


def mark_origins(starts: np.ndarray, sources: np.ndarray, met: np.ndarray) -> None:
    """Against the edges, where any path comes from."""
    for target in range(starts.size - 2, -1, -1):
        if met[target]:
            for k in range(starts[target], starts[target + 1]):
                met[sources[k]] = 1


def mark_reached(starts: np.ndarray, sources: np.ndarray, met: np.ndarray) -> None:
    """Along the edges, where any path leads."""
    for target in range(starts.size - 1):
        for k in range(starts[target], starts[target + 1]):
            met[target] |= met[sources[k]]
