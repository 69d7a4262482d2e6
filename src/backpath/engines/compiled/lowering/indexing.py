"""Rows of the machine's table for entries that are found by whole numbers."""

from __future__ import annotations

import numpy as np

from backpath.engines.compiled.lowering.code import Code
from backpath.engines.program.strides import address, strides_of
from backpath.graph import Node


def _whole_numbers(code: Code, rows: np.ndarray) -> np.ndarray:
    """As the kernels read them; what is not so already is a constant."""
    numbers = np.ascontiguousarray(rows, np.int64)
    code.kept.append(numbers)
    return numbers


def take(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    """Rows of a table."""
    if not out.size:
        return
    table, rows = code.dense(operands[0]), _whole_numbers(code, operands[1])
    n, size = table.size // len(table), out.itemsize
    accesses = [
        code.access(out, True, (address(out), rows.size, n * size), False),
        code.access(table, False, None, False),
        code.access(rows, False, (address(rows), rows.size, rows.itemsize), False),
    ]
    code.row("take", rows.size, [address(out), address(table), address(rows), n, len(table)], accesses)


def add_rows(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    """Rows added to those of zeros."""
    if not out.size:
        return
    x, rows = code.dense(operands[0]), _whole_numbers(code, operands[1])
    n = out.size // len(out)
    accesses = [code.access(array, array is out, None, n == 1) for array in (out, x, rows)]
    code.row("add_rows", n, [address(out), address(x), address(rows), rows.size, len(out)], accesses)


def gather(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    """``x[index]`` for known positions."""
    if not out.size:
        return
    (x,) = operands
    places = _whole_numbers(code, _positions(x)[node.params["index"]].ravel())
    accesses = [
        code.access(out, True, (address(out), out.size, out.itemsize), False),
        code.access(x, False, None, False),
    ]
    code.row("gather", out.size, [address(out), address(x), address(places), 0], accesses)


def scatter(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    """The transpose of :func:`gather`: each entry is a sum in order of what goes there."""
    if not out.size:
        return
    x = operands[0]
    targets = np.arange(out.size).reshape(out.shape)[node.params["index"]].ravel()
    order = np.argsort(targets, kind="stable")
    places = _whole_numbers(code, _positions(x).ravel()[order])
    ends = _whole_numbers(code, np.searchsorted(targets[order], np.arange(out.size + 1)))
    accesses = [
        code.access(out, True, (address(out), out.size, out.itemsize), False),
        code.access(x, False, None, False),
    ]
    code.row("gather", out.size, [address(out), address(x), address(places), address(ends)], accesses)


def _positions(x: np.ndarray) -> np.ndarray:
    """How many entries after the first each one lies."""
    total = np.zeros(x.shape, np.int64)
    for axis, (n, stride) in enumerate(zip(x.shape, strides_of(x), strict=True)):
        total += (np.arange(n) * stride).reshape([-1 if k == axis else 1 for k in range(x.ndim)])
    return total
