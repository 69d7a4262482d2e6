"""From a program and its arrays to instructions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from backpath.engines.compiled.lowering import indexing, windows
from backpath.engines.compiled.lowering.code import Code
from backpath.engines.compiled.lowering.passes import elementwise, fused, operations
from backpath.engines.numpy.kernels import pieces as parts_of
from backpath.engines.program.program import Program
from backpath.engines.program.strides import address, view_at
from backpath.graph import Node
from backpath.ops.movement import is_slice

COMMON = frozenset({"run", "product", "reduce"})
"""Kernels that nearly every program needs."""


def kernels_of(programs: Iterable[Program]) -> frozenset[str]:
    """The kernels that will run these programs, but for copies and strips where operands ask for them."""
    return COMMON.union(
        name
        for program in programs
        for instruction in program.instructions
        for name in (
            (name for name, _, _ in operations(program, instruction))
            if elementwise(program, instruction)
            else _kernels_for(program.graph.nodes[instruction[0]])
        )
    )


def _kernels_for(node: Node) -> tuple[str, ...]:
    """Those of one operation beside the common ones."""
    own = {"unroll": ("convolve", "convolve_by_kernel"), "fold": ("convolve",), "index": ("gather",)}
    if node.primitive in own:
        return own[node.primitive]
    return (node.primitive,) if node.primitive in ("take", "add_rows", *windows.LOWERINGS) else ()


def lower(code: Code, program: Program, arrays: dict[int, np.ndarray], outputs: Sequence[np.ndarray]) -> None:
    """The instructions of a program that is bound to these arrays, after those that are there."""
    code.kept += [*arrays.values(), *outputs]
    for instruction in program.instructions:
        position = instruction[0]
        node = program.graph.nodes[position]
        if elementwise(program, instruction):
            fused(code, program, instruction, arrays)
        else:
            _LOWERINGS[node.primitive](code, node, [arrays[p] for p in node.parents], arrays[position])
    for k in program.copies:
        code.copy(outputs[k], arrays[program.graph.outputs[k]])


def _reshape(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    code.copy(out.reshape(operands[0].shape), operands[0])


def _concatenate(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    for part, x in zip(parts_of(out, operands, node.params["axis"]), operands, strict=True):
        if address(part) != address(x):
            code.copy(part, x)


def _pad(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    code.fill(out, node.params["value"])
    inside = zip(operands[0].shape, node.params["width"], strict=True)
    code.copy(out[tuple(slice(before, before + n) for n, (before, _) in inside)], operands[0])


def _scatter(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    if not is_slice(node.params["index"]):
        indexing.scatter(code, node, operands, out)
        return
    code.fill(out, 0)
    code.copy(view_at(out, node.params["index"]), operands[0])


def _reduction(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    code.reduce(node, operands[0], out)


def _matmul(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    a, b = operands
    code.product(a, b, out)


_LOWERINGS: dict[str, Callable[[Code, Node, list[np.ndarray], np.ndarray], Any]] = {
    "matmul": _matmul,
    "sum": _reduction,
    "max": _reduction,
    "reshape": _reshape,
    "concatenate": _concatenate,
    "pad": _pad,
    "scatter": _scatter,
    "index": indexing.gather,
    "take": indexing.take,
    "add_rows": indexing.add_rows,
    **windows.LOWERINGS,
}
