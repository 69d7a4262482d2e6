"""A graph neuron by neuron, with the value of every entry and each of its operands: what the page computes with.

Unlike :meth:`Linearization.unroll` it keeps constants and operands that carry no derivative, which formulae need.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from backpath.graph import GraphError
from backpath.ops.control import has_control
from backpath.ops.elementwise import ELEMENTWISE
from backpath.paths import PATH_COUNT, Dag, Linearization
from backpath.paths.rows import matrix_of

MOST_WIRES = 60_000
"""Operands beyond which the page is given the array nodes alone."""


@dataclass(frozen=True, slots=True)
class Scalars:
    """Entries of all nodes, numbered through, in the order of the nodes.

    Attributes:
        values: of each entry, float64; None for a DAG of bare weights.
        starts: operands number ``starts[k]`` to ``starts[k + 1]`` are those of entry k.
        origins: the entry that each operand is.
        slots: the slot of the node's operand that it belongs to.
        z: the local derivative by it; NaN where ``carries`` is 0.
        carries: 1 where there is an edge, 0 where the entry is locally constant in the operand.
    """

    values: np.ndarray | None
    starts: np.ndarray
    origins: np.ndarray
    slots: np.ndarray
    z: np.ndarray
    carries: np.ndarray


def scalars(weighted: Linearization | Dag) -> Scalars | None:
    """All entries and operands; None where there are more than 60,000, or a loop or a branch is one node.

    Raises:
        GraphError: if a value or a weight is no real number, such as a symbol.
    """
    if isinstance(weighted, Dag):
        return _of_dag(weighted)
    if has_control(weighted.graph) or _wires(weighted) > MOST_WIRES:
        return None
    sizes = [prod(node.shape) for node in weighted.graph.nodes]
    first = np.concatenate([[0], np.cumsum(sizes, dtype=int)])
    none = (np.zeros(0),) * 5
    parts = [none, *(_operands(weighted, target, slot, first) for target, slot in _slots(weighted))]
    rows, origins, slots, z, carries = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((origins, slots, rows))
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows.astype(int), minlength=int(first[-1])))])
    values = [numbers(value, node.name) for node, value in zip(weighted.graph.nodes, weighted.values, strict=True)]
    return Scalars(np.concatenate(values), starts, origins[order], slots[order], z[order], carries[order])


def numbers(value: object, name: object) -> np.ndarray:
    """The entries of a value as float64, in a row.

    Raises:
        GraphError: if one of them is no real number.
    """
    try:
        return np.asarray(value).astype(float).reshape(-1)
    except (TypeError, ValueError):
        raise GraphError(f"{name} is {value}, and the page shows numbers: give every variable a value") from None


def _slots(lin: Linearization) -> list[tuple[int, int]]:
    return [(target, slot) for target, node in enumerate(lin.graph.nodes) for slot in range(len(node.parents))]


def _wires(lin: Linearization) -> int:
    """How many scalar operands there are; stops counting beyond the most that the page takes."""
    total = sum(prod(node.shape) for node in lin.graph.nodes)
    for target in range(len(lin)):
        for slot, source in lin.edges_into(target):
            if total > MOST_WIRES:
                return total
            if lin.shape(source) == lin.shape(target) == ():
                total += 1
                continue
            each = lin.local(target, slot).push(PATH_COUNT.one(lin.shape(source), object), PATH_COUNT)
            total += int(np.sum(each))
    return total


def _operands(lin: Linearization, target: int, slot: int, first: np.ndarray) -> tuple[np.ndarray, ...]:
    """Row, origin, slot, z and whether it is an edge, of each entry's operands in one slot."""
    node = lin.graph.nodes[target]
    source = node.parents[slot]
    shape = lin.shape(source)
    if (slot, source) in lin.edges_into(target):
        if shape == node.shape == ():
            z = numbers(lin.weight(target, slot), f"the derivative of {node.name}")
            return first[target : target + 1], first[source : source + 1], np.array([slot]), z, np.ones(1)
        matrix = matrix_of(lin.local(target, slot), shape, lin.dtype(source))
        rows, columns = matrix.rows, matrix.columns
        z, carries = numbers(matrix.z, f"the derivative of {node.name}"), np.ones(rows.size)
    elif node.primitive in ELEMENTWISE:
        rows = np.arange(prod(node.shape))
        columns = np.broadcast_to(np.arange(prod(shape)).reshape(shape), node.shape).reshape(-1)
        z, carries = np.full(rows.size, np.nan), np.zeros(rows.size)
    else:
        rows = columns = z = carries = np.zeros(0)
    return first[target] + rows, first[source] + columns, np.full(rows.size, slot), z, carries


def _of_dag(dag: Dag) -> Scalars | None:
    csr = dag.csr
    if len(dag) + csr.sources.size > MOST_WIRES:
        return None
    slots = np.arange(csr.sources.size) - np.repeat(csr.starts[:-1], np.diff(csr.starts))
    z = numbers(csr.weights, "a weight")
    return Scalars(None, csr.starts, csr.sources, slots, z, np.ones(z.size))
