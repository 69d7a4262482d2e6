"""The NumPy engine: a program as a flat list of bound calls on buffers that are planned and made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from backpath.engines.numpy.kernels import KERNELS, bind
from backpath.engines.program.planning import ALIGNMENT, Kind, Place, nbytes
from backpath.engines.program.program import Program
from backpath.engines.program.schedule import Instruction
from backpath.engines.program.strides import view_at
from backpath.graph import CONSTANT, INPUT, MatrixError, Node, ShapeError
from backpath.ops import PRIMITIVES

BLOCK = 1 << 14
"""Entries at a time where several operations share a pass: they stay in a core's cache from one to the next."""


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
        arrays = bound_arrays(program, inputs, outputs)
        registers = _Scratch()
        calls: list[Callable[[], Any]] = []
        for instruction in program.instructions:
            calls += _bound(program, instruction, arrays, registers)
        calls += [partial(np.copyto, outputs[k], arrays[program.graph.outputs[k]]) for k in program.copies]
        self._calls = tuple(calls)

    def __call__(self) -> None:
        for run in self._calls:
            run()


def bound_arrays(
    program: Program, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]
) -> dict[int, np.ndarray]:
    """The array of every node that has memory: given, a view, or a piece of one block of memory.

    Raises:
        ShapeError: if an input or output does not fit.
    """
    graph = program.graph
    _require_fit([graph.nodes[i] for i in graph.inputs], inputs, "input")
    _require_fit([graph.nodes[o] for o in graph.outputs], outputs, "output")
    block, starts = _block(program.buffers)
    given = iter(inputs)
    arrays: dict[int, np.ndarray] = {}
    for position, (node, place) in enumerate(zip(graph.nodes, program.places, strict=True)):
        if node.primitive == INPUT:
            arrays[position] = next(given)
        elif node.primitive == CONSTANT:
            arrays[position] = np.ascontiguousarray(node.params["value"]).reshape(node.shape)
        elif place.kind is Kind.OUTPUT:
            arrays[position] = outputs[place.number]
        elif place.kind is Kind.BUFFER:
            start = starts[place.number]
            arrays[position] = block[start : start + nbytes(node)].view(node.dtype).reshape(node.shape)
    within = _parts_within(program)
    for position, (node, place) in enumerate(zip(graph.nodes, program.places, strict=True)):
        if place.kind is Kind.VIEW:
            arrays[position] = _view(node, arrays[place.number])
        elif place.kind is Kind.PART:
            arrays[position] = arrays[place.number][within[position]].reshape(node.shape)
    return arrays


def _parts_within(program: Program) -> dict[int, slice]:
    """Where in the longer array each part belongs."""
    nodes, places = program.graph.nodes, program.places
    found: dict[int, slice] = {}
    for whole in {p.number for p in places if p.kind is Kind.PART}:
        start = 0
        for p in nodes[whole].parents:
            stop = start + nodes[p].shape[0]
            if places[part := program.roots[p]] == Place(Kind.PART, whole):
                found[part] = slice(start, stop)
            start = stop
    return found


def _view(node: Node, array: np.ndarray) -> np.ndarray:
    if node.primitive == "index":
        return view_at(array, node.params["index"])
    return PRIMITIVES[node.primitive].value(array, **node.params)


class _Scratch:
    """Registers: room for a block of numbers of any type each, shared by all instructions."""

    def __init__(self) -> None:
        self.rooms: list[np.ndarray] = []

    def view(self, number: int, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
        """The register of that number as an array of no more than a block of entries."""
        while len(self.rooms) <= number:
            self.rooms.append(np.empty(BLOCK, np.clongdouble))
        size = int(np.prod(shape, dtype=int))
        return self.rooms[number].view(dtype)[:size].reshape(shape)


def _bound(
    program: Program, instruction: Instruction, arrays: dict[int, np.ndarray], registers: _Scratch
) -> Iterator[Callable[[], Any]]:
    """The calls of one instruction; several operations go block by block."""
    nodes = program.graph.nodes
    if len(instruction) == 1:
        (position,) = instruction
        node = nodes[position]
        run = bind(node.primitive, [arrays[p] for p in node.parents], arrays[position], dict(node.params))
        yield run if node.primitive in KERNELS else partial(_naming, node.name, run)
        return
    shape = nodes[instruction[0]].shape
    for part in _parts(shape):
        for position in instruction:
            node = nodes[position]
            operands = [_part(program, p, arrays, registers, shape, part) for p in node.parents]
            out = _part(program, position, arrays, registers, shape, part)
            yield bind(node.primitive, operands, out, dict(node.params))


def _naming(name: str, run: Callable[[], Any]) -> None:
    """A call whose error says which node met it."""
    try:
        run()
    except MatrixError as error:
        raise error.at(name) from None


def _parts(shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """The blocks of an array: of some of its rows each, or of parts of rows where these are long."""
    size = int(np.prod(shape, dtype=int))
    if size <= BLOCK:
        yield ()
        return
    row = size // shape[0]
    if row > BLOCK:
        for k in range(shape[0]):
            for rest in _parts(shape[1:]):
                yield slice(k, k + 1), *rest
        return
    rows = BLOCK // row
    for k in range(0, shape[0], rows):
        yield (slice(k, k + rows),)


def _part(
    program: Program,
    position: int,
    arrays: dict[int, np.ndarray],
    registers: _Scratch,
    shape: tuple[int, ...],
    part: tuple[slice, ...],
) -> np.ndarray:
    """A block of a node's value, seen in the shape of the instruction; one number stays one."""
    node, place = program.graph.nodes[position], program.places[position]
    if place.kind is Kind.REGISTER:
        lengths = [len(range(n)[s]) for n, s in zip(shape, part, strict=False)]
        return registers.view(place.number, node.dtype, (*lengths, *shape[len(part) :]))
    array = arrays[position]
    if array.ndim == 0 or not part:
        return array
    own = part[len(shape) - array.ndim :] if array.ndim > len(shape) - len(part) else ()
    return array[tuple(s if n > 1 else slice(None) for n, s in zip(array.shape, own, strict=False))]


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
