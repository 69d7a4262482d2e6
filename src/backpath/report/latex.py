"""A derivative's derivation as LaTeX: the forward phase, every z(i, j), and the sum over paths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice, pairwise
from types import MappingProxyType

from backpath.graph import CONSTANT, INPUT, GraphError
from backpath.ops.expressions.numbers import Number
from backpath.paths import Linearization, Path
from backpath.paths.table import brief

MOST_PATHS = 16

FORMULAS: Mapping[str, str] = MappingProxyType(
    {
        "add": "{0} + {1}",
        "subtract": "{0} - {1}",
        "multiply": r"{0} \cdot {1}",
        "divide": r"\frac{{{0}}}{{{1}}}",
        "negative": "-{0}",
        "power": "{0}^{{{1}}}",
        "integer_power": "{0}^{{{n}}}",
        "square": "{0}^2",
        "sqrt": r"\sqrt{{{0}}}",
        "exp": "e^{{{0}}}",
        "abs": r"\left|{0}\right|",
        "reciprocal": r"\frac{{1}}{{{0}}}",
        **{name: rf"\{name}({{0}})" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "log", "arctan")},
    }
)
"""How a primitive's value is written, from its operands and parameters."""


def latex(p: Linearization, source: str, output: str) -> str:
    """The derivation of d(output)/d(source) as a LaTeX ``align*`` environment.

    Args:
        p: a linearization of scalar nodes.
        source: the name of the node to differentiate by.
        output: the name of the node to differentiate.

    Raises:
        GraphError: if a node is an array, or a name is unknown.
    """
    lines = [*_values(p), *_local_derivatives(p), *_sum(p, source, output)]
    return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}\n"


def symbol(name: str) -> str:
    """A node's name in mathematics: ``w`` stays, ``cos_2`` becomes y with index 2, longer words stand upright.

    >>> symbol("cos_2"), symbol("x1"), symbol("rate")
    ('y_{2}', 'x_{1}', '\\\\mathrm{rate}')
    """
    numbered = re.fullmatch(r"[a-z][a-z_0-9]+_(\d+)", name)
    if numbered:
        return f"y_{{{numbered[1]}}}"
    short = re.fullmatch(r"([A-Za-z])_?(\d*)", name)
    if short:
        return short[1] + (f"_{{{short[2]}}}" if short[2] else "")
    upright = name.replace("_", r"\_")
    return rf"\mathrm{{{upright}}}"


def _values(p: Linearization) -> list[str]:
    lines = []
    for node, value in zip(p.graph.nodes, p.values, strict=True):
        if node.shape != ():
            raise GraphError(f"node {node.name!r} is an array: a derivation is written for scalar graphs")
        if node.primitive == CONSTANT:
            continue
        if node.primitive != INPUT:
            lines.append(f"{symbol(node.name)} &= {_formula(p, node)} = {_number(value)}")
        elif "symbol" not in node.params or value is not node.params["symbol"]:
            lines.append(f"{symbol(node.name)} &= {_number(value)}")
    return lines


def _formula(p: Linearization, node) -> str:
    operands = [
        _number(p.values[i]) if p.graph.nodes[i].primitive == CONSTANT else symbol(p.graph.nodes[i].name)
        for i in node.parents
    ]
    if node.primitive in FORMULAS:
        return FORMULAS[node.primitive].format(*operands, **node.params)
    word = node.primitive.replace("_", r"\_")
    return rf"\mathrm{{{word}}}({', '.join(operands)})"


def _local_derivatives(p: Linearization) -> list[str]:
    lines = []
    for target in range(len(p)):
        for slot, source in p.edges_into(target):
            if p.graph.nodes[source].primitive != CONSTANT:
                i, j = (symbol(p.graph.nodes[k].name) for k in (source, target))
                z = _number(p.weight(target, slot))
                lines.append(rf"z({i}, {j}) &= \frac{{\partial {j}}}{{\partial {i}}} = {z}")
    return lines


def _sum(p: Linearization, source: str, output: str) -> list[str]:
    total = p.gradient(source, output)
    paths = list(islice(p.paths(source, output), MOST_PATHS + 1))
    left = rf"\frac{{\partial {symbol(output)}}}{{\partial {symbol(source)}}} &= "
    if not paths:
        return [left + "0"]
    shown = [_product(path) for path in paths[:MOST_PATHS]]
    if len(paths) > MOST_PATHS:
        shown.append(r"\cdots")
    numbers = [_signed(path.product) for path in paths[:MOST_PATHS]] + shown[MOST_PATHS:]
    terms = ["&= " + " + ".join(numbers)] if len(numbers) > 1 else []
    return [left + " + ".join(shown), *terms, f"&= {_number(total)}"]


def _product(path: Path) -> str:
    names = [symbol(str(name)) for name in path.nodes]
    return r"\,".join(f"z({i}, {j})" for i, j in pairwise(names))


def _signed(number: object) -> str:
    text = _number(number)
    return f"({text})" if text.startswith("-") else text


def _number(value: object) -> str:
    """A number as LaTeX writes it: 1e-05 with a power of ten, a symbolic one as SymPy does."""
    if isinstance(value, Number) and value.library.name == "sympy":
        return value.library.module.latex(value.value)
    mantissa, exponent, power = brief(value).partition("e")
    return rf"{mantissa} \cdot 10^{{{int(power)}}}" if exponent and power.lstrip("+-").isdigit() else brief(value)
