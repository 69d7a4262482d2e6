"""Simplification: constants folded, equal subexpressions merged, needless work removed. Values stay the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from backpath.engines.program.pieces import joined_pieces
from backpath.engines.program.turned import turned_products
from backpath.graph import CONSTANT, INPUT, NO_PARAMS, Graph, Node, part
from backpath.ops import PRIMITIVES

# Elementwise operations, which broadcast their operands by themselves.
ELEMENTWISE = frozenset(
    (
        "add subtract multiply divide power maximum minimum logaddexp arctan2 hypot greater greater_equal "
        "less less_equal equal not_equal logical_and logical_or where"
    ).split()
)


def simplify(graph: Graph) -> Graph:
    """A smaller graph with the same inputs and the same values of its outputs."""
    graph = _rebuilt(graph.nodes, graph.inputs, graph.outputs)
    for rewritten in (joined_pieces, turned_products):
        found = rewritten(graph)
        graph = graph if found is None else _rebuilt(*found)
    return graph


def _rebuilt(nodes: Sequence[Node], inputs: Sequence[int], outputs: Sequence[int]) -> Graph:
    builder = _Builder()
    for node in nodes:
        builder.add(node)
    new = builder.positions
    return without_dead_code(tuple(builder.nodes), tuple(new[i] for i in inputs), tuple(new[o] for o in outputs))


def without_dead_code(nodes: tuple[Node, ...], inputs: tuple[int, ...], outputs: tuple[int, ...]) -> Graph:
    """The graph of the nodes that some output needs, and of all inputs."""
    return part(Graph(nodes, inputs, outputs), inputs, outputs)


class _Builder:
    """The new node list, with the new position of each old node."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.positions: list[int] = []
        self._known: dict[Any, int] = {}
        self._names: set[str] = set()
        self._copies: dict[str, int] = {}

    def add(self, node: Node) -> None:
        """Take over the next node of the old graph."""
        self.positions.append(self._place(node.reading(tuple([self.positions[p] for p in node.parents]))))

    def _place(self, node: Node) -> int:
        if node.primitive == INPUT:
            return self._append(node)
        if node.primitive == CONSTANT:
            return self._constant(node.params["value"], node.name)
        operands = [self.nodes[p] for p in node.parents]
        if all(x.primitive == CONSTANT for x in operands):
            value = PRIMITIVES[node.primitive].value(*[x.params["value"] for x in operands], **node.params)
            return self._constant(np.asarray(value), node.name)
        node = self._with_plain_operands(node)
        rule = _RULES.get(node.primitive)
        simpler = rule(self, node) if rule else node
        if isinstance(simpler, int):
            return simpler
        key = (simpler.primitive, simpler.parents, _frozen(simpler.params))
        if key not in self._known:
            self._known[key] = self._append(simpler)
        return self._known[key]

    def _append(self, node: Node) -> int:
        name = node.name
        while name in self._names:
            self._copies[node.name] = copy = self._copies.get(node.name, 0) + 1
            name = f"{node.name}_{copy}"
        self._names.add(name)
        self.nodes.append(node if name == node.name else replace(node, name=name))
        return len(self.nodes) - 1

    def _constant(self, value: np.ndarray, name: str) -> int:
        key = ("constant", value.dtype, value.shape, value.tobytes() if value.size <= 4096 else id(value))
        if key not in self._known:
            self._known[key] = self._append(Node(name, CONSTANT, (), value.shape, value.dtype, {"value": value}))
        return self._known[key]

    def _with_plain_operands(self, node: Node) -> Node:
        """Elementwise operations read the operand of a broadcast itself, and a uniform constant as one number."""
        if node.primitive not in ELEMENTWISE:
            return node
        parents = list(node.parents)
        for slot, p in enumerate(parents):
            operand = self.nodes[p]
            plain = p
            if operand.primitive == "broadcast_to":
                plain = operand.parents[0]
            elif operand.shape and uniform(operand) is not None:
                plain = self._constant(np.asarray(uniform(operand), operand.dtype), f"{operand.name}_entry")
            trial = [*parents[:slot], plain, *parents[slot + 1 :]]
            if plain != p and np.broadcast_shapes(*[self.nodes[q].shape for q in trial]) == node.shape:
                parents = trial
        return node.reading(tuple(parents))


def uniform(node: Node) -> Any:
    """The number that a constant holds in every entry; None for anything else."""
    if node.primitive != CONSTANT or not node.params["value"].size:
        return None
    value = node.params["value"]
    first = value.flat[0]
    return first if (value == first).all() else None


def _drop_neutral(number: float, slots: tuple[int, ...]) -> Callable[[_Builder, Node], Node | int]:
    """x + 0, x - 0, x * 1 and x / 1 are x, broadcast to the result's shape."""

    def rule(builder: _Builder, node: Node) -> Node | int:
        for slot in slots:
            neutral, kept = builder.nodes[node.parents[slot]], node.parents[1 - slot]
            value = uniform(neutral)
            if value is not None and value == number and builder.nodes[kept].dtype == node.dtype:
                if builder.nodes[kept].shape == node.shape:
                    return kept
                return builder._place(
                    replace(node, primitive="broadcast_to", parents=(kept,), params={"shape": node.shape})
                )
        return node

    return rule


def _same_shape(builder: _Builder, node: Node) -> Node | int:
    source = builder.nodes[node.parents[0]]
    if source.shape == node.shape:
        return node.parents[0]
    if source.primitive == node.primitive:
        return replace(node, parents=source.parents)
    return node


def _transpose(builder: _Builder, node: Node) -> Node | int:
    source, axes = builder.nodes[node.parents[0]], node.params["axes"]
    if axes == tuple(range(len(axes))):
        return node.parents[0]
    if source.primitive != "transpose":
        return node
    inner = source.params["axes"]
    combined = replace(node, parents=source.parents, params={"axes": tuple(inner[k] for k in axes)})
    return builder._place(combined)


def _reshape(builder: _Builder, node: Node) -> Node | int:
    """Where axes that are made one lie beside each other before a transposition, they are made one before it.

    Then the matrix is a view, where it would be a copy.
    """
    source = builder.nodes[node.parents[0]]
    if source.shape == node.shape or source.primitive != "transpose" or 0 in node.shape or not source.shape:
        return _same_shape(builder, node)
    groups = _groups(source.shape, node.shape)
    before = [[source.params["axes"][k] for k in joined] for joined, _ in groups]
    held = builder.nodes[source.parents[0]].shape
    long = [k for k, n in enumerate(held) if n > 1]
    if any([k for k in long if of[0] <= k <= of[-1]] != of for of in before):
        return node
    after = [k for _, (_, parts) in sorted(zip(before, groups, strict=True)) for k in parts]
    after += [k for k, n in enumerate(node.shape) if n == 1]
    shape = tuple(node.shape[k] for k in after)
    plain = replace(node, parents=source.parents, shape=shape, params={"shape": shape})
    back = tuple(after.index(k) for k in range(len(after)))
    turned = replace(node, primitive="transpose", parents=(builder._place(plain),), params={"axes": back})
    return builder._place(turned)


def _groups(before: Sequence[int], after: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """Which axes of one shape hold the same entries as which of the other, the fewest of each, but for those of 1."""
    ours, theirs = (iter([k for k, n in enumerate(shape) if n > 1]) for shape in (before, after))
    found = []
    for k in ours:
        joined, parts = [k], [next(theirs)]
        while (m := prod(before[k] for k in joined)) != (n := prod(after[k] for k in parts)):
            if m < n:
                joined.append(next(ours))
            else:
                parts.append(next(theirs))
        found.append((joined, parts))
    return found


def _reduction(builder: _Builder, node: Node) -> Node | int:
    """Kept axes are a mere reshape of the reduction without them, which other nodes may want too; so are single ones.

    A sum of all entries, each times one number, is that number times the sum.
    """
    source = builder.nodes[node.parents[0]]
    axes = tuple(k for k in node.params["axes"] if source.shape[k] != 1)
    if node.params["keepdims"] or axes != node.params["axes"]:
        reduced = node.parents[0]
        if axes:
            shape = tuple(n for k, n in enumerate(source.shape) if k not in axes)
            reduced = builder._place(replace(node, shape=shape, params={"axes": axes, "keepdims": False}))
        return builder._place(replace(node, primitive="reshape", parents=(reduced,), params={"shape": node.shape}))
    number, rest = _factor(builder, source)
    if (
        node.primitive == "sum"
        and node.shape == ()
        and number is not None
        and builder.nodes[rest].shape == source.shape
    ):
        reduced = builder._place(replace(node, parents=(rest,)))
        return builder._place(replace(node, primitive="multiply", parents=(number, reduced), params=NO_PARAMS))
    return node


def _factor(builder: _Builder, node: Node) -> tuple[int | None, int]:
    """Of a product with a single known number: that number's position, and the other factor's."""
    if node.primitive == "multiply":
        for slot in (0, 1):
            number = builder.nodes[node.parents[slot]]
            if number.primitive == CONSTANT and number.shape == ():
                return node.parents[slot], node.parents[1 - slot]
    return None, -1


def _sum_of_two(builder: _Builder, node: Node) -> Node | int:
    """x + x is 2 x."""
    first, second = node.parents
    if first == second and node.dtype.kind == "f":
        two = builder._constant(np.asarray(2, node.dtype), f"{node.name}_two")
        return builder._place(replace(node, primitive="multiply", parents=(two, first)))
    return _drop_neutral(0.0, (0, 1))(builder, node)


def _product_of_two(builder: _Builder, node: Node) -> Node | int:
    """Known numbers among the factors are multiplied beforehand."""
    number, rest = _factor(builder, node)
    if number is not None:
        inner, innermost = _factor(builder, builder.nodes[rest])
        if inner is not None and builder.nodes[rest].dtype == node.dtype:
            value = builder.nodes[number].params["value"] * builder.nodes[inner].params["value"]
            product = builder._constant(np.asarray(value, node.dtype), f"{node.name}_factor")
            return builder._place(replace(node, parents=(product, innermost)))
    return _drop_neutral(1.0, (0, 1))(builder, node)


def _matmul(builder: _Builder, node: Node) -> Node | int:
    """A product with a vector of ones is a sum."""
    a, b = (builder.nodes[p] for p in node.parents)
    if len(a.shape) == 2 and len(b.shape) == 1 and uniform(b) == 1 and a.dtype == node.dtype:
        held, axis = node.parents[0], 1
        if a.primitive == "transpose":
            held, axis = a.parents[0], 0
        params = {"axes": (axis,), "keepdims": False}
        return builder._place(replace(node, primitive="sum", parents=(held,), params=params))
    return node


_RULES: Mapping[str, Callable[[_Builder, Node], Node | int]] = {
    "add": _sum_of_two,
    "subtract": _drop_neutral(0.0, (1,)),
    "multiply": _product_of_two,
    "divide": _drop_neutral(1.0, (1,)),
    "reshape": _reshape,
    "broadcast_to": _same_shape,
    "transpose": _transpose,
    "matmul": _matmul,
    "sum": _reduction,
    "max": _reduction,
}


def _frozen(value: Any) -> Any:
    """A hashable stand-in for a static parameter, equal for equal parameters."""
    if isinstance(value, Mapping):
        return tuple((key, _frozen(part)) for key, part in value.items())
    if isinstance(value, (tuple, list)):
        return tuple(_frozen(part) for part in value)
    if isinstance(value, slice):
        return "slice", value.start, value.stop, value.step
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape, value.tobytes()
    return type(value), value
