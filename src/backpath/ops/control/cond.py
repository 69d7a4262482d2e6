"""Cond: a choice between two functions as one node of the graph, of which one is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from backpath.graph import Graph, ShapeError, TraceError, part
from backpath.ops.control.branches import Branches
from backpath.ops.control.packing import kinds, packed_dtype, packed_sums, stand_in, unpacked
from backpath.ops.local import Joint, LocalDerivative, Within
from backpath.ops.primitive import Spec, define, spec_of
from backpath.ops.recursion import Evaluated, evaluate, pull_through, push_through, reached_from
from backpath.ops.semiring import Semiring, Value
from backpath.ops.tracing.recording import apply, record
from backpath.ops.tracing.trees import flatten, unflatten
from backpath.ops.tracing.variable import Variable


def _each(slots: Sequence[int], y: Any, *operands: Any, branches: Branches) -> list[LocalDerivative]:
    choice = Choice(branches, operands, [slot - 1 for slot in slots])
    return [Within(choice, slot - 1) for slot in slots]


class Choice(Joint):
    """The linear maps from operands of branches to their outputs: those of the branch taken.

    Args:
        branches: what is done.
        operands: the predicate, and those of the branches.
        slots: the branches' operands by which derivatives are wanted.
    """

    def __init__(self, branches: Branches, operands: Sequence[Any], slots: Sequence[int]):
        super().__init__()
        self.branches, self.operands, self.slots = branches, operands, slots

    def pull_all(self, adjoint: Value, semiring: Semiring) -> dict[int, Value]:
        found = self._either(lambda graph, inputs, sums: self._pull(graph, inputs, sums[0], semiring), [adjoint])
        return dict(zip(self.slots, found, strict=True))

    def push_all(self, tangents: Mapping[int, Value], semiring: Semiring) -> Value:
        slots = sorted(tangents)

        def push(graph: Graph, inputs: Sequence[Any], sums: Sequence[Value]) -> list[Value]:
            return [self._push(graph, inputs, dict(zip(slots, sums, strict=True)), semiring)]

        return self._either(push, [tangents[k] for k in slots])[0]

    def _either(self, f: Callable[[Graph, Sequence[Any], Sequence[Value]], list[Any]], sums: list[Value]) -> list[Any]:
        """What ``f`` makes of the branch taken; a choice again where that is not known yet."""
        predicate, *operands = self.operands
        if not isinstance(predicate, Variable):
            return f(self.branches.taken(predicate), operands, sums)
        count, graphs = len(operands), (self.branches.true, self.branches.false)
        true, false = [lambda *leaves, g=g: tuple(f(g, leaves[:count], leaves[count:])) for g in graphs]
        return list(_recorded(predicate, true, false, [*operands, *sums]))

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

    def _push(self, graph: Graph, inputs: Sequence[Any], tangents: Mapping[int, Value], semiring: Semiring) -> Value:
        seeds = {graph.inputs[k]: tangent for k, tangent in tangents.items()}
        edges, within = Evaluated(graph, evaluate(graph, inputs)), semiring.inside(graph)
        sums = push_through(edges, seeds, reached_from(edges, seeds), within)
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


class _Both:
    """Both functions of the same operands, over flat lists of arrays."""

    def __init__(self, true_fun: Callable[..., Any], false_fun: Callable[..., Any], structure: Any):
        self.true_fun, self.false_fun, self.structure = true_fun, false_fun, structure
        self.returned: Any = None

    def __call__(self, *inputs: Any) -> list[Any]:
        """What the one returns, and what the other does."""
        given = unflatten(self.structure, inputs)
        true, self.returned = flatten(self.true_fun(*given), "result")
        false, structure = flatten(self.false_fun(*given), "result")
        if structure != self.returned:
            ours, theirs = (", ".join(name for name, _ in leaves) or "nothing" for leaves in (true, false))
            raise TraceError(
                f"cond: the branches must return the same structure, and true_fun returns {ours}, false_fun {theirs}"
            )
        return [x for _, x in (*true, *false)]


def _recorded(pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """The choice as a node for each kind of numbers that the branches return."""
    leaves, structure = flatten(tuple(operands), "operands")
    arrays = [x if isinstance(x, Variable) else np.asarray(x) for _, x in leaves]
    both = _Both(true_fun, false_fun, structure)
    traced = record(both, *[stand_in(x.shape, x.dtype) for x in arrays], names=[name for name, _ in leaves])
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
    return unflatten(both.returned, [found[k] for k in range(count)])


def _require_alike(a: Spec, b: Spec) -> None:
    if a.shape != b.shape:
        raise ShapeError(
            f"cond: true_fun returns {a} where false_fun returns {b}: the branches must return the same shapes; "
            f"np.broadcast_to(...) the smaller one"
        )
    if a.dtype != b.dtype:
        raise TraceError(f"cond: true_fun returns {a} where false_fun returns {b}: make them alike with .astype(...)")
