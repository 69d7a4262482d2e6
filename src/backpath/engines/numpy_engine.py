"""The NumPy engine: a program as a flat list of bound calls on buffers that are planned and made once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from backpath.engines.numpy_kernels import bind
from backpath.engines.program import ALIGNMENT, Kind, Program
from backpath.graph import CONSTANT, INPUT, Node, ShapeError
from backpath.ops import PRIMITIVES


class Executable:
    """A program bound to the arrays that it reads and writes; calling it runs the program and allocates nothing.

    Args:
        program: what to run.
        inputs: one array for each input of the graph, of its shape and dtype, C-contiguous; read at every call.
        outputs: one such array for each output; written at every call.

    Raises:
        ShapeError: if an array does not fit.
    """

    __slots__ = ("_calls",)

    def __init__(self, program: Program, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]):
        graph = program.graph
        _require_fit([graph.nodes[i] for i in graph.inputs], inputs, "input")
        _require_fit([graph.nodes[o] for o in graph.outputs], outputs, "output")
        arrays = _arrays(program, inputs, outputs)
        calls: list[Callable[[], Any]] = []
        for position in program.instructions:
            node = graph.nodes[position]
            operands = [arrays[p] for p in node.parents]
            calls.append(bind(node.primitive, operands, arrays[position], dict(node.params)))
        calls += [partial(np.copyto, outputs[k], arrays[graph.outputs[k]]) for k in program.copies]
        self._calls = tuple(calls)

    def __call__(self) -> None:
        for run in self._calls:
            run()


def _arrays(program: Program, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The array of every node: given, a view, or a piece of one block of memory."""
    block, starts = _block(program.buffers)
    given = iter(inputs)
    arrays: list[np.ndarray] = []
    for node, place in zip(program.graph.nodes, program.places, strict=True):
        if node.primitive == INPUT:
            arrays.append(next(given))
        elif node.primitive == CONSTANT:
            arrays.append(np.ascontiguousarray(node.params["value"]).reshape(node.shape))
        elif place.kind is Kind.VIEW:
            arrays.append(PRIMITIVES[node.primitive].value(arrays[place.number], **node.params))
        elif place.kind is Kind.OUTPUT:
            arrays.append(outputs[place.number])
        else:
            start = starts[place.number]
            nbytes = int(np.prod(node.shape, dtype=int)) * node.dtype.itemsize
            arrays.append(block[start : start + nbytes].view(node.dtype).reshape(node.shape))
    return arrays


def _block(sizes: Sequence[int]) -> tuple[np.ndarray, list[int]]:
    """One aligned block of memory for all buffers, and where each starts in it."""
    block = np.empty(sum(sizes) + ALIGNMENT, np.uint8)
    offset = -block.ctypes.data % ALIGNMENT
    starts = np.concatenate([[0], np.cumsum(sizes, dtype=int)])[: len(sizes)] + offset
    return block, [int(s) for s in starts]


def _require_fit(nodes: Sequence[Node], arrays: Sequence[np.ndarray], word: str) -> None:
    if len(nodes) != len(arrays):
        raise ShapeError(f"the program has {len(nodes)} {word}s, and {len(arrays)} arrays were given")
    for node, array in zip(nodes, arrays, strict=True):
        if array.shape != node.shape or array.dtype != node.dtype or not array.flags.c_contiguous:
            raise ShapeError(
                f"{word} {node.name!r} needs a C-contiguous array {node.dtype}{list(node.shape)}, and "
                f"{array.dtype}{list(array.shape)} was given"
            )
