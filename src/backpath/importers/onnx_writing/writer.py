"""Nodes of ONNX's as they are written, one after another, and shapes of which some sizes follow the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import GraphError

OPSET = 20
"""Of what is written: the first in which all operations that are used are there."""

IR_VERSION = 9


@dataclass(frozen=True, slots=True)
class Batch:
    """A size that is so many times the batch."""

    times: int


Size = int | Batch
Sizes = tuple[Size, ...]

BATCHES = 2, 3
"""Two batches; a size that differs between them follows the batch."""


def size_of(first: int, second: int) -> Size:
    """A size from what it is in both batches.

    Raises:
        GraphError: if it is no multiple of the batch.
    """
    if first == second:
        return first
    times, rest = divmod(first, BATCHES[0])
    if rest or second != times * BATCHES[1]:
        raise GraphError(
            f"a size is {first} for {BATCHES[0]} examples and {second} for {BATCHES[1]}: a file holds sizes that are "
            f"fixed, or multiples of the batch. Give batch=1, and the file takes that many alone"
        )
    return Batch(times)


def sizes_of(first: Sequence[int], second: Sequence[int]) -> Sizes:
    """A shape from what it is in both batches."""
    if len(first) != len(second):
        raise GraphError("the number of axes follows the batch, which a file cannot hold: give batch=1")
    return tuple(size_of(a, b) for a, b in zip(first, second, strict=True))


class Writer:
    """A graph in the making: nodes and known arrays, each under a name of its own."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.arrays: dict[str, np.ndarray] = {}
        self.trained: list[str] = []
        self.batch_source = ""
        self._names: set[str] = set()
        self._turned: dict[str, tuple[str, tuple[int, ...]]] = {}
        self._known: dict[tuple[Any, ...], str] = {}

    def name(self, wanted: str) -> str:
        """A name that nothing has yet."""
        name, k = wanted, 1
        while name in self._names:
            k += 1
            name = f"{wanted}_{k}"
        self._names.add(name)
        return name

    def array(self, value: Any, wanted: str = "known") -> str:
        """The name of a known array, the same for the same small one."""
        value = np.asarray(value)
        key = (value.tobytes(), value.shape, value.dtype.str) if value.size <= 64 and wanted == "known" else None
        if key in self._known and key is not None:
            return self._known[key]
        name = self.name(wanted)
        self.arrays[name] = value
        if key is not None:
            self._known[key] = name
        return name

    def op(self, operation: str, *inputs: str, name: str = "", domain: str = "", outputs: int = 1, **how: Any) -> str:
        """The name of the first result of a new node."""
        from onnx import helper

        made = [self.name(name or f"{operation.lower()}_{len(self.nodes)}") for _ in range(outputs)]
        self.nodes.append(helper.make_node(operation, list(inputs), made, name=made[0], domain=domain or None, **how))
        return made[0]

    def transposed(self, x: str, axes: Sequence[int]) -> str:
        """Axes in another order; of what was just turned, from where it was."""
        axes = tuple(int(k) for k in axes)
        if x in self._turned:
            x, first = self._turned[x]
            axes = tuple(first[k] for k in axes)
        if axes == tuple(range(len(axes))):
            return x
        made = self.op("Transpose", x, perm=axes)
        self._turned[made] = x, axes
        return made

    def reshaped(self, x: str, sizes: Sizes) -> str:
        """Another shape."""
        following = [k for k, n in enumerate(sizes) if isinstance(n, Batch)]
        if len(following) <= 1 and 0 not in sizes:
            known = np.array([-1 if isinstance(n, Batch) else n for n in sizes], np.int64)
            return self.op("Reshape", x, self.array(known))
        return self.op("Reshape", x, self.shape(sizes), allowzero=1)

    def shape(self, sizes: Sizes) -> str:
        """A shape as a value."""
        if not any(isinstance(n, Batch) for n in sizes):
            return self.array(np.array(sizes, np.int64))
        if not self.batch_source:
            raise GraphError("a size follows the batch, and there is no input that tells it")
        batch = self.op("Shape", self.batch_source, start=0, end=1)
        parts = [
            self.op("Mul", batch, self.array(np.array([n.times], np.int64)))
            if isinstance(n, Batch)
            else self.array(np.array([n], np.int64))
            for n in sizes
        ]
        return self.op("Concat", *parts, axis=0)

    def expanded(self, x: str, old: Sizes, new: Sizes) -> str:
        """Broadcast to a shape; where a size is there already nothing is said of it."""
        lead = len(new) - len(old)
        same = tuple(1 if k >= lead and old[k - lead] == n else n for k, n in enumerate(new))
        return self.op("Expand", x, self.shape(same))

    def scalar(self, value: float, dtype: np.dtype) -> str:
        """A number in a type."""
        return self.array(np.array(value, dtype))


def code_of(dtype: np.dtype) -> int:
    """ONNX's code of a type; objects are texts."""
    from onnx import TensorProto, helper

    if dtype.kind == "O":
        return TensorProto.STRING
    return helper.np_dtype_to_tensor_dtype(dtype)
