"""The machine's tables while they are written, and the instructions that most operations are made of."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from backpath.engines.compiled.barriers import Access, Meetings
from backpath.engines.compiled.caches import second_cache
from backpath.engines.compiled.dealing import ROWS, Work, least_rows, pieces
from backpath.engines.compiled.store import Kernels
from backpath.engines.compiled.tables import (
    BLOCKS,
    DEPTH,
    FEWEST_ROWS,
    FIELDS,
    GAP,
    OPERATION_FIELDS,
    STRETCH_FIELDS,
    TILE_ROWS,
    WIDEST,
)
from backpath.engines.program.cost import COMPILED
from backpath.engines.program.strides import address, merged, span, strides_of
from backpath.graph import Node

SHORT = 64
"""Entries of a row below which several rows are worked on as one."""

LONG, PARTS = 1 << 15, 64
"""Entries from which on a sum into one row is made in parts, and how many at most."""

FINE = 1 << 10
"""Entries or products of numbers beyond which a row is as much work as many."""

SPREAD, MANY = 1 << 18, 128
"""Bytes over which the columns of a transposed factor lie spread, and columns of the product, before packing pays."""


ALIASES = 1 << 11
"""Bytes from row to row of a factor, or a multiple, at which the rows of a tile fall on each other in a cache."""

BY_BLOCKS = 2.0**27
"""Products of numbers from which on a matrix product is made block by block."""

SIDE = 256
"""Rows and columns of a block, at most."""

LAID, SHARERS = 1 << 18, 64
"""Bytes of a product's second factor, and rows of its result, from which on the factor is laid out once for all."""


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What a matrix product makes: a matrix, in blocks above and beside each other, or row by row if there are none."""

    array: np.ndarray
    above: int = 0
    beside: int = 0


@dataclass
class Code:
    """The machine's tables, and the arrays whose addresses stand in them.

    Attributes:
        kernels: of the numbers' type.
        instructions: one row each, as they come.
        stretch: the number of the stretch between two meetings that each belongs to.
        operations: the elementwise ones.
        registers: how many one instruction needs at most.
        work: of each instruction.
        largest: of its matrix products, by the measure of ``tables.LARGEST``.
        packs: whether some product packs a factor.
        scratch: numbers for which a thread needs room beside what products need.
        kept: arrays that must live as long as the code.
        made: what products have made.
    """

    kernels: Kernels
    instructions: list[list[int]] = field(default_factory=list)
    stretch: list[int] = field(default_factory=list)
    operations: list[list[int]] = field(default_factory=list)
    registers: int = 0
    work: list[Work] = field(default_factory=list)
    largest: float = 0.0
    packs: bool = False
    scratch: int = 0
    kept: list[np.ndarray] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    meetings: Meetings = field(default_factory=Meetings)

    @property
    def dtype(self) -> np.dtype:
        return self.kernels.dtype

    def tables(self) -> tuple[np.ndarray, np.ndarray]:
        """As the machine reads them: stretch by stretch."""
        ordered = [self.instructions[k] for k in self._order]
        return _table(ordered, FIELDS), _table(self.operations, OPERATION_FIELDS)

    @property
    def _order(self) -> list[int]:
        return sorted(range(len(self.stretch)), key=self.stretch.__getitem__)

    @property
    def meeting_count(self) -> int:
        """How often threads that share the work must meet in a step."""
        return max(self.stretch, default=0)

    def stretches(self, threads: int) -> np.ndarray:
        """From meeting to meeting, for so many threads; feeds come before the first one's instructions."""
        rows, first = [], 0
        for _, members in itertools.groupby(self._order, key=self.stretch.__getitem__):
            work = [self.work[k] for k in members]
            rows.append([first, first + len(work), pieces(work, threads)])
            first += len(work)
        return _table(rows or [[0, 0, 1]], STRETCH_FIELDS)

    def feed(self, feeds: Iterable[Sequence[int]]) -> None:
        """Note what a step's feeds write, before the first program."""
        size = self.dtype.itemsize
        targets = [(feed[6], feed[5], feed[3] * size) for feed in feeds]
        self.meetings.before([Access(to, to + rows * row, True, (to, rows, row), False) for to, rows, row in targets])

    # Rows of the table.

    def row(
        self,
        kernel: str | None,
        extent: int,
        fields: Sequence[int],
        accesses: list[Access],
        flops: float = 0.0,
        least: int = ROWS,
    ) -> None:
        """An instruction, and what a piece of it has at least of its extent's rows."""
        moved = sum(access.end - access.start for access in accesses)
        seconds = flops / COMPILED.products + moved / COMPILED.memory + COMPILED.call
        self.work.append(Work(extent, seconds, least))
        shared = not any(a.alone for a in accesses)
        self.stretch.append(self.meetings.before(accesses))
        called = self.kernels[kernel] if kernel else 0
        self.instructions.append([called, int(shared), *map(int, (extent, *fields))])

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
        self.copy(dense, array)
        return dense

    def copy(self, out: np.ndarray, x: np.ndarray) -> None:
        if out.size == 0:
            return
        sizes, (target, source) = merged([out, x], 1)
        if len(sizes) > 4:
            for k in range(out.shape[0]):
                self.copy(out[k], x[k])
            return
        alone = len(sizes) < 2
        accesses = [self.access(out, True, None, alone), self.access(x, False, None, alone)]
        extent, *rest = _of_four(sizes, 1)
        fields = [address(out), address(x), *rest, *_of_four(source, 0), *_of_four(target, 0)]
        self.row("copy", extent, fields, accesses)

    def fill(self, out: np.ndarray, value: float) -> None:
        number = np.full(1, value, self.dtype)
        self.kept.append(number)
        self.row("fill", out.size, [address(out), address(number)], [self.access(out, True, None, False)])

    def product(self, a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        if out.size == 0:
            return
        if a.size == 0:
            self.fill(out, 0)
            return
        if max(a.ndim, b.ndim) > 2:
            self._batched(*_as_matrices(a, b, out))
            return
        k = a.shape[-1]
        a, b = np.reshape(self._factor(a), (-1, k)), self._factor(b)
        b = b[:, None] if b.ndim == 1 else b
        m, n = a.shape[0], b.shape[1]
        c = out.reshape(m, n)
        a_row, a_col = strides_of(a)
        b_row, b_col = strides_of(b)
        size = self.dtype.itemsize
        if float(m) * n * k >= BY_BLOCKS and min(m, n) >= SHARERS and n * size >= 2 * WIDEST:
            self._by_blocks(a, b, c)
            return
        laid = b.nbytes >= LAID and m >= SHARERS and n >= 2 * WIDEST // size
        b = self._laid(b) if laid else b
        rows = (address(a), m, a_row * size) if a_col == 1 or k == 1 else None
        alone = m == 1
        accesses = [
            self.access(a, False, rows, alone),
            self.access(b, False, None, alone),
            self.access(c, True, (address(c), m, n * size), alone),
        ]
        spread = a_row == 1 and a_col * size * min(k, DEPTH) >= SPREAD
        packs = n >= MANY and (spread or (a_col == 1 and a_row * size % ALIASES == 0))
        self.packs |= packs
        fields = [address(a), a_row, a_col, address(b), b_row, b_col, address(c), n, n, k, packs, *[0] * 8, laid]
        self.made.append(Made(c))
        if not laid:
            self.largest = max(self.largest, float(m) * n * k * min(m, n, k))
        self.row("product", m, fields, accesses, 2.0 * m * n * k, least_rows(b.nbytes))

    def _by_blocks(self, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
        """A large product, of which threads share blocks: what a block reads stays in a core's second cache."""
        (m, n), k, size = c.shape, a.shape[1], self.dtype.itemsize
        # The sums are the same whatever the blocks are, which may differ from processor to processor.
        rows, columns = (-(-x // block_side(self.dtype)) for x in (m, n))
        (a_row, a_col), room = strides_of(a), 0
        spread = a_row == 1 and a_col * size * min(k, DEPTH) >= SPREAD
        if spread or (a_col == 1 and a_row * size % ALIASES == 0):
            a, room = self._parted(a, rows)
        b = self._laid(b)
        own = blocks_share(c, rows, columns)
        accesses = [self.access(x, x is c, own if x is c else None, False) for x in (a, b, c)]
        self.made.append(Made(c, rows, columns))
        fields = [address(a), a_row, a_col, address(b), 0, 0, address(c), n, n, k]
        fields += [room, m, rows, columns, *[0] * 5, BLOCKS]
        self.row("product", rows * columns, fields, accesses, 2.0 * m * n * k, 1)

    def _parted(self, a: np.ndarray, rows: int) -> tuple[np.ndarray, int]:
        """A factor as blocks read it, so many of its rows, and the numbers of each part."""
        (m, k), depths = a.shape, -(-a.shape[1] // DEPTH)
        (a_row, a_col), high = strides_of(a), -(-m // rows)
        tiles = -(-high // FEWEST_ROWS)
        room = tiles * TILE_ROWS * (DEPTH + GAP) if a_row == 1 else high * (DEPTH + TILE_ROWS)
        laid = self._aligned(rows * depths * room)
        accesses = [self.access(a, False, None, False), self.access(laid, True, None, False)]
        fields = [address(a), a_row, a_col, address(laid), m, k, rows, room]
        self.row("lay_rows", rows * depths, fields, accesses, least=1)
        return laid, room

    def _aligned(self, numbers: int) -> np.ndarray:
        """Memory for so many, from where a strip's row may begin."""
        room = self.new((numbers + 2 * WIDEST // self.dtype.itemsize,))
        return room[-address(room) % (2 * WIDEST) // room.itemsize :][:numbers]

    def _laid(self, b: np.ndarray) -> np.ndarray:
        """A factor as strips, which all pieces of a product read."""
        k, n = b.shape
        strip = 2 * WIDEST // self.dtype.itemsize
        strips = -(-n // strip)
        laid = self._aligned(k * strips * strip)
        accesses = [self.access(b, False, None, strips == 1), self.access(laid, True, None, strips == 1)]
        self.row("lay_strips", strips, [address(b), *strides_of(b), address(laid), n, k], accesses, least=1)
        return laid

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
        self.row("product", count, fields, accesses, 2.0 * count * m * n * k, 1 if m * n * k > FINE else ROWS)

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

    def reduce(self, node: Node, x: np.ndarray, out: np.ndarray) -> None:
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
        parts, beside = _parts_of(n, inner) if outer == 1 else (1, 1)
        if parts > 1:
            sums = self.new((parts, beside * inner))
            self._reduced(maximum, sums, x.reshape(parts, -1, beside * inner))
            outer, n, x = 1, parts * beside, sums.reshape(1, -1, inner)
        size = self.dtype.itemsize
        by_outer = inner == 1 or outer >= ROWS
        extent = outer if by_outer else inner
        alone = extent < 2
        own = (address(out), extent, out.size // extent * size) if by_outer or outer == 1 else None
        rows = (address(x), outer, n * inner * size) if by_outer else None
        accesses = [self.access(out, True, own, alone), self.access(x, False, rows, alone)]
        fields = [maximum, address(out), address(x), outer, n, inner, by_outer]
        self.row("reduce", extent, fields, accesses, least=1 if by_outer and n * inner > FINE else ROWS)


def blocks_share(array: np.ndarray, above: int, beside: int) -> tuple[int, int, int]:
    """Of an :class:`Access`, for blocks, which lie apart from any rows."""
    return address(array), above * beside, -(array.shape[-1] << 32) - beside


@cache
def block_side(dtype: np.dtype) -> int:
    """Rows of a block: what it reads of the first factor at a time is to leave most of the second cache to others."""
    return min(max(second_cache() // 4 // (DEPTH * dtype.itemsize), SHARERS), SIDE)


def together(rows: int, columns: int) -> int:
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
    return (parts, together(n // parts, inner)) if parts > 1 else (1, 1)


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
