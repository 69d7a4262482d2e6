"""Tracing: running a function on stand-ins for its arguments and recording what it does as a graph.

The recorder knows nothing of derivatives. Traces nest: an operation is recorded by the innermost trace among
its operands, to which values of the traces around it are captured inputs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import CONSTANT, INPUT, NO_PARAMS, Graph, Node, ShapeError, TraceError
from backpath.ops.primitive import Primitive, Spec, shape_rule, spec_of
from backpath.ops.trees import flatten, unflatten
from backpath.ops.variable import Variable

_depth: ContextVar[int] = ContextVar("depth", default=0)


class Recorder:
    """Appends one node per recorded operation."""

    __slots__ = ("captured", "constants", "depth", "inputs", "names", "nodes", "open")

    def __init__(self, depth: int):
        self.depth = depth
        self.nodes: list[Node] = []
        self.inputs: list[int] = []
        self.constants: dict[int, Variable] = {}
        self.names: set[str] = set()
        self.captured: dict[int, tuple[Variable, Variable]] = {}
        self.open = True

    def input(self, spec: Spec, name: str) -> Variable:
        """A new input of the graph."""
        self.inputs.append(len(self.nodes))
        self.names.add(name)
        return self._append(INPUT, (), spec, NO_PARAMS, name)

    def record(self, primitive: Primitive, operands: tuple[Any, ...], params: dict[str, Any]) -> Variable:
        """The node that applies ``primitive``; its shape is checked here and now."""
        inside = [self._inside(x, operands) for x in operands]
        try:
            spec = primitive.shape(*[Spec(v.shape, v.dtype) for v in inside], **params)
        except ShapeError as error:
            names = ", ".join(self.nodes[v.position].name for v in inside)
            raise ShapeError(f"{error} (in {primitive.name}({names}))") from None
        return self._append(primitive.name, tuple([v.position for v in inside]), spec, params or NO_PARAMS)

    def _inside(self, x: Any, operands: tuple[Any, ...]) -> Variable:
        """``x`` as a variable of this trace: itself, a captured input, or a constant."""
        if isinstance(x, Variable):
            if x.recorder is self:
                return x
            if id(x) not in self.captured:
                name = f"captured_{len(self.captured)}"
                self.captured[id(x)] = x, self.input(Spec(x.shape, x.dtype), name)
            return self.captured[id(x)][1]
        if isinstance(x, (bool, int, float, complex)):
            # A Python number takes the type of the arrays it meets, as in NumPy (NEP 50).
            x = np.asarray(x, np.result_type(x, *[v.dtype for v in operands if hasattr(v, "dtype")]))
        if id(x) in self.constants:
            return self.constants[id(x)]
        x = np.asarray(x)
        if x.dtype.kind not in "biufc":
            raise TraceError("an operand is neither a number nor an array of numbers, and cannot be traced")
        # The node keeps the array alive, so its id stays its own.
        self.constants[id(x)] = constant = self._append(CONSTANT, (), spec_of(x), {"value": x})
        return constant

    def _append(
        self, primitive: str, parents: tuple[int, ...], spec: Spec, params: Mapping[str, Any], name: str | None = None
    ) -> Variable:
        position = len(self.nodes)
        label = f"{primitive}_{position}" if name is None else name
        while name is None and label in self.names:
            label += "_"
        self.nodes.append(Node(label, primitive, parents, spec.shape, spec.dtype, params))
        return Variable(self, position, spec.shape, spec.dtype)


def is_tracing() -> bool:
    """Whether this call is made by a function that is being traced."""
    return _depth.get() > 0


def apply(primitive: Primitive, *operands: Any, **params: Any) -> Any:
    """The value of ``primitive`` at known operands, or its node where an operand is traced."""
    recorder: Recorder | None = None
    for x in operands:
        if type(x) is Variable:
            if not x.recorder.open:
                raise TraceError(
                    f"{primitive.name} met a traced value of a function that has already returned: traced values "
                    f"stand for numbers only while their function runs; return what you need instead of storing it"
                )
            if recorder is None or x.recorder.depth > recorder.depth:
                recorder = x.recorder
    if recorder is None:
        return primitive.value(*operands, **params)
    return recorder.record(primitive, operands, params)


@dataclass(frozen=True, slots=True)
class Trace:
    """A function made into a graph.

    ``captured`` are the values of surrounding traces that it uses: the graph's last inputs, in this order.
    """

    graph: Graph
    captured: tuple[Variable, ...]
    structure: Any


def record(f: Callable[..., Any], *args: Any, names: Sequence[str] | None = None) -> Trace:
    """Trace ``f``, taking only shapes and dtypes from ``args`` (arrays, or tuples, lists, dicts of them).

    Raises:
        TraceError: if ``f`` uses a traced value where a known number is needed.
        ShapeError: where shapes inside ``f`` do not fit.
    """
    names = argument_names(f, len(args)) if names is None else names
    recorder = Recorder(_depth.get() + 1)
    token = _depth.set(recorder.depth)
    try:
        traced = []
        for arg, name in zip(args, names, strict=True):
            leaves, structure = flatten(arg, name)
            traced.append(unflatten(structure, [recorder.input(spec_of(x), path) for path, x in leaves]))
        leaves, structure = flatten(f(*traced), "output")
        outputs = [recorder._inside(y, ()).position for _, y in leaves]
    finally:
        recorder.open = False
        _depth.reset(token)
    graph = Graph(tuple(recorder.nodes), tuple(recorder.inputs), tuple(outputs))
    return Trace(graph, tuple(x for x, _ in recorder.captured.values()), structure)


def trace(f: Callable[..., Any], *args: Any) -> Graph:
    """The computational graph of ``f`` for arguments of these shapes and dtypes.

    >>> import numpy as np
    >>> print(trace(lambda w: np.cos(w * w), 1.2))
    w = input                       float64[]
    multiply_1 = multiply(w, w)     float64[]
    cos_2 = cos(multiply_1)         float64[]   -> output

    Raises:
        TraceError: if ``f`` uses a traced value where a known number is needed.
        ShapeError: where shapes inside ``f`` do not fit.
    """
    graph = record(f, *args).graph
    graph.check(shape_rule)
    return graph


def argument_names(f: Callable[..., Any], count: int) -> list[str]:
    """The names of the first ``count`` positional parameters of ``f``, or ``x0``, ``x1``, ... if it hides them."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return [f"x{k}" for k in range(count)]
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][:count]
    taken = set(names)
    for k in range(len(names), count):
        name = f"x{k}"
        while name in taken:
            name += "_"
        names.append(name)
    return names
