"""What JAX makes of a function, as equations of ours: the one place that touches ``jax.extend``.

Calls are inlined: ``jit``, ``checkpoint`` and functions with derivatives of their own, which are differentiated as what
they compute. Loops of a fixed length keep their body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

CALLS = ("jaxpr", "call_jaxpr", "fun_jaxpr")
"""What an equation that is a call names the function that it calls."""

OWN = frozenset({"scan", "cond", "while"})
"""Equations with functions inside that are no calls."""


@dataclass(frozen=True, slots=True)
class Value:
    """An operand that an equation made, or an argument, by its number."""

    number: int


@dataclass(frozen=True, slots=True)
class Equation:
    """One operation.

    Attributes:
        op: the name of JAX's primitive.
        operands: values by number, and known arrays.
        settings: JAX's, but for functions.
        results: the numbers of what it makes.
        module: the path that ``jax.named_scope`` gave it, as Flax does.
        where: that path, or the functions in which it stands.
        bodies: of a loop or a branch.
    """

    op: str
    operands: tuple[Value | np.ndarray, ...]
    settings: Mapping[str, Any]
    results: tuple[int, ...]
    module: str
    where: str
    bodies: tuple[Equations, ...] = ()


@dataclass(frozen=True, slots=True)
class Equations:
    """A function as equations in order.

    Attributes:
        arguments: the numbers of its arguments.
        constants: arrays that it captured, by number.
        equations: in order.
        results: numbers, or known arrays.
    """

    arguments: tuple[int, ...]
    constants: Mapping[int, np.ndarray]
    equations: tuple[Equation, ...]
    results: tuple[Value | np.ndarray, ...]

    def every(self) -> Iterator[Equation]:
        """All equations, those inside of loops and branches too."""
        for equation in self.equations:
            yield equation
            for body in equation.bodies:
                yield from body.every()


def equations_of(f: Callable[..., Any], *shapes: Any) -> tuple[Equations, Any]:
    """The equations of a function of arrays, or trees of them, of these shapes and types; and how its results nest."""
    import jax

    closed, nesting = jax.make_jaxpr(f, return_shape=True)(*shapes)
    return _Reader().function(closed), nesting


class _Reader:
    """Numbers every variable once."""

    def __init__(self) -> None:
        self.count = 0

    def new(self) -> int:
        self.count += 1
        return self.count - 1

    def function(self, closed: Any, where: str = "", module: str = "") -> Equations:
        known: dict[Any, Value | np.ndarray] = {}
        constants: dict[int, np.ndarray] = {}
        jaxpr, consts = (closed.jaxpr, closed.consts) if hasattr(closed, "consts") else (closed, ())
        for variable, value in zip(jaxpr.constvars, consts, strict=True):
            number = self.new()
            known[variable], constants[number] = Value(number), _array(value)
        arguments = [self.new() for _ in jaxpr.invars]
        known.update(zip(jaxpr.invars, map(Value, arguments), strict=True))
        found: list[Equation] = []
        self.body(jaxpr, known, found, constants, where, module)
        results = tuple(_operand(v, known) for v in jaxpr.outvars)
        return Equations(tuple(arguments), constants, tuple(found), results)

    def body(
        self, jaxpr: Any, known: dict[Any, Any], found: list[Equation], constants: dict[int, np.ndarray], where: str,
        module: str,
    ) -> None:  # fmt: skip
        """The equations of a function whose arguments are known, calls inlined."""
        for eqn in jaxpr.eqns:
            path = _joined(module, str(eqn.source_info.name_stack).replace("/", "."))
            operands = [_operand(v, known) for v in eqn.invars]
            name, called = eqn.primitive.name, next((eqn.params[k] for k in CALLS if k in eqn.params), None)
            if called is None or name in OWN:
                place = path or where or "the function itself"
                found.append(self.equation(eqn, tuple(operands), known, path, place))
                continue
            inner: dict[Any, Any] = {}
            jaxpr_inside, consts = (called.jaxpr, called.consts) if hasattr(called, "consts") else (called, ())
            for variable, value in zip(jaxpr_inside.constvars, consts, strict=True):
                inner[variable] = Value(self.new())
                constants[inner[variable].number] = _array(value)
            inner.update(zip(jaxpr_inside.invars, operands[len(operands) - len(jaxpr_inside.invars) :], strict=True))
            own = str(eqn.params.get("name", ""))
            self.body(jaxpr_inside, inner, found, constants, f"{where} > {own}".strip(" >") if own else where, path)
            known.update(zip(eqn.outvars, [_operand(v, inner) for v in jaxpr_inside.outvars], strict=True))

    def equation(self, eqn: Any, operands: tuple[Any, ...], known: dict[Any, Any], module: str, where: str) -> Equation:
        results = []
        for variable in eqn.outvars:
            number = self.new()
            known[variable] = Value(number)
            results.append(number)
        inside = {"scan": ("jaxpr",), "cond": ("branches",)}.get(eqn.primitive.name, ())
        functions = [f for key in inside for f in _listed(eqn.params[key])]
        settings = {key: x for key, x in eqn.params.items() if key not in inside}
        bodies = tuple(self.function(f, where, module) for f in functions)
        return Equation(eqn.primitive.name, operands, settings, tuple(results), module, where, bodies)


def _array(value: Any) -> np.ndarray:
    """A known array; of a key of random numbers, which NumPy does not know and nothing here reads, an empty one."""
    try:
        return np.asarray(value)
    except TypeError:
        return np.zeros(0)


def _listed(x: Any) -> Sequence[Any]:
    return x if isinstance(x, (tuple, list)) else [x]


def _joined(outer: str, inner: str) -> str:
    return f"{outer}.{inner}" if outer and inner else outer or inner


def _operand(variable: Any, known: Mapping[Any, Any]) -> Value | np.ndarray:
    from jax.extend.core import Literal

    return _array(variable.val) if isinstance(variable, Literal) else known[variable]


def values_of(f: Callable[..., Any], *arguments: Any) -> list[np.ndarray]:
    """What JAX itself makes in each equation of :func:`equations_of`, in order; loops and branches are one each."""
    import jax

    closed = jax.make_jaxpr(f)(*arguments)

    def every(*leaves: Any) -> list[Any]:
        found: list[Any] = []
        _evaluated(closed.jaxpr, closed.consts, leaves, found)
        return found

    # Compiled once as a whole, which takes less time than each operation by itself.
    return [np.asarray(x) for x in jax.jit(every)(*jax.tree_util.tree_leaves(arguments))]


def _evaluated(jaxpr: Any, constants: Sequence[Any], arguments: Sequence[Any], found: list[Any]) -> list[Any]:
    from jax.extend.core import Literal

    known: dict[Any, Any] = dict(zip(jaxpr.constvars, constants, strict=True))
    known.update(zip(jaxpr.invars, arguments, strict=True))

    def value(variable: Any) -> Any:
        return variable.val if isinstance(variable, Literal) else known[variable]

    for eqn in jaxpr.eqns:
        operands = [value(v) for v in eqn.invars]
        called = next((eqn.params[k] for k in CALLS if k in eqn.params), None)
        if called is not None and eqn.primitive.name not in OWN:
            inside, consts = (called.jaxpr, called.consts) if hasattr(called, "consts") else (called, ())
            made = _evaluated(inside, consts, operands[len(operands) - len(inside.invars) :], found)
        else:
            made = eqn.primitive.bind(*operands, **eqn.params)
            made = made if eqn.primitive.multiple_results else [made]
            found.extend(made)
        known.update(zip(eqn.outvars, made, strict=True))
    return [value(v) for v in jaxpr.outvars]
