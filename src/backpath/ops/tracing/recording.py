"""Tracing: running a function on stand-ins for its arguments and recording what it does as a graph.

The recorder knows nothing of derivatives. Traces nest: an operation is recorded by the innermost trace among
its operands, to which values of the traces around it are captured inputs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from backpath.graph import CONSTANT, INPUT, NO_PARAMS, BackpathError, Graph, Node, ShapeError, TraceError
from backpath.ops.primitive import Primitive, Spec, shape_rule, spec_of
from backpath.ops.tracing.frozen import frozen, frozen_parameter, unchanged
from backpath.ops.tracing.trees import Static, flatten, is_leaf, statics_of, unflatten
from backpath.ops.tracing.variable import Variable

_depth: ContextVar[int] = ContextVar("depth", default=0)
_scope: ContextVar[str] = ContextVar("scope", default="")


@contextmanager
def scope(name: str) -> Iterator[None]:
    """What is recorded meanwhile is called ``name/primitive_7``: of which part of a model a node is.

    Of scopes in each other the inner one counts; an empty name is none.

    >>> with scope("layer1.conv"):
    ...     print(trace(lambda w: w * w, 1.2).nodes[-1].name)
    layer1.conv/multiply_1
    """
    token = _scope.set(name)
    try:
        yield
    finally:
        _scope.reset(token)


def scope_of(name: str) -> str:
    """The scope in which a node of this name was recorded; empty if there was none."""
    return name.rpartition("/")[0]


class Recorder:
    """Appends one node per recorded operation."""

    __slots__ = ("captured", "constants", "depth", "inputs", "names", "nodes", "open")

    def __init__(self, depth: int):
        self.depth = depth
        self.nodes: list[Node] = []
        self.inputs: list[int] = []
        self.constants: dict[int, tuple[Any, Any, Variable]] = {}
        self.names: set[str] = set()
        self.captured: dict[int, tuple[Variable, Variable]] = {}
        self.open = True

    def input(self, spec: Spec, name: str) -> Variable:
        """A new input of the graph."""
        while name in self.names:
            name += "_"
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
        fixed = {key: frozen_parameter(value) for key, value in params.items()} if params else NO_PARAMS
        return self._append(primitive.name, tuple([v.position for v in inside]), spec, fixed)

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
        given, read, constant = self.constants.get(id(x), (None, None, None))
        if given is not x or constant is None or not unchanged(x, read):
            read = frozen(x)
            constant = self._append(CONSTANT, (), spec_of(read), {"value": read})
            # An array that is kept alive keeps its id.
            self.constants[id(x)] = x, read, constant
        return constant

    def _append(
        self, primitive: str, parents: tuple[int, ...], spec: Spec, params: Mapping[str, Any], name: str | None = None
    ) -> Variable:
        if spec.dtype.kind == "c":
            raise TraceError(
                f"{name or primitive} is complex: derivatives are of real numbers by real numbers. Write the real and "
                f"the imaginary part as two arrays"
            )
        position = len(self.nodes)
        label = name
        if label is None:
            scoped = _scope.get()
            label = f"{scoped}/{primitive}_{position}" if scoped else f"{primitive}_{position}"
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
        elif isinstance(x, Variable):
            return apply(primitive, *[y.settled() if isinstance(y, Variable) else y for y in operands], **params)
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


def record(
    f: Callable[..., Any],
    *args: Any,
    names: Sequence[str] | None = None,
    kwargs: Mapping[str, Any] | None = None,
) -> Trace:
    """Trace ``f``, taking only shapes and dtypes from the arrays in the arguments, and what is static as it is.

    The inputs are the leaves of the positional arguments, then those of the keyword arguments; see
    ``trees`` for what a leaf is. With ``names`` of the positional arguments, ``f`` is one of ours,
    which makes errors of its own.

    Raises:
        TraceError: if ``f`` uses a traced value where a known number is needed, or does not take these arguments.
        ShapeError: where shapes inside ``f`` do not fit.
    """
    named = names is not None
    names = argument_names(f, len(args)) if names is None else names
    keywords = kwargs or {}
    recorder = Recorder(_depth.get() + 1)
    given: set[Static] = set()

    def traced(arg: Any, name: str) -> Any:
        leaves, structure = flatten(arg, name)
        given.update(statics_of(structure))
        return unflatten(structure, [recorder.input(spec_of(x), path) for path, x in leaves])

    token = _depth.set(recorder.depth)
    try:
        positional = [traced(arg, name) for arg, name in zip(args, names, strict=True)]
        by_name = {name: traced(arg, name) for name, arg in keywords.items()}
        value = f(*positional, **by_name) if named else traced_call(f, positional, by_name)
        leaves, structure = flatten(value, "output", lambda x: is_leaf(x) or _new_flag(x, given))
        _check_returned(structure, given)
        settled = [y.settled() if isinstance(y, Variable) else y for _, y in leaves]
        outputs = [recorder._inside(y, ()).position for y in settled]
    finally:
        recorder.open = False
        _depth.reset(token)
    graph = Graph(tuple(recorder.nodes), tuple(recorder.inputs), tuple(outputs))
    return Trace(graph, tuple(x for x, _ in recorder.captured.values()), structure)


def trace(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Graph:
    """The computational graph of ``f`` for arguments of these shapes and dtypes.

    >>> import numpy as np
    >>> print(trace(lambda w: np.cos(w * w), 1.2))
    w = input                       float64[]
    multiply_1 = multiply(w, w)     float64[]
    cos_2 = cos(multiply_1)         float64[]   -> output

    Raises:
        TraceError: if ``f`` uses a traced value where a known number is needed, or does not take these arguments.
        ShapeError: where shapes inside ``f`` do not fit.
    """
    graph = record(f, *args, kwargs=kwargs).graph
    graph.check(shape_rule)
    return graph


def traced_call(f: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """``f(*args, **kwargs)``, whose errors over traced values are ours.

    Raises:
        TraceError: if ``f`` does not take these arguments; in place of NumPy's and Python's errors over traced values.
    """
    try:
        return f(*args, **kwargs)
    except BackpathError as error:
        if isinstance(error, TraceError) and (hint := _one_by_one(args)):
            raise TraceError(f"{error}.{hint}") from None
        raise
    except (TypeError, ValueError, AttributeError) as error:
        if isinstance(error.__cause__, TraceError):
            raise error.__cause__ from None
        if misfit := _misfit(f, args, kwargs):
            raise TraceError(f"{_name(f)} does not take these arguments: {misfit}.{_one_by_one(args)}") from None
        hint = _one_by_one(args)
        if "Variable" in str(error) or hint:
            raise TraceError(f"{_name(f)}: {error} (a traced value has no number to give).{hint}") from error
        raise


def _misfit(f: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Why ``f`` does not take these arguments; empty if it does, or is a function in C without a signature."""
    try:
        inspect.signature(f).bind(*args, **kwargs)
    except ValueError:
        return ""
    except TypeError as error:
        return str(error)
    return ""


def _one_by_one(args: Sequence[Any]) -> str:
    """The likely mistake where the only argument is a tuple."""
    if len(args) == 1 and type(args[0]) is tuple:
        return " Its one argument is a tuple: if that was meant as its arguments, give them one by one, as f(*args)"
    return ""


def _new_flag(x: Any, given: set[Static]) -> bool:
    """Whether ``x`` is a truth value that the function found, which is a number; one that it was given is static."""
    return isinstance(x, (bool, np.bool)) and Static(x) not in given


def _check_returned(structure: Any, given: set[Static]) -> None:
    """Refuse what a function may not return beside numbers, in whose inside traced values could leave their trace."""
    for static in statics_of(structure):
        if static not in given and not isinstance(static.value, (type(None), bool, np.bool, str, bytes, Enum)):
            raise TraceError(
                f"the function returned a {type(static.value).__name__}, which is neither a number nor an array of "
                f"numbers: return arrays, or tuples, lists, dicts, dataclasses of them (np.stack([a, b]) joins several)"
            )


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", type(f).__name__)


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
