"""Loops that sort the edges and nodes of a DAG in linear time; :mod:`backpath.paths.scalars.compiled` compiles them."""

from __future__ import annotations

import numpy as np


def grouped(keys: np.ndarray, free: np.ndarray, places: np.ndarray) -> None:
    """A stable counting sort: ``places`` becomes the numbers 0, 1, ... in the order of their keys.

    Args:
        keys: whole numbers from 0 on.
        free: for each key where its numbers begin; is counted up.
        places: as many as keys; is written.
    """
    for k in range(keys.size):
        key = keys[k]
        places[free[key]] = k
        free[key] += 1


def sorted_topologically(starts: np.ndarray, sources: np.ndarray, order: np.ndarray) -> int:
    """Nodes in topological order (Kahn, 1962), by their numbers where there is a choice.

    Args:
        starts: where the edges into each node begin.
        sources: the node that each edge comes from.
        order: as many as nodes; is written.

    Returns:
        How many nodes were sorted: fewer than there are if edges close a cycle.
    """
    nodes = starts.size - 1
    begins = np.zeros(nodes + 1, np.int64)
    for source in sources:
        begins[source + 1] += 1
    for node in range(nodes):
        begins[node + 1] += begins[node]
    free = begins[:-1].copy()
    targets = np.empty_like(sources)
    for node in range(nodes):
        for k in range(starts[node], starts[node + 1]):
            targets[free[sources[k]]] = node
            free[sources[k]] += 1
    waiting = starts[1:] - starts[:-1]
    count = 0
    for node in range(nodes):
        if waiting[node] == 0:
            order[count] = node
            count += 1
    done = 0
    while done < count:
        node = order[done]
        done += 1
        for k in range(begins[node], begins[node + 1]):
            waiting[targets[k]] -= 1
            if waiting[targets[k]] == 0:
                order[count] = targets[k]
                count += 1
    return count
