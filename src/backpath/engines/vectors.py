"""LLVM vectors: the few operations from which the kernels for small products are emitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils

BYTES = 32
"""Of a vector. LLVM makes two of it where registers are smaller."""

INDEX = ir.IntType(64)


def lanes_of(dtype: Any) -> int:
    """How many elements of a Numba dtype a vector holds."""
    return BYTES * 8 // dtype.bitwidth


class Vectors:
    """Emits operations on vectors of one element type at the builder's place.

    Args:
        builder: where instructions go.
        element: LLVM's float or double.
        lanes: elements of a vector.
    """

    def __init__(self, builder: ir.IRBuilder, element: ir.Type, lanes: int):
        self.builder = builder
        self.element = element
        self.lanes = lanes
        self.type = ir.VectorType(element, lanes)
        self.bits = ir.VectorType(ir.IntType(1), lanes)
        self.zero = ir.Constant(self.type, [0.0] * lanes)

    def pointer(self, address: Any) -> Any:
        """The pointer to elements at an address."""
        return self.builder.inttoptr(address, self.element.as_pointer())

    def at(self, pointer: Any, offset: Any) -> Any:
        """The pointer ``offset`` elements further on."""
        return self.builder.gep(pointer, [INDEX(offset) if isinstance(offset, int) else offset])

    def load(self, pointer: Any, mask: Any = None) -> Any:
        """The vector at a pointer to elements; with a mask, zero where it is false, where nothing is read."""
        pointer = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            return self.builder.load(pointer, align=self._alignment)
        name = f"llvm.masked.load.{self._suffix}.p0"
        types = [pointer.type, ir.IntType(32), self.bits, self.type]
        return self._call(name, self.type, types, [pointer, ir.IntType(32)(self._alignment), mask, self.zero])

    def store(self, value: Any, pointer: Any) -> None:
        """Write a vector of any length at a pointer to elements."""
        pointer = self.builder.bitcast(pointer, value.type.as_pointer())
        self.builder.store(value, pointer, align=self._alignment)

    def store_first(self, values: Sequence[Any], pointers: Sequence[Any], count: Any) -> None:
        """Write the first ``count`` lanes, 1 to all of them, of each vector at its pointer, in powers of two."""
        size = self.lanes
        while size:
            written = self.builder.and_(count, INDEX(-2 * size))
            wanted = self.builder.icmp_signed("!=", self.builder.and_(count, INDEX(size)), INDEX(0))
            low = [self._lanes(value, 0, size) for value in values]
            before = self.builder.block
            with self.builder.if_then(wanted):
                for value, pointer in zip(low, pointers, strict=True):
                    self.store(value, self.at(pointer, written))
                high = [self._lanes(value, value.type.count - size, size) for value in values]
                inside = self.builder.block
            values = [self.either(x, inside, y, before) for x, y in zip(high, low, strict=True)]
            size //= 2

    def broadcast(self, pointer: Any) -> Any:
        """The element at a pointer, in every lane."""
        return self._splat(self.builder.load(pointer))

    def multiply_add(self, x: Any, y: Any, z: Any) -> Any:
        """X y + z, in one rounding where the processor can."""
        return self._call(f"llvm.fmuladd.{self._suffix}", self.type, [self.type] * 3, [x, y, z])

    def first(self, count: Any) -> Any:
        """A mask of the first ``count`` lanes."""
        # Compared in integers as wide as the elements, which is the form that the processor wants a mask in.
        integer = ir.IntType(BYTES * 8 // self.lanes)
        same = self._splat(self.builder.trunc(count, integer) if integer.width < INDEX.width else count)
        return self.builder.icmp_signed(">", same, ir.Constant(same.type, list(range(self.lanes))))

    def transpose(self, rows: Sequence[Any]) -> list[Any]:
        """The columns of the square matrix that as many vectors as lanes are the rows of."""
        # Each stage exchanges the off-diagonal quarters of every square block of twice its size.
        rows, half = list(rows), self.lanes // 2
        while half:
            low = [i for i in range(self.lanes) if not i & half]
            pairs = [(rows[i], rows[i + half]) for i in low]
            of_first = [lane if not lane & half else self.lanes + lane - half for lane in range(self.lanes)]
            of_second = [lane + half if not lane & half else self.lanes + lane for lane in range(self.lanes)]
            for i, (x, y) in zip(low, pairs, strict=True):
                rows[i], rows[i + half] = self._shuffle(x, y, of_first), self._shuffle(x, y, of_second)
            half //= 2
        return rows

    @property
    def _suffix(self) -> str:
        return f"v{self.lanes}{self.element.intrinsic_name}"

    @property
    def _alignment(self) -> int:
        return BYTES // self.lanes

    def _lanes(self, value: Any, start: int, count: int) -> Any:
        if value.type.count == count:
            return value
        return self._shuffle(value, value, list(range(start, start + count)))

    def _splat(self, value: Any) -> Any:
        empty = ir.Constant(ir.VectorType(value.type, self.lanes), ir.Undefined)
        first = self.builder.insert_element(empty, value, ir.IntType(32)(0))
        return self._shuffle(first, first, [0] * self.lanes)

    def _shuffle(self, x: Any, y: Any, lanes: list[int]) -> Any:
        return self.builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes))

    def either(self, x: Any, from_x: Any, y: Any, from_y: Any) -> Any:
        """The value of the block from which control comes."""
        chosen = self.builder.phi(x.type)
        chosen.add_incoming(x, from_x)
        chosen.add_incoming(y, from_y)
        return chosen

    def _call(self, name: str, result: ir.Type, types: list[ir.Type], values: list[Any]) -> Any:
        function = cgutils.get_or_insert_function(self.builder.module, ir.FunctionType(result, types), name)
        return self.builder.call(function, values)


def as_written(module: ir.Module) -> Any:
    """The mark of a loop that LLVM is not to unroll: its steps are long, and most of them are few."""
    option = module.add_metadata([ir.MetaDataString(module, "llvm.loop.unroll.disable")])
    mark = module.add_metadata([option])
    mark.operands = (mark, option)
    return mark


class Loop:
    """A loop that is being emitted: ``index`` runs from zero up to ``count``; ``values`` are carried from step to step."""

    def __init__(self, builder: ir.IRBuilder, count: Any, values: list[Any], step: int = 1):
        self.builder = builder
        before = builder.block
        self._head, self._body, self._done = (builder.append_basic_block(name) for name in ("head", "body", "done"))
        builder.branch(self._head)
        builder.position_at_end(self._head)
        self._carried = [builder.phi(value.type) for value in [count, *values]]
        for phi, value in zip(self._carried, [INDEX(0), *values], strict=True):
            phi.add_incoming(value, before)
        self.index, self.values = self._carried[0], self._carried[1:]
        self._step = step
        builder.cbranch(builder.icmp_signed("<", builder.add(self.index, INDEX(step - 1)), count), self._body, self._done)
        builder.position_at_end(self._body)

    def end(self, values: list[Any]) -> list[Any]:
        """Close the loop with the next step's values; what they are after the last step."""
        following = [self.builder.add(self.index, INDEX(self._step)), *values]
        for phi, value in zip(self._carried, following, strict=True):
            phi.add_incoming(value, self.builder.block)
        again = self.builder.branch(self._head)
        again.set_metadata("llvm.loop", as_written(self.builder.module))
        self.builder.position_at_end(self._done)
        return self.values
