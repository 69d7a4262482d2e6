"""Expressions as graphs: ``parse("y = w**2; cos(y)")``. Text is read, never run as Python.

The syntax tree comes from :mod:`backpath.graph.syntax`; here its names get their meaning.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from backpath.graph import Graph
from backpath.graph.syntax import (
    Assignment,
    Binary,
    Call,
    Expression,
    Name,
    Number,
    Program,
    Unary,
    operands_of,
    parse_program,
    postorder,
)
from backpath.ops.dispatch import UFUNCS
from backpath.ops.elementwise import power
from backpath.ops.expressions.exact import in_library
from backpath.ops.expressions.functions import FUNCTIONS_BY_NAME, Function
from backpath.ops.movement import RESHAPE
from backpath.ops.primitive import Spec
from backpath.ops.tracing.recording import Recorder, apply
from backpath.ops.tracing.variable import Variable

CONSTANTS = {"pi": math.pi, "e": math.e}

_OPERATORS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}
_SCALAR = Spec((), np.dtype(float))


def parse(text: str, symbolic: bool = False) -> Graph:
    """The graph of an expression of numbers, variables and elementary functions.

    Statements are separated by ``;`` or newlines. ``name = expression`` names an intermediate variable; a name that
    is never assigned is an input, but for the constants ``pi`` and ``e``. The outputs are the expressions that stand
    by themselves (``a, b`` are two), and the assigned variables that nothing uses.

    Args:
        text: up to 10,000 characters, nested at most 100 levels deep.
        symbolic: whether numbers are exact and inputs SymPy's symbols, so that ``graph.at()`` holds every value and
            every z(i, j) as an expression. Needs ``pip install "backpath[symbolic]"``.

    >>> print(parse("y = w**2; o = cos(y)"))
    w = input                      float64[]
    y = integer_power(w, n=2)      float64[]
    o = cos(y)                     float64[]   -> output

    >>> parse("y = w**2; o = cos(y)", symbolic=True).at().gradient("w")
    Number(-2*w*sin(w**2))

    Raises:
        ExpressionError: showing the place in the text, and what was expected there.
        ImportError: if ``symbolic`` is asked for and SymPy is not installed.
    """
    program = parse_program(text)
    inputs, used = _scope(program)
    builder = _Builder(program, inputs)
    outputs = []
    for statement in program.statements:
        if not isinstance(statement, Assignment):
            outputs.append(builder.variable(statement))
            continue
        value = builder.assign(statement)
        if statement.name not in used:
            outputs.append(value)
    recorder = builder.recorder
    graph = Graph(tuple(recorder.nodes), tuple(recorder.inputs), tuple(v.position for v in outputs))
    return in_library(graph, "sympy") if symbolic else graph


def _scope(program: Program) -> tuple[list[str], set[str]]:
    """The inputs in order of first use, and all names that are used; each assigned once, and before its use."""
    assigned: set[str] = set()
    used: dict[str, int] = {}
    for statement in program.statements:
        value = statement.value if isinstance(statement, Assignment) else statement
        for name in sorted((p for p in postorder(value) if isinstance(p, Name)), key=lambda p: p.at):
            if name.name in FUNCTIONS_BY_NAME:
                raise program.error(name.at, f"{name.name} is a function: expected its argument, {name.name}(...)")
            used.setdefault(name.name, name.at)
        if isinstance(statement, Assignment):
            _check_assigned(program, statement, assigned, used)
            assigned.add(statement.name)
    return [name for name in used if name not in assigned and name not in CONSTANTS], set(used)


def _check_assigned(program: Program, statement: Assignment, assigned: set[str], used: dict[str, int]) -> None:
    name = statement.name
    if name in assigned:
        message = f"{name} is assigned twice; expected a new name, since a variable of a graph has one value"
    elif name in used:
        what = "the constant" if name in CONSTANTS else "an input"
        message = f"{name} is assigned after it was used as {what}; expected a new name, or the assignment first"
    elif name in FUNCTIONS_BY_NAME:
        message = f"{name} is a function; expected another name for the variable"
    else:
        return
    raise program.error(statement.at, message)


class _Builder:
    """Records the nodes of a program's expressions, operands first."""

    def __init__(self, program: Program, inputs: list[str]):
        self.program = program
        self.recorder = Recorder(1)
        self.values: dict[str, Variable] = {name: self.recorder.input(_SCALAR, name) for name in inputs}
        self.numbers: dict[str, Variable] = {}
        assigned = {s.name for s in program.statements if isinstance(s, Assignment)}
        self.recorder.names.update(assigned)
        self.constants = {name: value for name, value in CONSTANTS.items() if name not in assigned}

    def assign(self, statement: Assignment) -> Variable:
        """The node of an assigned variable, which bears its name."""
        before = len(self.recorder.nodes)
        value = self.variable(statement.value)
        if value.position < before:
            # Another name for a node that has one: a node of its own, which passes its operand on.
            value = apply(RESHAPE, value, shape=())
        self.rename(value, statement.name)
        self.numbers = {key: v for key, v in self.numbers.items() if v is not value}
        self.values[statement.name] = value
        return value

    def variable(self, expression: Expression) -> Variable:
        """The node of an expression."""
        done: dict[int, Variable] = {}
        for part in _evaluated(expression):
            operands = [done.get(id(operand)) for operand in operands_of(part)]
            done[id(part)] = self.node(part, operands)
        return done[id(expression)]

    def node(self, part: Expression, operands: list[Any]) -> Variable:
        """The node of one part, from those of its operands; None stands for a static number."""
        match part:
            case Name():
                return self.named(part.name)
            case Unary("+"):
                return operands[0]
            case Binary("**", _, exponent) if (n := _integer(exponent)) is not None:
                return power(operands[0], n)
            case Binary("**"):
                return power(*operands)
            case Binary():
                return UFUNCS[_OPERATORS[part.sign]](*operands)
            case Call():
                return self.call(part, operands)
        value = _literal(part)
        return UFUNCS["negative"](*operands) if value is None else self.number(value)

    def named(self, name: str) -> Variable:
        """The node of a variable, or of a constant at its first use."""
        if name not in self.values:
            self.values[name] = self.recorder._inside(np.asarray(self.constants[name]), ())
            self.rename(self.values[name], name)
        return self.values[name]

    def number(self, value: float) -> Variable:
        """The node of a number; equal numbers share one."""
        key = repr(value)  # 0.0 and -0.0 differ
        if key not in self.numbers:
            self.numbers[key] = self.recorder._inside(np.asarray(value), ())
        return self.numbers[key]

    def call(self, part: Call, operands: list[Any]) -> Variable:
        """The node of a function's value."""
        function, count = _function(self.program, part), len(part.arguments)
        if not function.least <= count <= function.most:
            message = f"{part.function} takes {function.arguments}, and {count} were given"
            raise self.program.error(part.at, message)
        if part.function in ("pow", "power") and (n := _integer(part.arguments[1])) is not None:
            return power(operands[0], n)
        static = {}
        for name, argument in zip(function.static, part.arguments[function.variables :], strict=False):
            value = _literal(argument)
            if value is None:
                message = f"the {name} of {part.function} is part of the function: expected a number"
                raise self.program.error(argument.at, message)
            static[name] = value
        return function.apply(*operands[: function.variables or count], **static)

    def rename(self, value: Variable, name: str) -> None:
        """Give a node its name."""
        nodes = self.recorder.nodes
        nodes[value.position] = replace(nodes[value.position], name=name)
        self.recorder.names.add(name)


def _function(program: Program, part: Call) -> Function:
    if part.function in FUNCTIONS_BY_NAME:
        return FUNCTIONS_BY_NAME[part.function]
    near = get_close_matches(part.function[:40], FUNCTIONS_BY_NAME, n=3)
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    else:
        hint = f"a product is written {part.function[:40]}*(...); functions: {', '.join(sorted(FUNCTIONS_BY_NAME))}"
    raise program.error(part.at, f"there is no function {part.function[:40]}; {hint}")


def _evaluated(expression: Expression) -> Iterator[Expression]:
    """The parts that become nodes, operands first: all but static exponents, parameters, and signs of numbers."""
    skipped: set[int] = set()
    parts = list(postorder(expression))
    for part in parts:
        static: tuple[Expression, ...] = ()
        match part:
            case Binary("**", _, exponent) if _integer(exponent) is not None:
                static = (exponent,)
            case Call("pow" | "power", (_, exponent)) if _integer(exponent) is not None:
                static = (exponent,)
            case Call() if part.function in FUNCTIONS_BY_NAME:
                function = FUNCTIONS_BY_NAME[part.function]
                static = part.arguments[function.variables :] if function.static else ()
            case Unary("-") if _literal(part) is not None:
                static = (part.operand,)
        for unused in static:
            skipped.update(id(inner) for inner in postorder(unused))
    return (part for part in parts if id(part) not in skipped)


def _literal(part: Expression) -> float | None:
    """The value of a number with or without signs; None of anything else."""
    sign = 1.0
    while isinstance(part, Unary):
        sign = -sign if part.sign == "-" else sign
        part = part.operand
    return sign * part.value if isinstance(part, Number) else None


def _integer(part: Expression) -> int | None:
    """The value of a whole number that can be an exponent; None of anything else."""
    value = _literal(part)
    return int(value) if value is not None and value.is_integer() and abs(value) < 2**31 else None
