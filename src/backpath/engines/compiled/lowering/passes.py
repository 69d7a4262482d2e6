"""Elementwise instructions: several operations in one pass over rows and columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from operator import itemgetter

import numpy as np

from backpath.engines.compiled.lowering.code import Code, Made, blocks_share, together
from backpath.engines.compiled.tables import MOST_REGISTERS
from backpath.engines.program.planning import Kind
from backpath.engines.program.program import Program
from backpath.engines.program.schedule import FUSABLE, Instruction
from backpath.engines.program.strides import address, merged, strides_of

CUT = 1 << 14
"""Entries of what a product makes from which on passes over it go by parts of it."""


def fused(code: Code, program: Program, instruction: Instruction, arrays: dict[int, np.ndarray]) -> None:
    """The row of an elementwise instruction, and those of its operations."""
    nodes = program.graph.nodes
    shape = nodes[instruction[0]].shape
    if 0 in shape:
        return
    inside = {n for n in instruction if program.places[n].kind is Kind.REGISTER}
    touched = [p for n in instruction for p in (n, *nodes[n].parents) if p not in inside]
    whole = {p: arrays[p] for p in touched}
    for made, first, last in _stretches_of(code, shape, whole):
        part = (*made.array.shape,) if made else (last - first,) if len(shape) == 1 else shape
        seen = whole if (first, last) == (0, prod(shape)) else {p: _part(x, first, last) for p, x in whole.items()}
        seen = {p: np.broadcast_to(x.reshape(part) if x.size > 1 and made else x, part) for p, x in seen.items()}
        _pass(code, program, instruction, part, seen, made)


def _pass(
    code: Code,
    program: Program,
    instruction: Instruction,
    shape: tuple[int, ...],
    seen: dict[int, np.ndarray],
    made: Made | None,
) -> None:
    """One pass over arrays of one shape, which goes as what a product makes does if it makes one of them."""
    written = {*instruction}
    rows, columns, strides = _layout(code, shape, seen)
    size = code.dtype.itemsize
    alone = rows * columns < 64
    by_blocks = made is not None and made.beside > 0 and (rows, columns) == shape
    accesses = []
    for p, array in seen.items():
        row, step = strides[p]
        own = (address(array), rows, row * size) if rows > 1 else (address(array), columns, step * size)
        shared = own if own[2] else None
        if by_blocks:
            assert made
            shared = blocks_share(array, made.above, made.beside) if row else None
        accesses.append(code.access(array, p in written, shared, alone))
    first = len(code.operations)
    for name, n, operands in operations(program, instruction):
        _operation(code, program, name, n, operands, seen, strides, columns)
    fields = [rows, columns, first, len(code.operations) - first]
    if by_blocks:
        assert made
        code.row(None, made.above * made.beside, [*fields, made.above, made.beside], accesses, least=1)
        return
    code.row(None, rows if rows > 1 else columns, fields, accesses)


def _stretches_of(
    code: Code, shape: tuple[int, ...], whole: dict[int, np.ndarray]
) -> Iterator[tuple[Made | None, int, int]]:
    """A pass over long vectors in parts: those that products make of one of them, and what lies between.

    So the step of an optimizer goes through a gradient where it was just made, and is still in a cache.
    """
    (length, *more), at = shape or (1,), 0
    vectors = [x for x in whole.values() if x.size > 1]
    if not more and length >= CUT and all(x.shape == shape and x.flags.c_contiguous for x in vectors):
        found = [(start, made) for x in vectors for made in code.made if (start := _place(made, x)) is not None]
        for start, made in sorted(found, key=itemgetter(0)):
            if start < at:
                continue
            if start > at:
                yield None, at, start
            yield made, start, (at := start + made.array.size)
    if at < prod(shape):
        yield None, at, prod(shape)


def _place(made: Made, vector: np.ndarray) -> int | None:
    """Where in a vector a long matrix lies; None if it lies elsewhere."""
    start = (address(made.array) - address(vector)) // vector.itemsize
    fits = made.array.size >= CUT and 0 <= start <= vector.size - made.array.size
    return start if fits and made.array.flags.c_contiguous else None


def _part(x: np.ndarray, first: int, last: int) -> np.ndarray:
    return x[first:last] if x.size > 1 else x


def _layout(
    code: Code, shape: tuple[int, ...], seen: dict[int, np.ndarray]
) -> tuple[int, int, dict[int, tuple[int, int]]]:
    """Rows and columns of an instruction, and the strides of its operands; what has no such strides is copied.

    Rows are those of the last axis where they can be, as in products and reductions: then threads need not meet.
    """
    found = {p: _rows_of(array) for p, array in seen.items()}
    if any(strides is None for strides in found.values()):
        sizes, strides = merged(list(seen.values()), 2)
        if len(sizes) <= 2 and all(not s or s[-1] in (0, 1) for s in strides):
            pad = 2 - len(sizes)
            rows, columns = [1] * pad + sizes
            return rows, columns, {p: tuple([0] * pad + s) for p, s in zip(seen, strides, strict=True)}  # type: ignore[misc]
        for p, strides in found.items():
            if strides is None:
                seen[p] = code.dense(seen[p])
    found = {p: _rows_of(array) or (0, 0) for p, array in seen.items()}
    columns = shape[-1] if shape else 1
    return _widened(code, int(np.prod(shape[:-1], dtype=int)), columns, seen, found)


def _widened(
    code: Code, rows: int, columns: int, seen: dict[int, np.ndarray], strides: dict[int, tuple[int, int]]
) -> tuple[int, int, dict[int, tuple[int, int]]]:
    """Short rows several at a time; what is the same for each row is laid out as often."""
    several = together(rows, columns)
    vectors = [p for p, s in strides.items() if s == (0, 1)]
    if several == 1 or not vectors or any(s not in ((0, 0), (0, 1), (columns, 1)) for s in strides.values()):
        return rows, columns, strides
    wide = several * columns
    for p in vectors:
        row = np.lib.stride_tricks.as_strided(seen[p], (several, columns), (0, seen[p].itemsize))
        seen[p] = code.dense(row).reshape(wide)
    return rows // several, wide, {p: (wide, 1) if s == (columns, 1) else s for p, s in strides.items()}


def _operation(
    code: Code,
    program: Program,
    name: str,
    position: int,
    parents: Sequence[int],
    seen: dict[int, np.ndarray],
    strides: dict[int, tuple[int, int]],
    columns: int,
) -> None:
    operands: list[tuple[int, int, int]] = []
    for p in (position, *parents):
        if program.places[p].kind is Kind.REGISTER:
            number = program.places[p].number
            code.registers = max(code.registers, number + 1)
            operands.append((number, columns, 1))
        else:
            operands.append((address(seen[p]), *strides[p]))
    flat = all(o in ((o[0], columns, 1), (o[0], 0, 0)) or (columns == 1 and o[1] == 1) for o in operands)
    parameter = program.graph.nodes[position].params.get("n", 0)
    out, *rest = operands
    rest += [(MOST_REGISTERS, 0, 0)] * (3 - len(rest))
    row = [code.kernels[name], parameter, int(flat), out[0], out[1]]
    code.operations.append([*row, *(number for operand in rest for number in operand)])


def elementwise(program: Program, instruction: Instruction) -> bool:
    """Whether an instruction is made of operations on entries."""
    return len(instruction) > 1 or program.graph.nodes[instruction[0]].primitive in FUSABLE


def operations(program: Program, instruction: Instruction) -> Iterator[tuple[str, int, tuple[int, ...]]]:
    """Name, node and operands of what an instruction does, a product and a sum right after it as one."""
    nodes = program.graph.nodes
    k = 0
    while k < len(instruction):
        n = instruction[k]
        after = instruction[k + 1] if k + 1 < len(instruction) else -1
        if after >= 0 and _only_summed(program, n, after):
            a, b = nodes[n].parents
            a, b = (b, a) if nodes[a].shape != nodes[n].shape else (a, b)
            first = nodes[after].parents[0] == n
            c = nodes[after].parents[1 if first else 0]
            name = (
                "multiply_add"
                if nodes[after].primitive == "add"
                else "multiply_subtract"
                if first
                else "subtract_multiply"
            )
            yield name, after, (a, b, c)
            k += 1
        else:
            yield nodes[n].primitive, n, nodes[n].parents
        k += 1


def _only_summed(program: Program, product: int, after: int) -> bool:
    """Whether a node is a product that only ``after``, a sum or difference, reads, and that never reaches memory."""
    nodes = program.graph.nodes
    return (
        nodes[product].primitive == "multiply"
        and nodes[after].primitive in ("add", "subtract")
        and nodes[after].parents.count(product) == 1
        and program.places[product].kind is Kind.REGISTER
        and program.readers[product] == 1
    )


def _rows_of(array: np.ndarray) -> tuple[int, int] | None:
    """The strides from row to row of the last axis and within one; None if rows do not follow each other evenly."""
    if array.ndim == 0:
        return 0, 0
    step = strides_of(array)[-1] if array.shape[-1] > 1 else None
    sizes, (strides,) = merged([array[..., :1]], 1)
    row = strides[0] if sizes else 0
    if len(sizes) > 1 or step not in (0, 1, None):
        return None
    return row, (1 if row == 1 else 0) if step is None else step
