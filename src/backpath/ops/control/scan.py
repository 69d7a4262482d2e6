"""Scan: a loop of many steps as one node of the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from backpath.graph import ShapeError, TraceError
from backpath.ops.control.loop import Loop, run_loop
from backpath.ops.control.packing import kinds, packed_dtype, stand_in, unpacked
from backpath.ops.control.steps import of_loop
from backpath.ops.primitive import define, spec_of
from backpath.ops.tracing.recording import is_tracing, record
from backpath.ops.tracing.trees import flatten, unflatten
from backpath.ops.tracing.variable import Variable

SCAN = define(
    "scan",
    lambda *operands, loop: loop.value(*operands),
    lambda *specs, loop: loop.spec(*specs),
    lambda slot, y, *operands, loop: of_loop([slot], y, *operands, loop=loop)[0],
    each=of_loop,
)


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
) -> tuple[Any, Any]:
    """``carry, y = f(carry, x)`` for each ``x`` of ``xs`` in turn: a loop that is one node of a graph.

    The contract is that of ``jax.lax.scan``. The node holds one step as a graph of its own, so that a graph does not
    grow with the number of steps, and compiling takes as long as one step does. Its gradient is a scan from the last
    step to the first. Outside traced functions it is a plain loop over NumPy arrays.

    Args:
        f: from the carry and an entry of ``xs`` to the next carry, of the same structure, shapes and dtypes, and a
            result; either may be an array, or a tuple, list or dict of arrays.
        init: the carry to begin with.
        xs: an array, or a tuple, list or dict of arrays, whose first axis is the loop's. None for steps that take
            nothing: then ``length`` says how many, and ``x`` is None.
        length: how many steps; needed only where ``xs`` does not say it.
        reverse: whether to go from the last entry to the first. Results stand where their entry of ``xs`` does.

    Returns:
        The last carry, and the results stacked along a new first axis.

    Raises:
        ShapeError: if a carry changes its shape, or sequences differ in length.
        TraceError: if ``f`` does not return a pair, or a carry changes its structure or dtype.

    >>> scan(lambda total, x: (total + x, total * x), 0.0, np.array([1.0, 2.0, 3.0]))
    (np.float64(6.0), array([0., 2., 9.]))
    """
    carry, carry_structure = flatten(init, "carry")
    entries, entry_structure = flatten(xs, "x") if xs is not None else ([], None)
    steps = _length([(name, spec_of(x).shape) for name, x in entries], length)
    operands = [x if isinstance(x, Variable) else np.asarray(x) for _, x in (*carry, *entries)]
    step = _Step(f, [name for name, _ in carry], operands[: len(carry)], carry_structure, entry_structure)
    if not is_tracing() and steps:
        return step.run(operands, steps, reverse)
    shapes = [x.shape if k < len(carry) else x.shape[1:] for k, x in enumerate(operands)]
    stand_ins = [stand_in(shape, x.dtype) for shape, x in zip(shapes, operands, strict=True)]
    traced = record(step, *stand_ins, names=[name for name, _ in (*carry, *entries)])
    loop = Loop(traced.graph, len(carry), len(entries), steps, reverse, (), (), np.dtype(float))
    found = _kept(loop, [*operands, *traced.captured]) if steps else _of_no_steps(loop, operands)
    last, results = found[: len(carry)], found[len(carry) :]
    return unflatten(carry_structure, last), step.results(results)


class _Step:
    """A user's step over flat lists of arrays, with its carries checked."""

    def __init__(
        self,
        f: Callable[[Any, Any], Any],
        names: Sequence[str],
        init: Sequence[Any],
        carry_structure: Any,
        entry_structure: Any,
    ):
        self.f, self.names, self.carry_structure, self.entry_structure = f, names, carry_structure, entry_structure
        self.specs = [spec_of(x) for x in init]
        self.result_structure: Any = None

    def __call__(self, *leaves: Any) -> list[Any]:
        """The next carries, and the results after them."""
        given = iter(leaves)
        carry = unflatten(self.carry_structure, [next(given) for _ in self.specs])
        x = None if self.entry_structure is None else unflatten(self.entry_structure, list(given))
        returned = self.f(carry, x)
        if not isinstance(returned, (tuple, list)) or len(returned) != 2:
            raise TraceError(
                f"scan: a step must return a pair (carry, y), and it returned {_shown(returned)}: write "
                f"return carry, None where it has no result"
            )
        found, structure = flatten(returned[0], "carry")
        if structure != self.carry_structure:
            ours, theirs = (", ".join(names) or "nothing" for names in (self.names, [name for name, _ in found]))
            raise TraceError(
                f"scan: a step's carry must be nested as init is: that is made of {ours}, and the step "
                f"returned {theirs}"
            )
        results: list[tuple[str, Any]] = []
        if returned[1] is not None:
            results, self.result_structure = flatten(returned[1], "y")
        return [*map(self._checked, self.names, self.specs, [x for _, x in found]), *(x for _, x in results)]

    def _checked(self, name: str, spec: Any, x: Any) -> Any:
        """A carry that is what it was before the step; a Python number takes its dtype."""
        if type(x) in (bool, int, float):
            x = np.asarray(x, np.result_type(x, spec.dtype))
        new = spec_of(x)
        if new.shape != spec.shape:
            raise ShapeError(
                f"scan: {name} is {spec} in init, and a step makes it {new}: every step must leave its shape as it is; "
                f"start from a value of the later shape, or return what grows as a result"
            )
        if new.dtype != spec.dtype:
            raise TraceError(
                f"scan: {name} is {spec} in init, and a step makes it {new}: start from init of dtype {new.dtype}, or "
                f"return .astype({str(spec.dtype)!r})"
            )
        return x

    def results(self, leaves: Sequence[Any]) -> Any:
        """Results, nested as the step nests them."""
        return None if self.result_structure is None else unflatten(self.result_structure, leaves)

    def run(self, operands: Sequence[Any], steps: int, reverse: bool) -> tuple[Any, Any]:
        """The loop itself, over known arrays."""
        count = len(self.specs)
        carry: list[Any] = [x[()] for x in operands[:count]]
        kept: list[list[Any]] = [[]] * steps
        for t in range(steps)[:: -1 if reverse else 1]:
            outputs = self(*carry, *(x[t] for x in operands[count:]))
            carry, kept[t] = outputs[:count], outputs[count:]
        return unflatten(self.carry_structure, carry), self.results(
            [np.stack(rows) for rows in zip(*kept, strict=True)]
        )


def _length(shapes: Sequence[tuple[str, tuple[int, ...]]], length: int | None) -> int:
    """How many steps there are."""
    if not shapes and length is None:
        raise ShapeError("scan: without xs there is nothing to tell how many steps to make: give length=")
    for name, shape in shapes:
        if not shape:
            raise ShapeError(
                f"scan: {name} is a scalar, which has no entries: give arrays with the loop's axis first; np.array(xs) "
                f"of a list of numbers"
            )
    lengths = {name: shape[0] for name, shape in shapes} | ({} if length is None else {"length=": length})
    if len({*lengths.values()}) > 1:
        told = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise ShapeError(f"scan: all of xs must have one length, and these differ: {told}; cut or pad them to one")
    steps = next(iter(lengths.values()))
    if not isinstance(steps, (int, np.integer)) or steps < 0:
        raise ShapeError(f"scan: length={length!r} must be a whole number that is not negative")
    return int(steps)


def _kept(loop: Loop, operands: Sequence[Any]) -> list[Any]:
    """The last carries and the stacked results, out of one vector for each kind of numbers.

    The carries of all steps are kept where they have derivatives, which need them.
    """
    found: dict[int, Any] = {}
    outputs = [loop.output(o) for o in range(len(loop.body.outputs))]
    for group in kinds(outputs):
        last = tuple([o for o in group if o < loop.carries])
        floating = outputs[group[0]].dtype.kind == "f"
        same = {loop.body.outputs[o]: o for o in reversed(group) if o >= loop.carries or floating}
        stacked = tuple(sorted({*same.values(), *(last if floating else ())}))
        dtype = packed_dtype([outputs[o].dtype for o in group])
        vector, places = run_loop(replace(loop, stacked=stacked, last=last, dtype=dtype), operands)
        for o in group:
            key = ("last", o) if o < loop.carries else ("stacked", same[loop.body.outputs[o]])
            found[o] = unpacked(vector, places[key], outputs[o].dtype)
    return [found[o] for o in range(len(outputs))]


def _of_no_steps(loop: Loop, operands: Sequence[Any]) -> list[Any]:
    results = [loop.output(o) for o in range(loop.carries, len(loop.body.outputs))]
    return [*operands[: loop.carries], *(np.zeros((0, *node.shape), node.dtype) for node in results)]


def _shown(x: Any) -> str:
    return f"a {type(x).__name__}" + (f" of {len(x)}" if isinstance(x, (tuple, list)) else "")
