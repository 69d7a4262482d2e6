"""Loop: the steps of a scan as one graph, and where what it keeps lies in the vector that the scan computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backpath.graph import Graph, Node, ShapeError, ancestors, part
from backpath.ops.control.packing import Segment, packed, segments
from backpath.ops.primitive import PRIMITIVES, Spec
from backpath.ops.recursion import evaluate
from backpath.ops.tracing.recording import apply


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """What a scan does; its operands are the carries to begin with, the sequences, and what stays the same.

    Attributes:
        body: one step. Its inputs are the carries, an entry of each sequence, and what stays the same; its outputs the
            next carries, and the step's results.
        carries: how many there are.
        sequences: likewise.
        length: how many steps.
        reverse: whether from the last entries to the first.
        stacked: numbers of the outputs that are kept of each step; those of carries, too.
        last: numbers of the carries of which the last is kept.
        dtype: of the vector of all that is kept.
    """

    body: Graph
    carries: int
    sequences: int
    length: int
    reverse: bool
    stacked: tuple[int, ...]
    last: tuple[int, ...]
    dtype: np.dtype

    def __str__(self) -> str:
        return f"{self.length} steps of {len(self.body)} nodes"

    @property
    def order(self) -> range:
        """The steps' numbers in the order in which they are done."""
        return range(self.length)[:: -1 if self.reverse else 1]

    def output(self, number: int) -> Node:
        """The node of an output."""
        return self.body.nodes[self.body.outputs[number]]

    def input(self, number: int) -> Node:
        """The node of an input."""
        return self.body.nodes[self.body.inputs[number]]

    def places(self) -> dict[tuple[str, int], Segment]:
        """Where in the vector each output lies that is kept, under ``"stacked"`` or ``"last"`` and its number."""
        keys = [*(("stacked", o) for o in self.stacked), *(("last", c) for c in self.last)]
        stacked = [(self.length, *self.output(o).shape) for o in self.stacked]
        return dict(zip(keys, segments([*stacked, *(self.output(c).shape for c in self.last)]), strict=True))

    @property
    def size(self) -> int:
        """The vector's."""
        return max((s.stop for s in self.places().values()), default=0)

    def split(self, operands: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        """Operands, or anything else that there is for each of them, by what they are."""
        first, second = self.carries, self.carries + self.sequences
        return list(operands[:first]), list(operands[first:second]), list(operands[second:])

    def needed(self) -> tuple[Loop, list[int]]:
        """The loop without what nothing of that which is kept needs, and the numbers of the operands that are left."""
        body = self.body
        carries = set(self.last)
        while True:
            outputs = sorted(carries.union(self.stacked))
            found = ancestors(body, [body.outputs[o] for o in outputs])
            more = {c for c in range(self.carries) if body.inputs[c] in found} | {
                o for o in outputs if o < self.carries
            }
            if more <= carries:
                break
            carries |= more
        slots = [k for k, i in enumerate(body.inputs) if (k in carries if k < self.carries else i in found)]
        new = {o: k for k, o in enumerate(outputs)}
        smaller = replace(
            self,
            body=part(body, [body.inputs[k] for k in slots], [body.outputs[o] for o in outputs]),
            carries=len(carries),
            sequences=sum(self.carries <= k < self.carries + self.sequences for k in slots),
            stacked=tuple([new[o] for o in self.stacked]),
            last=tuple([new[c] for c in self.last]),
        )
        return smaller, slots

    def spec(self, *operands: Spec) -> Spec:
        """The shape of the vector.

        Raises:
            ShapeError: if the operands are not those of the body.
        """
        if len(operands) != len(self.body.inputs):
            raise ShapeError(f"scan: a step has {len(self.body.inputs)} inputs, and {len(operands)} operands are given")
        for number, given in enumerate(operands):
            node = self.input(number)
            inside = self.carries <= number < self.carries + self.sequences
            shape = (self.length, *node.shape) if inside else node.shape
            if (given.shape, given.dtype) != (shape, node.dtype):
                raise ShapeError(f"scan: {node.name!r} must be {Spec(shape, node.dtype)}, and {given} is given")
        return Spec((self.size,), self.dtype)

    def value(self, *operands: Any) -> Any:
        """The vector of all that is kept."""
        carry, sequences, fixed = self.split(operands)
        kept: dict[int, list[Any]] = {o: [None] * self.length for o in self.stacked}
        for t in self.order:
            values = evaluate(self.body, [*carry, *(x[t] for x in sequences), *fixed])
            outputs = [values[o] for o in self.body.outputs]
            carry = outputs[: self.carries]
            for o in self.stacked:
                kept[o][t] = outputs[o]
        return packed([*(np.stack(rows) for rows in kept.values()), *(carry[c] for c in self.last)], self.dtype)


def run_loop(loop: Loop, operands: Sequence[Any]) -> tuple[Any, dict[tuple[str, int], Segment]]:
    """The vector of what a loop keeps, and where in it each output lies; nothing else of the loop is run."""
    smaller, slots = loop.needed()
    return apply(PRIMITIVES["scan"], *[operands[k] for k in slots], loop=smaller), loop.places()
