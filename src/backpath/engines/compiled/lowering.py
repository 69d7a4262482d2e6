"""From a program and its arrays to the machine's tables of numbers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpath.engines.compiled import indexing
from backpath.engines.compiled.barriers import Access, Meetings
from backpath.engines.compiled.dealing import ROWS, Work, pieces
from backpath.engines.compiled.store import Kernels
from backpath.engines.compiled.tables import DEPTH, FIELDS, MEETS, MOST_REGISTERS, OPERATION_FIELDS, STRETCH_FIELDS
from backpath.engines.compiled.windows import lowering as windows
from backpath.engines.numpy.kernels import pieces as parts_of
from backpath.engines.program.cost import COMPILED
from backpath.engines.program.planning import Kind
from backpath.engines.program.program import Program
from backpath.engines.program.schedule import FUSABLE, Instruction
from backpath.engines.program.strides import address, merged, span, strides_of, view_at
from backpath.graph import Node
from backpath.ops.movement import is_slice

COMMON = frozenset({"run", "product", "reduce"})
"""Kernels that nearly every program needs."""


SHORT = 64
"""Entries of a row below which several rows are worked on as one."""

LONG, PARTS = 1 << 15, 64
"""Entries from which on a sum into one row is made in parts, and how many at most."""

FINE = 1 << 10
"""Entries or products of numbers beyond which a row is as much work as many."""

SPREAD, MANY = 1 << 18, 128
"""Bytes over which the columns of a transposed factor lie spread, and columns of the product, before packing pays."""


def kernels_of(programs: Iterable[Program]) -> frozenset[str]:
    """The kernels that will run these programs, but for copies where the layout of operands asks for them."""
    return COMMON.union(
        name
        for program in programs
        for instruction in program.instructions
        for name in (
            (name for name, _, _ in _operations(program, instruction))
            if _elementwise(program, instruction)
            else _kernels_for(program.graph.nodes[instruction[0]])
        )
    )


def _kernels_for(node: Node) -> tuple[str, ...]:
    """Those of one operation beside the common ones."""
    own = {"unroll": ("convolve", "convolve_by_kernel"), "fold": ("convolve",), "index": ("gather",)}
    if node.primitive in own:
        return own[node.primitive]
    return (node.primitive,) if node.primitive in ("take", "add_rows", *windows.LOWERINGS) else ()


@dataclass
class Code:
    """The machine's tables, and the arrays whose addresses stand in them.

    Attributes:
        kernels: of the numbers' type.
        instructions: one row each.
        operations: the elementwise ones.
        registers: how many one instruction needs at most.
        work: of each instruction.
        largest: of its matrix products, by the measure of ``tables.LARGEST``.
        packs: whether some product packs a factor.
        scratch: numbers for which a thread needs room beside what products need.
        kept: arrays that must live as long as the code.
    """

    kernels: Kernels
    instructions: list[list[int]] = field(default_factory=list)
    operations: list[list[int]] = field(default_factory=list)
    registers: int = 0
    work: list[Work] = field(default_factory=list)
    largest: float = 0.0
    packs: bool = False
    scratch: int = 0
    kept: list[np.ndarray] = field(default_factory=list)
    meetings: Meetings = field(default_factory=Meetings)

    @property
    def dtype(self) -> np.dtype:
        return self.kernels.dtype

    def tables(self) -> tuple[np.ndarray, np.ndarray]:
        """As the machine reads them."""
        return _table(self.instructions, FIELDS), _table(self.operations, OPERATION_FIELDS)

    def stretches(self, threads: int) -> np.ndarray:
        """From meeting to meeting, for so many threads; feeds come before the first one's instructions."""
        cuts = [0, *(k for k, row in enumerate(self.instructions) if row[MEETS]), len(self.instructions)]
        rows = [[a, b, pieces(self.work[a:b], threads)] for a, b in itertools.pairwise(cuts)]
        return _table(rows, STRETCH_FIELDS)

    def feed(self, feeds: Iterable[Sequence[int]]) -> None:
        """Note what a step's feeds write, before the first program."""
        size = self.dtype.itemsize
        targets = [(feed[6], feed[5], feed[3] * size) for feed in feeds]
        self.meetings.needed([Access(to, to + rows * row, True, (to, rows, row), False) for to, rows, row in targets])

    def add(self, program: Program, arrays: dict[int, np.ndarray], outputs: Sequence[np.ndarray]) -> None:
        """The instructions of a program that is bound to these arrays, after those that are there."""
        self.kept += [*arrays.values(), *outputs]
        for instruction in program.instructions:
            position = instruction[0]
            node = program.graph.nodes[position]
            if _elementwise(program, instruction):
                self._fused(program, instruction, arrays)
            else:
                _LOWERINGS[node.primitive](self, node, [arrays[p] for p in node.parents], arrays[position])
        for k in program.copies:
            self._copy(outputs[k], arrays[program.graph.outputs[k]])

    # Rows of the table.

    def row(
        self,
        kernel: str | None,
        extent: int,
        fields: Sequence[int],
        accesses: list[Access],
        flops: float = 0.0,
        coarse: bool = False,
    ) -> None:
        """An instruction; ``coarse`` if each row of its extent is as much work as many rows of others."""
        moved = sum(access.end - access.start for access in accesses)
        self.work.append(
            Work(
                extent * ROWS if coarse else extent, flops / COMPILED.products + moved / COMPILED.memory + COMPILED.call
            )
        )
        shared = not any(a.alone for a in accesses)
        meet = self.meetings.needed(accesses)
        called = self.kernels[kernel] if kernel else 0
        self.instructions.append([called, int(meet), int(shared), *map(int, (extent, *fields))])

    def needs(self, numbers: int) -> None:
        """Note that a kernel needs room for so many numbers."""
        self.scratch = max(self.scratch, numbers)

    def new(self, shape: tuple[int, ...]) -> np.ndarray:
        """Memory for what one instruction leaves to the next."""
        array = np.empty(shape, self.dtype)
        self.kept.append(array)
        return array

    def access(self, array: np.ndarray, writes: bool, share: tuple[int, int, int] | None, alone: bool) -> Access:
        return Access(*span(array), writes, share, alone)

    def dense(self, array: np.ndarray) -> np.ndarray:
        """A copy of an array whose entries do not lie in a row, made anew in each run."""
        if array.flags.c_contiguous:
            return array
        dense = self.new(array.shape)
        self._copy(dense, array)
        return dense

    def _copy(self, out: np.ndarray, x: np.ndarray) -> None:
        if out.size == 0:
            return
        sizes, (target, source) = merged([out, x], 1)
        if len(sizes) > 4:
            for k in range(out.shape[0]):
                self._copy(out[k], x[k])
            return
        alone = len(sizes) < 2
        accesses = [self.access(out, True, None, alone), self.access(x, False, None, alone)]
        extent, *rest = _of_four(sizes, 1)
        fields = [address(out), address(x), *rest, *_of_four(source, 0), *_of_four(target, 0)]
        self.row("copy", extent, fields, accesses)

    def _fill(self, out: np.ndarray, value: float) -> None:
        number = np.full(1, value, self.dtype)
        self.kept.append(number)
        self.row("fill", out.size, [address(out), address(number)], [self.access(out, True, None, False)])

    def _product(self, a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        if out.size == 0:
            return
        if a.size == 0:
            self._fill(out, 0)
            return
        if max(a.ndim, b.ndim) > 2:
            self._batched(*_as_matrices(a, b, out))
            return
        k = a.shape[-1]
        a, b = np.reshape(self._factor(a), (-1, k)), self._factor(b)
        b = b[:, None] if b.ndim == 1 else b
        m, n = a.shape[0], b.shape[1]
        self.largest = max(self.largest, float(m) * n * k * min(m, n, k))
        c = out.reshape(m, n)
        a_row, a_col = strides_of(a)
        b_row, b_col = strides_of(b)
        size = self.dtype.itemsize
        rows = (address(a), m, a_row * size) if a_col == 1 or k == 1 else None
        alone = m == 1
        accesses = [
            self.access(a, False, rows, alone),
            self.access(b, False, None, alone),
            self.access(c, True, (address(c), m, n * size), alone),
        ]
        packs = a_row == 1 and a_col * size * min(k, DEPTH) >= SPREAD and n >= MANY
        self.packs |= packs
        fields = [address(a), a_row, a_col, address(b), b_row, b_col, address(c), n, n, k, packs]
        self.row("product", m, fields, accesses, 2.0 * m * n * k)

    def _batched(self, a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        """Products of matrices, pair by pair, which threads share."""
        a, b = self._factor(a), self._factor(b)
        sizes, strides = merged([x[..., 0, 0] for x in (a, b, out)], 2)
        if len(sizes) > 2:
            a, b = self.dense(a), self.dense(b)
            sizes, strides = merged([x[..., 0, 0] for x in (a, b, out)], 2)
        pad = 2 - len(sizes)
        outer, inner = [1] * pad + sizes
        (m, n), k = out.shape[-2:], a.shape[-1]
        count, size = outer * inner, self.dtype.itemsize
        shares = [
            (address(x), count, s[-1] * size) if s and (outer == 1 or s[0] == s[1] * inner) else None
            for x, s in zip((a, b, out), strides, strict=True)
        ]
        alone = count == 1
        accesses = [self.access(x, x is out, share, alone) for x, share in zip((a, b, out), shares, strict=True)]
        self.largest = max(self.largest, float(m) * n * k * min(m, n, k))
        fields = [address(a), *strides_of(a)[-2:], address(b), *strides_of(b)[-2:], address(out), n, n, k, 0, m, inner]
        fields += [step for s in strides for step in [0] * pad + s]
        self.row("product", count, fields, accesses, 2.0 * count * m * n * k, coarse=m * n * k > FINE)

    def _factor(self, x: np.ndarray) -> np.ndarray:
        """A factor as the product reads it: entries of rows or of columns in a row, and rows apart."""
        if x.ndim == 1:
            return x if strides_of(x) == [1] else self.dense(x)
        row, column = strides_of(x)[-2:]
        if x.shape[-2] == 1 or x.shape[-1] == 1:
            return self.dense(x)
        if (column == 1 and row >= x.shape[-1]) or (row == 1 and column >= x.shape[-2]):
            return x
        return self.dense(x)

    def _reduce(self, node: Node, x: np.ndarray, out: np.ndarray) -> None:
        axes = tuple(sorted(node.params["axes"]))
        if out.size == 0:
            return
        n = int(np.prod([x.shape[k] for k in axes], dtype=int))
        kept = [k for k in range(x.ndim) if k not in axes]
        columns = np.transpose(x, (*axes, *kept))
        if x.flags.c_contiguous and axes == tuple(range(axes[0] if axes else 0, axes[-1] + 1 if axes else 0)):
            outer = int(np.prod(x.shape[: axes[0]] if axes else x.shape, dtype=int))
        elif columns.flags.c_contiguous:
            x, outer = columns, 1
        else:
            x, outer = self.dense(np.transpose(x, (*kept, *axes))), out.size
        self._reduced(node.primitive == "max", out, x.reshape(outer, n, out.size // outer))

    def sums(self, out: np.ndarray, x: np.ndarray) -> None:
        """The sum of the rows of a matrix."""
        self._reduced(False, out, x[None])

    def _reduced(self, maximum: bool, out: np.ndarray, x: np.ndarray) -> None:
        """Reduce the middle one of three axes; one long reduction is made in parts, always the same, and these then."""
        outer, n, inner = x.shape
        parts, together = _parts_of(n, inner) if outer == 1 else (1, 1)
        if parts > 1:
            sums = self.new((parts, together * inner))
            self._reduced(maximum, sums, x.reshape(parts, -1, together * inner))
            outer, n, x = 1, parts * together, sums.reshape(1, -1, inner)
        size = self.dtype.itemsize
        by_outer = inner == 1 or outer >= ROWS
        extent = outer if by_outer else inner
        alone = extent < 2
        own = (address(out), extent, out.size // extent * size) if by_outer or outer == 1 else None
        rows = (address(x), outer, n * inner * size) if by_outer else None
        accesses = [self.access(out, True, own, alone), self.access(x, False, rows, alone)]
        fields = [maximum, address(out), address(x), outer, n, inner, by_outer]
        self.row("reduce", extent, fields, accesses, coarse=by_outer and n * inner > FINE)

    # Elementwise instructions.

    def _fused(self, program: Program, instruction: Instruction, arrays: dict[int, np.ndarray]) -> None:
        nodes = program.graph.nodes
        shape = nodes[instruction[0]].shape
        if 0 in shape:
            return
        written = {*instruction}
        inside = {n for n in instruction if program.places[n].kind is Kind.REGISTER}
        touched = [p for n in instruction for p in (n, *nodes[n].parents) if p not in inside]
        seen = {p: np.broadcast_to(arrays[p], shape) for p in touched}
        rows, columns, strides = self._layout(shape, seen)
        size = self.dtype.itemsize
        alone = rows * columns < 64
        accesses = []
        for p, array in seen.items():
            row, step = strides[p]
            own = (address(array), rows, row * size) if rows > 1 else (address(array), columns, step * size)
            shared = own if own[2] else None
            accesses.append(self.access(array, p in written, shared, alone))
        first = len(self.operations)
        for name, n, operands in _operations(program, instruction):
            self._operation(program, name, n, operands, seen, strides, columns)
        extent = rows if rows > 1 else columns
        self.row(None, extent, [rows, columns, first, len(self.operations) - first], accesses)

    def _layout(
        self, shape: tuple[int, ...], seen: dict[int, np.ndarray]
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
                    seen[p] = self.dense(seen[p])
        found = {p: _rows_of(array) or (0, 0) for p, array in seen.items()}
        columns = shape[-1] if shape else 1
        return self._widened(int(np.prod(shape[:-1], dtype=int)), columns, seen, found)

    def _widened(
        self, rows: int, columns: int, seen: dict[int, np.ndarray], strides: dict[int, tuple[int, int]]
    ) -> tuple[int, int, dict[int, tuple[int, int]]]:
        """Short rows several at a time; what is the same for each row is laid out as often."""
        together = _together(rows, columns)
        vectors = [p for p, s in strides.items() if s == (0, 1)]
        if together == 1 or not vectors or any(s not in ((0, 0), (0, 1), (columns, 1)) for s in strides.values()):
            return rows, columns, strides
        wide = together * columns
        for p in vectors:
            row = np.lib.stride_tricks.as_strided(seen[p], (together, columns), (0, seen[p].itemsize))
            seen[p] = self.dense(row).reshape(wide)
        return rows // together, wide, {p: (wide, 1) if s == (columns, 1) else s for p, s in strides.items()}

    def _operation(
        self,
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
                self.registers = max(self.registers, number + 1)
                operands.append((number, columns, 1))
            else:
                operands.append((address(seen[p]), *strides[p]))
        flat = all(o in ((o[0], columns, 1), (o[0], 0, 0)) or (columns == 1 and o[1] == 1) for o in operands)
        parameter = program.graph.nodes[position].params.get("n", 0)
        out, *rest = operands
        rest += [(MOST_REGISTERS, 0, 0)] * (3 - len(rest))
        row = [self.kernels[name], parameter, int(flat), out[0], out[1]]
        self.operations.append([*row, *(number for operand in rest for number in operand)])


def _elementwise(program: Program, instruction: Instruction) -> bool:
    return len(instruction) > 1 or program.graph.nodes[instruction[0]].primitive in FUSABLE


def _operations(program: Program, instruction: Instruction) -> Iterator[tuple[str, int, tuple[int, ...]]]:
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


def _together(rows: int, columns: int) -> int:
    """How many short rows make a row that is long enough, and divide all rows."""
    if columns >= SHORT or rows < 2:
        return 1
    least = -(-4 * SHORT // columns)
    return next((r for r in range(least, min(4 * least, rows) + 1) if rows % r == 0), 1)


def _parts_of(n: int, inner: int) -> tuple[int, int]:
    """Into how many parts a long sum of rows is divided, and how many short rows of each are summed beside each other.

    It depends on the shape alone, so that the bits do not depend on the threads.
    """
    if n * inner < LONG:
        return 1, 1
    parts = next((p for p in range(PARTS, PARTS // 2, -1) if n % p == 0), 1)
    return (parts, _together(n // parts, inner)) if parts > 1 else (1, 1)


def _as_matrices(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stacks of vectors as stacks of matrices of one row or column."""
    if a.ndim == out.ndim < b.ndim:
        return a[..., None, :], b, out[..., None, :]
    if b.ndim == out.ndim < a.ndim:
        return a, b[..., None], out[..., None]
    return a, b, out


def _of_four(numbers: list[int], fill: int) -> list[int]:
    """Sizes or strides of four axes: the first one, which threads share, and the last ones."""
    first, rest = (numbers[:1], numbers[1:]) if len(numbers) > 1 else ([fill], numbers)
    return [*first, *[fill] * (3 - len(rest)), *rest]


def _table(rows: list[list[int]], fields: int) -> np.ndarray:
    table = np.zeros((len(rows), fields), np.int64)
    for k, row in enumerate(rows):
        table[k, : len(row)] = row
    return table


def _reshape(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    code._copy(out.reshape(operands[0].shape), operands[0])


def _concatenate(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    for part, x in zip(parts_of(out, operands, node.params["axis"]), operands, strict=True):
        if address(part) != address(x):
            code._copy(part, x)


def _pad(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    code._fill(out, node.params["value"])
    inside = zip(operands[0].shape, node.params["width"], strict=True)
    code._copy(out[tuple(slice(before, before + n) for n, (before, _) in inside)], operands[0])


def _scatter(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    if not is_slice(node.params["index"]):
        indexing.scatter(code, node, operands, out)
        return
    code._fill(out, 0)
    code._copy(view_at(out, node.params["index"]), operands[0])


def _reduction(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    code._reduce(node, operands[0], out)


def _matmul(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    a, b = operands
    code._product(a, b, out)


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
