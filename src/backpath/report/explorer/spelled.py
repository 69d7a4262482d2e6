"""A graph of scalars written as an expression, so that the page can offer it to be edited."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from backpath.graph import CONSTANT, INPUT, Graph, Node
from backpath.ops.expressions.functions import FUNCTIONS_BY_NAME
from backpath.ops.expressions.parsing import CONSTANTS

INFIX: Mapping[str, tuple[str, int]] = MappingProxyType(
    {"add": ("+", 1), "subtract": ("-", 1), "multiply": ("*", 2), "divide": ("/", 2), "power": ("**", 4)}
)
STATIC: Mapping[str, str] = MappingProxyType({"elu": "alpha", "leaky_relu": "slope"})
UNARY, ATOM = 3, 5
MOST_CHARACTERS = 2_000

Written = tuple[str, int]
"""Text, and how tightly it binds."""


def spelled(graph: Graph) -> str | None:
    """Statements that :func:`backpath.parse` makes an equal graph of; None where the grammar has no words for it.

    A node that one other uses, and that has no name of its own, stands inside that one's expression.
    """
    if not graph.outputs:
        return None
    users = [0] * len(graph)
    for node in graph.nodes:
        for parent in node.parents:
            users[parent] += 1
    lines: list[str] = []
    written: list[Written] = []
    for position, node in enumerate(graph.nodes):
        text = _node(node, [written[p] for p in node.parents])
        if text is None:
            return None
        own = node.name.rstrip("_") != f"{node.primitive}_{position}"
        inline = not own and users[position] <= 1 and (position not in graph.outputs or len(graph.outputs) == 1)
        if node.primitive not in (INPUT, CONSTANT) and not inline and (users[position] or position in graph.outputs):
            if not _is_name(node.name):
                return None
            lines.append(f"{node.name} = {text[0]}")
            text = (node.name, ATOM)
        written.append(text)
    last = ", ".join(written[o][0] for o in graph.outputs)
    assigned = bool(lines) and lines[-1].startswith(f"{last} = ")
    if not assigned or any(users[o] for o in graph.outputs):
        lines.append(last)
    found = "; ".join(lines)
    return found if len(found) <= MOST_CHARACTERS else None


def _node(node: Node, operands: list[Written]) -> Written | None:
    if node.shape:
        return None
    if node.primitive == INPUT:
        return (node.name, ATOM) if _is_name(node.name) else None
    if node.primitive == CONSTANT:
        return _number(node.params["value"])
    if node.primitive == "reshape":
        return operands[0]
    if node.primitive == "integer_power":
        return f"{_inside(operands[0], ATOM)}**{node.params['n']}", 4
    if node.primitive == "negative":
        return f"-{_inside(operands[0], UNARY)}", UNARY
    if node.primitive in INFIX:
        sign, binding = INFIX[node.primitive]
        left, right = (binding + 1, UNARY) if sign == "**" else (binding, binding + 1)
        space = "" if binding > 1 else " "
        return f"{_inside(operands[0], left)}{space}{sign}{space}{_inside(operands[1], right)}", binding
    function = FUNCTIONS_BY_NAME.get(node.primitive)
    if function is None or len(operands) != (function.variables or 2):
        return None
    given = [text for text, _ in operands]
    if node.primitive in STATIC:
        given.append(repr(float(node.params[STATIC[node.primitive]])))
    return f"{node.primitive}({', '.join(given)})", ATOM


def _number(value: object) -> Written | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    if not math.isfinite(number):
        return None
    text = repr(int(number)) if number.is_integer() and abs(number) < 1e15 and str(number) != "-0.0" else repr(number)
    return text, UNARY if text.startswith("-") else ATOM


def _inside(written: Written, least: int) -> str:
    text, binding = written
    return text if binding >= least else f"({text})"


def _is_name(name: str) -> bool:
    return name.isidentifier() and name not in FUNCTIONS_BY_NAME and name not in CONSTANTS
