"""The derivative of a loop by each of its operands: the path sum's own recursion, through the steps.

Where path sums are arrays and their operations can be traced, the recursion is a loop again: against the edges a scan
over the same steps in the opposite order, along them a scan in the same order. It runs on the carries that the loop
kept, and computes each step's inner values anew. In every other semiring it goes through the steps one by one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np

from backpath.graph import Graph, Node
from backpath.ops.control.loop import Loop, run_loop
from backpath.ops.control.packing import packed, packed_dtype, packed_sums, stand_in, unpacked
from backpath.ops.local import Joint, LocalDerivative, Within
from backpath.ops.primitive import PRIMITIVES
from backpath.ops.recursion import Evaluated, evaluate, pull_through, push_through, reached_from
from backpath.ops.semiring import Semiring, Value
from backpath.ops.tracing.recording import apply, record


def of_loop(slots: Sequence[int], y: Any, *operands: Any, loop: Loop) -> list[LocalDerivative]:
    """The local derivatives of a loop's vector ``y`` by some of its operands."""
    steps = Steps(loop, y, operands, slots)
    return [Within(steps, slot) for slot in slots]


class Steps(Joint):
    """The linear maps from operands of a loop to what it keeps.

    Args:
        loop: what is done.
        y: what it kept.
        operands: all of them.
        slots: those by which derivatives are wanted.
    """

    def __init__(self, loop: Loop, y: Any, operands: Sequence[Any], slots: Sequence[int]):
        super().__init__()
        self.loop, self.y, self.operands, self.slots = loop, y, operands, slots

    def pull_all(self, adjoint: Value, semiring: Semiring) -> dict[int, Value]:
        backward = _Backward(self.loop, self.slots, semiring)
        return backward.traced(self, adjoint) if semiring.traceable else backward.one_by_one(self, adjoint)

    def push_all(self, tangents: Mapping[int, Value], semiring: Semiring) -> Value:
        forward = _Forward(self.loop, sorted(tangents), semiring)
        return forward.traced(self, tangents) if semiring.traceable else forward.one_by_one(self, tangents)

    def carries_before(self) -> list[list[Any]]:
        """For each step the carries that it begins with, found by running the loop."""
        loop = self.loop
        carry, sequences, fixed = loop.split(self.operands)
        found: list[list[Any]] = [[]] * loop.length
        for t in loop.order:
            found[t] = carry
            values = evaluate(loop.body, [*carry, *(x[t] for x in sequences), *fixed])
            carry = [values[o] for o in loop.body.outputs[: loop.carries]]
        return found

    def history(self, number: int) -> Any:
        """A carry as each step begins with it, stacked; found by another loop where this one did not keep it."""
        loop, dtype = self.loop, self.loop.input(number).dtype
        vector, places = self.y, loop.places()
        if ("stacked", number) not in places:
            vector, places = run_loop(replace(loop, stacked=(number,), last=(), dtype=dtype), self.operands)
        after = unpacked(vector, places["stacked", number], dtype)
        first = np.reshape(self.operands[number], (1, *loop.input(number).shape))
        return np.concatenate([after[1:], first] if loop.reverse else [first, after[:-1]])

    def at_step(self, t: int, carries: Sequence[Any]) -> list[Any]:
        """The inputs of the body at one step."""
        _, sequences, fixed = self.loop.split(self.operands)
        return [*carries, *(x[t] for x in sequences), *fixed]

    def ways_in(self) -> list[Callable[[], Any]]:
        """What makes the loop's inputs, each ready to be one of a loop over the same steps: carries as sequences."""
        carry, sequences, fixed = self.loop.split(range(len(self.operands)))
        histories = [lambda k=k: self.history(k) for k in carry]
        return [*histories, *(lambda k=k: self.operands[k] for k in (*sequences, *fixed))]


class _Direction:
    """What both directions share: which carries paths from the wanted operands go through."""

    def __init__(self, loop: Loop, slots: Sequence[int], semiring: Semiring):
        self.loop, self.slots, self.semiring = loop, slots, semiring.inside(loop.body)
        body = loop.body
        edges = Evaluated(body, ())
        self.active = [k for k in range(loop.carries) if k in slots]
        while True:
            self.sources = [body.inputs[k] for k in sorted({*slots, *self.active})]
            self.reached = reached_from(edges, self.sources)
            active = [k for k in range(loop.carries) if k in self.active or self.reached[body.outputs[k]]]
            if active == self.active:
                break
            self.active = active
        first_fixed = loop.carries + loop.sequences
        self.entries = [k for k in slots if loop.carries <= k < first_fixed]
        self.fixed = [k for k in slots if k >= first_fixed]
        self.stacked = [o for o in loop.stacked if self.reached[body.outputs[o]]]
        self.last = [c for c in loop.last if c in self.active]

    def zero(self, node: Node, lead: tuple[int, ...] = ()) -> Value:
        return self.semiring.zero((*lead, *node.shape), self.dtype(node))

    def dtype(self, node: Node) -> np.dtype:
        """Of the path sums of a node."""
        return node.dtype if node.dtype.kind == "f" else self.loop.dtype

    def cast(self, sums: Value, node: Node) -> Value:
        """Path sums in the node's type; those of numbers without derivatives stay as they are."""
        return self.semiring.cast(sums, node.dtype) if node.dtype.kind == "f" else sums

    def run(
        self, body: Graph, carries: int, sequences: int, reverse: bool, ways_in: Sequence[Callable[[], Any]]
    ) -> list[Any]:
        """What a loop over the same steps finds: its last carries, and its results stacked; what it needs is made."""
        outputs = [body.nodes[o] for o in body.outputs]
        stacked, last = tuple(range(carries, len(outputs))), tuple(range(carries))
        dtype = packed_dtype([node.dtype for node in outputs])
        loop = Loop(body, carries, sequences, self.loop.length, reverse, stacked, last, dtype)
        smaller, slots = loop.needed()
        vector, places = apply(PRIMITIVES["scan"], *[ways_in[k]() for k in slots], loop=smaller), loop.places()
        keys = [*(("last", k) for k in last), *(("stacked", o) for o in stacked)]
        return [unpacked(vector, places[key], outputs[key[1]].dtype) for key in keys]

    def sums_within(self, sums: Value, key: tuple[str, int]) -> Value:
        """The path sums of one output out of those of the vector."""
        return self.cast(self.loop.places()[key].of_sums(sums, self.semiring), self.loop.output(key[1]))


class _Backward(_Direction):
    """Against the edges: adjoints of the carries go from each step to the one before."""

    def step(self, inputs: Sequence[Any], carried: Sequence[Value], results: Sequence[Value]) -> dict[int, Value]:
        """The adjoints of the body's inputs from those of the active carries after the step, and of its results."""
        body, semiring = self.loop.body, self.semiring
        seeds: dict[int, Value] = {}
        for o, sums in [*zip(self.active, carried, strict=True), *zip(self.stacked, results, strict=True)]:
            position = body.outputs[o]
            seeds[position] = semiring.plus(seeds[position], sums) if position in seeds else sums
        edges = Evaluated(body, evaluate(body, inputs))
        sums = pull_through(edges, seeds, {*self.sources}, self.reached, semiring)
        return {k: sums[i] if i in sums else self.zero(body.nodes[i]) for k, i in enumerate(body.inputs)}

    def begin(self, k: int, adjoint: Value) -> Value:
        """The adjoint of a carry after the last step."""
        return self.sums_within(adjoint, ("last", k)) if k in self.last else self.zero(self.loop.input(k))

    def one_by_one(self, steps: Steps, adjoint: Value) -> dict[int, Value]:
        """The recursion done."""
        loop, semiring = self.loop, self.semiring
        carried = [self.begin(k, adjoint) for k in self.active]
        results = [self.sums_within(adjoint, ("stacked", o)) for o in self.stacked]
        fixed = {k: self.zero(loop.input(k)) for k in self.fixed}
        entries: dict[int, list[Value]] = {k: [None] * loop.length for k in self.entries}
        befores = steps.carries_before()
        for t in reversed(loop.order):
            here = [semiring.move(sums, lambda c, t=t: c[t, ...]) for sums in results]
            found = self.step(steps.at_step(t, befores[t]), carried, here)
            carried = [self.cast(found[k], loop.input(k)) for k in self.active]
            fixed = {k: semiring.plus(sums, found[k]) for k, sums in fixed.items()}
            for k, parts in entries.items():
                parts[t] = found[k]
        stacked = {k: _stacked(parts, loop.input(k).shape, self) for k, parts in entries.items()}
        return dict(zip(self.active, carried, strict=True)) | stacked | fixed

    def traced(self, steps: Steps, adjoint: Value) -> dict[int, Value]:
        """The recursion as a scan: its carries are the adjoints of carries, and the sums of those of what is fixed."""
        loop = self.loop
        inputs, moving = _nodes_in(loop), [loop.input(k) for k in (*self.active, *self.fixed)]
        varying = loop.carries + loop.sequences
        counts = [len(self.active), len(self.fixed), varying, len(self.stacked)]

        def back(*leaves: Any) -> list[Any]:
            carried, sums, first, results, rest = _split(leaves, counts)
            found = self.step([*first, *rest], carried, results)
            after = [self.cast(found[k], loop.input(k)) for k in self.active]
            added = [s + found[k] for k, s in zip(self.fixed, sums, strict=True)]
            return [*after, *added, *(found[k] for k in self.entries)]

        graph = _graph_of(
            back,
            [stand_in(node.shape, self.dtype(node)) for node in moving]
            + [_like(node) for node in (*inputs[:varying], *map(loop.output, self.stacked), *inputs[varying:])],
        )
        ways_in: list[Callable[[], Any]] = [lambda k=k: self.begin(k, adjoint) for k in self.active]
        ways_in += [lambda k=k: self.zero(loop.input(k)) for k in self.fixed]
        ways_in += steps.ways_in()[:varying]
        ways_in += [lambda o=o: self.sums_within(adjoint, ("stacked", o)) for o in self.stacked]
        ways_in += steps.ways_in()[varying:]
        found = self.run(graph, len(moving), varying + len(self.stacked), not loop.reverse, ways_in)
        return dict(zip((*self.active, *self.fixed, *self.entries), found, strict=True))


class _Forward(_Direction):
    """Along the edges: tangents of the carries go from each step to the next."""

    def step(self, inputs: Sequence[Any], carried: Sequence[Value], beside: Sequence[Value]) -> list[Value]:
        """The tangents of the active carries after the step, and of its results."""
        body, moving = self.loop.body, (*self.active, *self.entries, *self.fixed)
        seeds = {body.inputs[k]: sums for k, sums in zip(moving, (*carried, *beside), strict=True)}
        found = push_through(Evaluated(body, evaluate(body, inputs)), seeds, self.reached, self.semiring)
        nodes = [body.outputs[o] for o in (*self.active, *self.stacked)]
        return [found[i] if i in found else self.zero(body.nodes[i]) for i in nodes]

    def begin(self, k: int, tangents: Mapping[int, Value]) -> Value:
        """The tangent of a carry before the first step."""
        return tangents[k] if k in tangents else self.zero(self.loop.input(k))

    def one_by_one(self, steps: Steps, tangents: Mapping[int, Value]) -> Value:
        """The recursion done."""
        loop, semiring, count = self.loop, self.semiring, len(self.active)
        carried = [self.begin(k, tangents) for k in self.active]
        kept: list[list[Value]] = [[None] * loop.length for _ in self.stacked]
        befores = steps.carries_before()
        for t in loop.order:
            here = [semiring.move(tangents[k], lambda c, t=t: c[t, ...]) for k in self.entries]
            found = self.step(steps.at_step(t, befores[t]), carried, [*here, *(tangents[k] for k in self.fixed)])
            carried = found[:count]
            for parts, result in zip(kept, found[count:], strict=True):
                parts[t] = result
        places = loop.places()
        sums = [
            (places["stacked", o], _stacked(parts, loop.output(o).shape, self))
            for o, parts in zip(self.stacked, kept, strict=True)
        ]
        sums += [(places["last", k], carried[self.active.index(k)]) for k in self.last]
        return packed_sums(sums, loop.size, loop.dtype, semiring)

    def traced(self, steps: Steps, tangents: Mapping[int, Value]) -> Value:
        """The recursion as a scan, whose carries are the tangents of carries."""
        loop = self.loop
        inputs, varying = _nodes_in(loop), loop.carries + loop.sequences
        counts = [len(self.active), varying, len(self.entries), len(inputs) - varying]

        def along(*leaves: Any) -> list[Any]:
            carried, first, entries, rest, fixed = _split(leaves, counts)
            return self.step([*first, *rest], carried, [*entries, *fixed])

        moving = [stand_in(loop.input(k).shape, self.dtype(loop.input(k))) for k in self.active]
        entries, fixed = ([loop.input(k) for k in group] for group in (self.entries, self.fixed))
        graph = _graph_of(along, [*moving, *map(_like, (*inputs[:varying], *entries, *inputs[varying:], *fixed))])
        ways_in: list[Callable[[], Any]] = [lambda k=k: self.begin(k, tangents) for k in self.active]
        ways_in += [*steps.ways_in()[:varying], *(lambda k=k: tangents[k] for k in self.entries)]
        ways_in += [*steps.ways_in()[varying:], *(lambda k=k: tangents[k] for k in self.fixed)]
        found = self.run(graph, len(moving), varying + len(entries), loop.reverse, ways_in)
        keys = [*(("last", k) for k in self.active), *(("stacked", o) for o in self.stacked)]
        known = dict(zip(keys, found, strict=True))
        parts = [known.get(key, np.zeros(place.shape, loop.dtype)) for key, place in loop.places().items()]
        return packed(parts, loop.dtype)


def _stacked(parts: Sequence[Value], shape: tuple[int, ...], direction: _Direction) -> Value:
    """Path sums of the entries of a sequence as those of the whole: pairs put together, then pairs of pairs."""
    semiring, dtype = direction.semiring, direction.loop.dtype
    rows = [(1, semiring.move(part, lambda c: np.reshape(c, (1, *shape)))) for part in parts]
    while len(rows) > 1:
        pairs = [(rows[k], rows[k + 1]) for k in range(0, len(rows) - 1, 2)]
        rest = rows[len(pairs) * 2 :]
        rows = []
        for (n, first), (m, second) in pairs:
            places = [(slice(0, n),), (slice(n, n + m),)]
            both = [semiring.scatter(s, i, (n + m, *shape)) for s, i in zip((first, second), places, strict=True)]
            rows.append((n + m, semiring.plus(*both)))
        rows += rest
    return rows[0][1] if rows else semiring.zero((0, *shape), dtype)


def _graph_of(f: Callable[..., list[Any]], stand_ins: Sequence[Any]) -> Graph:
    return record(f, *stand_ins, names=[f"x{k}" for k in range(len(stand_ins))]).graph


def _nodes_in(loop: Loop) -> list[Node]:
    return [loop.input(k) for k in range(len(loop.body.inputs))]


def _like(node: Node) -> np.ndarray:
    return stand_in(node.shape, node.dtype)


def _split(leaves: Sequence[Any], counts: Sequence[int]) -> list[Sequence[Any]]:
    """The leaves in parts of so many each, and the rest."""
    ends = [0, *accumulate(counts)]
    return [*(leaves[a:b] for a, b in itertools.pairwise(ends)), leaves[ends[-1] :]]
