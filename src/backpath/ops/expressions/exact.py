"""Graphs and their inputs in exact numbers: symbols of SymPy, or mpmath's numbers of any number of digits.

``in_library(parse("cos(w**2)"), "sympy").at()`` holds every value and every z(i, j) as an expression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from backpath.graph import CONSTANT, INPUT, Graph, Node
from backpath.ops.expressions.libraries import Library, library
from backpath.ops.expressions.numbers import Number, NumberArray, array_of

OBJECT = np.dtype(object)


def in_library(x: Any, name: str, digits: int = 50) -> Any:
    """``x`` in exact numbers of the library ``name``, ``"sympy"`` or ``"mpmath"``.

    Args:
        x: a number (also a Fraction, a decimal in a string, or a value of the library), an array, a list, tuple or dict
            of these, or a Graph, of which the constants and numeric parameters are meant.
        name: the library.
        digits: how many significant digits mpmath's numbers have.

    Returns:
        Numbers and NumberArrays in the place of numbers and arrays. For mpmath a float becomes exactly the number it
        is; for SymPy the simplest rational number of which it is the float. In a graph, the floats nearest to pi, e,
        log(2) and log(10) become these.

    Raises:
        ImportError: if the library is not installed.
    """
    numbers = library(name, digits) if name == "mpmath" else library(name)
    return _exact_graph(x, numbers) if isinstance(x, Graph) else _exact(x, numbers, numbers.convert)


def _symbols(node: Node, numbers: Library) -> Any:
    """One real symbol for each entry, named as the input, or ``W[0,1]`` in an array."""
    names = [f"{node.name}[{','.join(map(str, k))}]" if node.shape else node.name for k in np.ndindex(node.shape)]
    entries = [Number(numbers.module.Symbol(name, real=True), numbers) for name in names]
    return array_of(entries, node.shape) if node.shape else entries[0]


def _exact(x: Any, numbers: Library, convert: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return type(x)(_exact(part, numbers, convert) for part in x)
    if isinstance(x, Mapping):
        return {key: _exact(part, numbers, convert) for key, part in x.items()}
    if isinstance(x, np.ndarray) and x.shape:
        return array_of([_exact(entry, numbers, convert) for entry in x.flat], x.shape)
    if isinstance(x, np.ndarray):
        x = x[()]
    return Number(convert(x.value if isinstance(x, Number) else x), numbers)


def _exact_graph(graph: Graph, numbers: Library) -> Graph:
    """The same nodes, with exact constants and parameters; casts between real types, which round, do nothing."""
    return replace(graph, nodes=tuple(_exact_node(node, numbers) for node in graph.nodes))


def _exact_node(node: Node, numbers: Library) -> Node:
    if node.primitive == "astype":
        return replace(node, primitive="reshape", params={"shape": node.shape}, dtype=OBJECT)
    if node.primitive == INPUT and numbers.name == "sympy":
        return replace(node, params={"symbol": _symbols(node, numbers)}, dtype=OBJECT)
    params = {key: _parameter(node, value, numbers) for key, value in node.params.items()}
    return replace(node, params=params, dtype=OBJECT if node.dtype.kind in "fc" else node.dtype)


def _parameter(node: Node, value: Any, numbers: Library) -> Any:
    """Constants and parameters that are real numbers, exactly; positions, sizes and truth values as they are."""
    real = isinstance(value, float) or (node.primitive == CONSTANT and np.asarray(value).dtype.kind in "fciuO")
    if not real or isinstance(value, (Number, NumberArray)):
        return value
    return _exact(value, numbers, numbers.constant)
