"""Cond: a choice between two functions as one node of the graph, of which one is computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpath.graph import Graph, Node, ShapeError, TraceError, part
from backpath.ops.control.packing import Segment, kinds, packed, packed_dtype, packed_sums, segments, stand_in, unpacked
from backpath.ops.local import LocalDerivative
from backpath.ops.primitive import Spec, define, spec_of
from backpath.ops.recursion import Evaluated, evaluate, pull_through, push_through, reached_from
from backpath.ops.semiring import Semiring, Value
from backpath.ops.tracing import apply, record
from backpath.ops.trees import flatten, unflatten
from backpath.ops.variable import Variable


@dataclass(frozen=True, slots=True, eq=False)
class Branches:
    """What a cond does; its operands are the predicate and the inputs of both branches.

    Attributes:
        true: the graph that is computed where the predicate holds.
        false: the other one, of the same inputs and of outputs alike.
        dtype: of the vector of all outputs.
    """

    true: Graph
    false: Graph
    dtype: np.dtype

    def __str__(self) -> str:
        return f"{len(self.true)} or {len(self.false)} nodes"

    @property
    def outputs(self) -> list[Node]:
        """The nodes of the outputs, of either branch."""
        return [self.true.nodes[o] for o in self.true.outputs]

    @property
    def places(self) -> list[Segment]:
        """Where in the vector each output lies."""
        return segments(node.shape for node in self.outputs)

    @property
    def size(self) -> int:
        """The vector's."""
        return max((s.stop for s in self.places), default=0)

    def taken(self, predicate: Any) -> Graph:
        """The branch that is computed."""
        return self.true if predicate else self.false

    def value(self, predicate: Any, *operands: Any) -> Any:
        """The vector of the outputs."""
        graph = self.taken(predicate)
        values = evaluate(graph, operands)
        return packed([values[o] for o in graph.outputs], self.dtype)


def _each(slots: Sequence[int], y: Any, *operands: Any, branches: Branches) -> list[LocalDerivative]:
    choice = Choice(branches, operands, tuple(k - 1 for k in slots))
    return [ChoiceBySlot(choice, k - 1) for k in slots]


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceBySlot(LocalDerivative):
    """The linear map from one operand of a choice to its outputs: that of the branch taken."""

    choice: Choice
    slot: int

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        return self.choice.pulled(adjoint, semiring)[self.slot]

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return self.choice.pushed(self.slot, tangent, semiring)


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Branches with the predicate and their operands.

    Attributes:
        slots: the branches' operands by which derivatives are wanted.
        last: what was pulled back last, and to what: one recursion serves all operands.
    """

    branches: Branches
    operands: Sequence[Any]
    slots: tuple[int, ...]
    last: list[tuple[Value, Semiring, dict[int, Value]]] = field(default_factory=list)

    def pulled(self, adjoint: Value, semiring: Semiring) -> dict[int, Value]:
        """Path sums from the operands to where ``adjoint`` is from, by slot."""
        if not (self.last and self.last[0][0] is adjoint and self.last[0][1] is semiring):
            found = self._either(lambda graph, inputs, sums: self._pull(graph, inputs, sums, semiring), adjoint)
            self.last[:] = [(adjoint, semiring, dict(zip(self.slots, found, strict=True)))]
        return self.last[0][2]

    def pushed(self, slot: int, tangent: Value, semiring: Semiring) -> Value:
        """Path sums of the vector from those of one operand."""
        return self._either(lambda graph, inputs, sums: [self._push(graph, inputs, slot, sums, semiring)], tangent)[0]

    def _either(self, f: Callable[[Graph, Sequence[Any], Value], list[Any]], sums: Value) -> list[Any]:
        """What ``f`` makes of the branch taken; a choice again where that is not known yet."""
        predicate, *operands = self.operands
        if not isinstance(predicate, Variable):
            return f(self.branches.taken(predicate), operands, sums)
        both = [
            lambda *leaves, g=g: tuple(f(g, leaves[:-1], leaves[-1])) for g in (self.branches.true, self.branches.false)
        ]
        return list(_recorded(predicate, both[0], both[1], [*operands, sums]))

    def _pull(self, graph: Graph, inputs: Sequence[Any], adjoint: Value, semiring: Semiring) -> list[Value]:
        sources = [graph.inputs[k] for k in self.slots]
        within = semiring.inside(graph)
        seeds: dict[int, Value] = {}
        for o, node, place in zip(graph.outputs, self.branches.outputs, self.branches.places, strict=True):
            part = place.of_sums(adjoint, within)
            part = within.cast(part, node.dtype) if node.dtype.kind == "f" else part
            seeds[o] = within.plus(seeds[o], part) if o in seeds else part
        edges = Evaluated(graph, evaluate(graph, inputs))
        sums = pull_through(edges, seeds, {*sources}, reached_from(edges, sources), within)
        return [sums[i] if i in sums else within.zero(graph.nodes[i].shape, graph.nodes[i].dtype) for i in sources]

    def _push(self, graph: Graph, inputs: Sequence[Any], slot: int, tangent: Value, semiring: Semiring) -> Value:
        source = graph.inputs[slot]
        edges, within = Evaluated(graph, evaluate(graph, inputs)), semiring.inside(graph)
        sums = push_through(edges, {source: tangent}, reached_from(edges, [source]), within)
        found = [(place, sums[o]) for o, place in zip(graph.outputs, self.branches.places, strict=True) if o in sums]
        return packed_sums(found, self.branches.size, self.branches.dtype, within)


def _spec(predicate: Spec, *operands: Spec, branches: Branches) -> Spec:
    given = [(s.shape, s.dtype) for s in operands]
    for graph in (branches.true, branches.false):
        if given != [(graph.nodes[i].shape, graph.nodes[i].dtype) for i in graph.inputs]:
            raise ShapeError("cond: the operands are not those that its branches were made for")
    return Spec((branches.size,), branches.dtype)


COND = define(
    "cond",
    lambda predicate, *operands, branches: branches.value(predicate, *operands),
    _spec,
    lambda slot, y, *operands, branches: _each([slot], y, *operands, branches=branches)[0],
    analytic=False,
    kink="the derivative is that of the branch taken; by the predicate it is 0, also where it changes",
    each=_each,
    constant=frozenset({0}),
)


def cond(pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], *operands: Any) -> Any:
    """``true_fun(*operands)`` if ``pred`` holds, else ``false_fun(*operands)``: only one of the two is computed.

    The contract is that of ``jax.lax.cond``. In a traced function with a traced ``pred`` it is one node of the graph,
    which holds both functions as graphs of their own. ``np.where`` computes both and chooses entry by entry. Where
    ``pred`` is known it is a plain call.

    The derivative is that of the branch taken; where ``pred`` changes there is none, and ours is of the branch that it
    chooses there.

    Args:
        pred: one truth value or number.
        true_fun: of the operands.
        false_fun: likewise; what it returns has the same structure, shapes and dtypes.
        *operands: arrays, or tuples, lists and dicts of them.

    Raises:
        ShapeError: if ``pred`` is not a scalar, or the branches return other shapes.
        TraceError: if they return other structures or dtypes.

    >>> cond(True, np.sin, np.cos, 0.0)
    np.float64(0.0)
    """
    shape = spec_of(pred).shape
    if shape != ():
        raise ShapeError(
            f"cond: pred has shape {list(shape)}, and one function is called for all: give a scalar, such as "
            f"np.sum(pred) > 0, or choose entry by entry with np.where"
        )
    if not isinstance(pred, Variable):
        return true_fun(*operands) if pred else false_fun(*operands)
    return _recorded(pred, true_fun, false_fun, operands)


def _recorded(pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """The choice as a node for each kind of numbers that the branches return."""
    leaves, structure = flatten(tuple(operands), "operands")
    arrays = [x if isinstance(x, Variable) else np.asarray(x) for _, x in leaves]

    def both(*inputs: Any) -> tuple[Any, Any]:
        given = unflatten(structure, inputs)
        return true_fun(*given), false_fun(*given)

    traced = record(both, *[stand_in(x.shape, x.dtype) for x in arrays], names=[name for name, _ in leaves])
    returned = traced.structure[0]
    if traced.structure[1] != returned:
        raise TraceError(
            f"cond: the branches must return the same structure, and true_fun returns {_paths(returned)}, false_fun "
            f"{_paths(traced.structure[1])}"
        )
    graph, count = traced.graph, len(traced.graph.outputs) // 2
    pairs = [
        (graph.nodes[a], graph.nodes[b]) for a, b in zip(graph.outputs[:count], graph.outputs[count:], strict=True)
    ]
    for a, b in pairs:
        _require_alike(Spec(a.shape, a.dtype), Spec(b.shape, b.dtype))
    given = [pred, *arrays, *traced.captured]
    found: dict[int, Any] = {}
    for group in kinds([a for a, _ in pairs]):
        branches = [part(graph, graph.inputs, [graph.outputs[k + offset] for k in group]) for offset in (0, count)]
        made = Branches(branches[0], branches[1], packed_dtype([pairs[k][0].dtype for k in group]))
        vector = apply(COND, *given, branches=made)
        found |= {k: unpacked(vector, place, pairs[k][0].dtype) for k, place in zip(group, made.places, strict=True)}
    return unflatten(returned, [found[k] for k in range(count)])


def _require_alike(a: Spec, b: Spec) -> None:
    if a.shape != b.shape:
        raise ShapeError(
            f"cond: true_fun returns {a} where false_fun returns {b}: the branches must return the same shapes; "
            f"np.broadcast_to(...) the smaller one"
        )
    if a.dtype != b.dtype:
        raise TraceError(f"cond: true_fun returns {a} where false_fun returns {b}: make them alike with .astype(...)")


def _paths(structure: Any) -> str:
    return ", ".join(path for path, _ in flatten(structure, "result")[0]) or "nothing"
