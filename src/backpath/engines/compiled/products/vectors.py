"""LLVM vectors: the few operations from which kernels are emitted where a compiler finds no vectors in loops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from backpath.engines.compiled.products.registers import VECTOR_BYTES

INDEX = ir.IntType(64)


def lanes_of(dtype: Any) -> int:
    """How many elements of a Numba dtype a vector holds."""
    return VECTOR_BYTES * 8 // dtype.bitwidth


class Vectors:
    """Emits operations on vectors of one element type at the builder's place.

    Args:
        builder: where instructions go.
        element: LLVM's float or double.
        lanes: elements of a vector.
    """

    def __init__(self, builder: ir.IRBuilder, element: Any, lanes: int):
        self.builder = builder
        self.element = element
        self.lanes = lanes
        self.type = ir.VectorType(element, lanes)
        self.zero = ir.Constant(self.type, [0.0] * lanes)
        self._name = f"v{lanes}{element.intrinsic_name}"
        self._alignment = VECTOR_BYTES // lanes

    def pointer(self, address: Any) -> Any:
        """The pointer to elements at an address."""
        return self.builder.inttoptr(address, self.element.as_pointer())

    def at(self, pointer: Any, offset: Any) -> Any:
        """The pointer ``offset`` elements further on."""
        return self.builder.gep(pointer, [INDEX(offset) if isinstance(offset, int) else offset])

    def first(self, count: Any) -> Any:
        """The mask of the first ``count`` lanes."""
        # Compared in integers as wide as the elements, which is the form that a processor wants a mask in.
        integer = ir.IntType(VECTOR_BYTES * 8 // self.lanes)
        same = self._splat(self.builder.trunc(count, integer) if integer.width < INDEX.width else count)
        return self.builder.icmp_signed(">", same, ir.Constant(same.type, list(range(self.lanes))))

    def load(self, pointer: Any, mask: Any = None) -> Any:
        """The vector at a pointer; with a mask, zero where it is false, where nothing is read."""
        pointer = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            return self.builder.load(pointer, align=self._alignment)
        types = [pointer.type, ir.IntType(32), mask.type, self.type]
        values = [pointer, ir.IntType(32)(self._alignment), mask, self.zero]
        return self._call(f"llvm.masked.load.{self._name}.p0", types, values)

    def store(self, value: Any, pointer: Any) -> None:
        """Write a vector of any length at a pointer."""
        pointer = self.builder.bitcast(pointer, value.type.as_pointer())
        self.builder.store(value, pointer, align=self._alignment)

    def store_first(self, values: Sequence[Any], pointers: Sequence[Any], count: Any) -> None:
        """Write the first ``count`` lanes of each vector at its pointer, ``count`` from 1 to all of them."""
        # In powers of two, for a processor may take longer to store under a mask than to multiply.
        written, size = INDEX(0), self.lanes
        while size:
            wanted = self.builder.icmp_signed("!=", self.builder.and_(count, INDEX(size)), INDEX(0))
            low = [self._lanes(value, 0, size) for value in values]
            before = self.builder.block
            with self.builder.if_then(wanted):
                for value, pointer in zip(low, pointers, strict=True):
                    self.store(value, self.at(pointer, written))
                high = [self._lanes(value, value.type.count - size, size) for value in values]
                further = self.builder.add(written, INDEX(size))
                inside = self.builder.block
            values = [self.either(x, inside, y, before) for x, y in zip(high, low, strict=True)]
            written = self.either(further, inside, written, before)
            size //= 2

    def prefetch(self, address: Any, nearest: bool = False) -> None:
        """Ask for the line of the second cache, or of the nearest, that holds an address, which need not exist."""
        word, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        function = ir.FunctionType(ir.VoidType(), [word, flag, flag, flag])
        asked = cgutils.get_or_insert_function(self.builder.module, function, "llvm.prefetch.p0")
        self.builder.call(asked, [self.builder.inttoptr(address, word), flag(0), flag(3 if nearest else 2), flag(1)])

    def hidden(self, pointer: Any) -> Any:
        """The pointer, of which the compiler does not know how it was found."""
        return self.builder.asm(ir.FunctionType(pointer.type, [pointer.type]), "", "=r,0", [pointer], False)

    def broadcast(self, pointer: Any) -> Any:
        """The element at a pointer, in every lane."""
        return self._splat(self.builder.load(pointer))

    def multiply_add(self, x: Any, y: Any, z: Any) -> Any:
        """The vector x y + z, rounded once where the processor can."""
        return self._call(f"llvm.fmuladd.{self._name}", [self.type] * 3, [x, y, z])

    def transpose(self, rows: Sequence[Any]) -> list[Any]:
        """The columns of the square matrix whose rows are as many vectors as there are lanes."""
        # Of every square of 2 half rows, the off-diagonal quarters change places.
        rows, half, lanes = list(rows), self.lanes // 2, range(self.lanes)
        while half:
            upper = [lane if not lane & half else self.lanes + lane - half for lane in lanes]
            lower = [self.lanes + lane if lane & half else lane + half for lane in lanes]
            for i in [i for i in lanes if not i & half]:
                x, y = rows[i], rows[i + half]
                rows[i], rows[i + half] = self._shuffle(x, y, upper), self._shuffle(x, y, lower)
            half //= 2
        return rows

    def either(self, x: Any, from_x: Any, y: Any, from_y: Any) -> Any:
        """The value of that block, of two, from which control comes."""
        chosen = self.builder.phi(x.type)
        chosen.add_incoming(x, from_x)
        chosen.add_incoming(y, from_y)
        return chosen

    def _splat(self, value: Any) -> Any:
        empty = ir.Constant(ir.VectorType(value.type, self.lanes), ir.Undefined)
        first = self.builder.insert_element(empty, value, ir.IntType(32)(0))
        return self._shuffle(first, first, [0] * self.lanes)

    def _lanes(self, value: Any, start: int, count: int) -> Any:
        if value.type.count == count:
            return value
        return self._shuffle(value, value, list(range(start, start + count)))

    def _shuffle(self, x: Any, y: Any, lanes: list[int]) -> Any:
        return self.builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes))

    def _call(self, name: str, types: list[ir.Type], values: list[Any]) -> Any:
        function = cgutils.get_or_insert_function(self.builder.module, ir.FunctionType(self.type, types), name)
        return self.builder.call(function, values)


class Loop:
    """A loop that is being emitted, from its head on; :meth:`end` closes it.

    Args:
        builder: where instructions go.
        count: ``index`` runs from zero as long as a whole step fits below.
        values: carried from step to step; ``values`` are the present ones.
        step: by which the index grows.
    """

    def __init__(self, builder: ir.IRBuilder, count: Any, values: Sequence[Any], step: int = 1):
        self._builder, self._step, before = builder, step, builder.block
        self._head, body, self._after = (builder.append_basic_block(name) for name in ("head", "body", "after"))
        builder.branch(self._head)
        builder.position_at_end(self._head)
        start = [INDEX(0), *values]
        self._carried = [builder.phi(value.type) for value in start]
        self._come_from(before, start)
        self.index, *self.values = self._carried
        fits = builder.icmp_signed("<=", builder.add(self.index, INDEX(step)), count)
        builder.cbranch(fits, body, self._after)
        builder.position_at_end(body)

    def end(self, values: Sequence[Any]) -> list[Any]:
        """Close the loop, given the values for the next step; what they are after the last one."""
        self._come_from(self._builder.block, [self._builder.add(self.index, INDEX(self._step)), *values])
        self._builder.branch(self._head).set_metadata("llvm.loop", _as_written(self._builder.module))
        self._builder.position_at_end(self._after)
        return self.values

    def _come_from(self, block: Any, values: Sequence[Any]) -> None:
        for phi, value in zip(self._carried, values, strict=True):
            phi.add_incoming(value, block)


def _as_written(module: ir.Module) -> Any:
    """The mark of a loop that is not to be unrolled: its steps are long already, and it takes time to compile."""
    option = module.add_metadata([ir.MetaDataString(module, "llvm.loop.unroll.disable")])
    mark = module.add_metadata([option])
    mark.operands = (mark, option)
    return mark
