"""What an ONNX node becomes: the table of rules, and what a rule is given."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpath.graph import BackpathError
from backpath.ops import Variable, spec_of

MOST_KNOWN = 1 << 27
"""Entries of an array that a node makes of known numbers, while a graph is made."""

MOST_ENTRIES = 1 << 31
"""Entries of any array."""


class RefusedError(BackpathError):
    """A node asks for what its rule has not."""


class NotKnownError(RefusedError):
    """A rule needs the numbers of a value that is traced."""

    def __init__(self, value: Variable, what: str):
        super().__init__(f"{what} depends on values, and shapes must be known when the graph is made")
        self.value = value


@dataclass(frozen=True, slots=True)
class Training:
    """What one run of a model that was read for training draws and sees.

    Attributes:
        noise: uniform numbers by what draws them; what finds none there draws nothing.
        shapes: of the numbers that were asked for, by what draws them.
        statistics: the mean and variance of the batch, by what is normalized with them.
    """

    noise: Mapping[str, Any] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    statistics: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def drawn(self, name: str, shape: tuple[int, ...]) -> Any:
        """Uniform numbers of that shape, None where there are none; in a loop each step has its own."""
        own = name if name not in self.shapes else f"{name}:{len(self.shapes)}"
        self.shapes[own] = shape
        return self.noise.get(own)


@dataclass(frozen=True, slots=True)
class Call:
    """A node at its inputs.

    Attributes:
        op: the operation.
        inputs: values, None for those that are absent.
        attributes: by name, with the defaults of its version.
        version: of the operations of its domain.
        outputs: how many are wanted.
        real: the type of the file's real numbers, and that in which they are computed here.
        branch: runs one of the node's graphs: from an attribute and values of its inputs to its outputs.
        batch: that the file was written for, if it is one, and that of the inputs.
        traced: whether a graph is made, so that what is not traced is the file's own.
        training: what is drawn and seen, if the model was read for training.
        name: of its first result.
        texts: those of the file, by which rules of texts read and write numbers.
    """

    op: str
    inputs: tuple[Any, ...]
    attributes: Mapping[str, Any]
    version: int
    outputs: int
    real: tuple[np.dtype, np.dtype]
    branch: Callable[[Any, list[Any]], list[Any]]
    batch: tuple[int, int] | None = None
    traced: bool = False
    training: Training | None = None
    name: str = ""
    texts: Any = None

    def __getitem__(self, k: int) -> Any:
        """Its k-th input, None if that is absent."""
        return self.inputs[k] if k < len(self.inputs) else None

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute."""
        value = self.attributes.get(name)
        return default if value is None else value

    def known(self, k: int, name: str, default: Any = None) -> Any:
        """An input whose numbers must be known; of older versions the attribute of that name.

        Raises:
            NotKnownError: if it is traced.
        """
        value = self[k]
        if isinstance(value, Variable):
            raise NotKnownError(value, f"its {name}")
        return self.get(name, default) if value is None else value

    def whole(self, k: int, name: str) -> list[int] | None:
        """That as whole numbers in a list."""
        value = self.known(k, name)
        return None if value is None else [int(n) for n in np.ravel(value)]

    def typed(self, dtype: np.dtype) -> np.dtype:
        """The type in which numbers of a type of the file's are held here."""
        return self.real[1] if dtype == self.real[0] else dtype

    def room(self, shape: Any) -> tuple[int, ...]:
        """A shape that is asked for.

        Raises:
            RefusedError: if it holds too many entries, or sizes below 0.
        """
        known = self.traced and not any(isinstance(x, Variable) for x in self.inputs)
        sizes, most = tuple(int(n) for n in shape), MOST_KNOWN if known else MOST_ENTRIES
        if any(n < 0 for n in sizes) or math.prod(sizes) > most:
            raise RefusedError(f"it asks for an array of shape {list(sizes)}, and {most:,} entries are the most")
        return sizes


Rule = Callable[[Call], Any]
RULES: dict[str, Rule] = {}
"""By operation; those of other domains than ONNX's own with their domain in front."""


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Decorator: the rule of these operations."""

    def register(function: Rule) -> Rule:
        for name in names:
            assert name not in RULES, name
            RULES[name] = function
        return function

    return register


def dtype_of(x: Any) -> np.dtype:
    """The type of a value."""
    return spec_of(x).dtype


def as_type(y: Any, dtype: np.dtype) -> Any:
    """A value in a type."""
    return y if dtype_of(y) == dtype else y.astype(dtype) if hasattr(y, "astype") else np.asarray(y, dtype)


def axis_in(axis: int, ndim: int) -> int:
    """An axis counted from the front.

    Raises:
        RefusedError: if it is not there.
    """
    if not -ndim <= axis < max(ndim, 1):
        raise RefusedError(f"axis {axis} does not exist in an array of {ndim} axes")
    return axis % ndim if ndim else 0
