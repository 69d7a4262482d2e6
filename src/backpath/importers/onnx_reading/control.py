"""Branches, loops of known length written out, and sequences of arrays."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from backpath.importers.onnx_reading.rules import Call, NotKnownError, RefusedError, axis_in, rule
from backpath.ops import Variable

MOST_STEPS = 1_000
"""Of a loop that is written out."""


@rule("Constant")
def constant(c: Call) -> Any:
    """A known value."""
    for name in ("value", "value_float", "value_floats", "value_int", "value_ints"):
        value = c.get(name)
        if value is not None:
            dtype = np.float32 if "float" in name else np.int64
            array = value if isinstance(value, np.ndarray) else np.array(value, dtype)
            return array.astype(c.typed(array.dtype)) if array.dtype.kind == "f" else array
    for name in ("value_string", "value_strings"):
        if c.get(name) is not None:
            return np.array(c.get(name), object)
    raise RefusedError("it holds a sparse array")


@rule("If")
def branch(c: Call) -> Any:
    """The branch that a known condition chooses; of a traced one both, entry by entry."""
    condition = c[0]
    if not isinstance(condition, Variable):
        chosen = "then_branch" if bool(np.ravel(condition)[0]) else "else_branch"
        return tuple(c.branch(c.get(chosen), []))
    both = [c.branch(c.get(name), []) for name in ("then_branch", "else_branch")]
    condition = np.reshape(condition, ())
    found = []
    for one, other in zip(*both, strict=True):
        if isinstance(one, list) or np.shape(one) != np.shape(other):
            raise NotKnownError(c[0], "the shape of what it chooses")
        found.append(np.where(condition, one, other))
    return tuple(found)


@rule("Loop")
def loop(c: Call) -> Any:
    """A loop whose length is known, step by step."""
    body = c.get("body")
    trips, condition = c.known(0, "number of steps"), c.known(1, "condition")
    limit = MOST_STEPS + 1 if trips is None else int(np.ravel(trips)[0])
    carried, rows, goes_on = list(c.inputs[2:]), [], condition is None or bool(np.ravel(condition)[0])
    step = 0
    while goes_on and step < limit:
        if step >= MOST_STEPS:
            raise RefusedError(f"it makes more than {MOST_STEPS:,} steps")
        again, *results = c.branch(body, [np.array(step, np.int64), np.array(True), *carried])
        if isinstance(again, Variable):
            raise NotKnownError(again, "the number of its steps")
        goes_on, carried = bool(np.ravel(again)[0]), results[: len(carried)]
        rows.append(results[len(carried) :])
        step += 1
    if not rows and c.outputs > len(carried):
        raise RefusedError("it makes no step, and what it would stack has no shape")
    return *carried, *(np.stack(part) for part in zip(*rows, strict=True))


@rule("Scan")
def scan(c: Call) -> Any:
    """Steps along axes of sequences."""
    body, count = c.get("body"), c.get("num_scan_inputs")
    states, sequences = list(c.inputs[: len(c.inputs) - count]), list(c.inputs[len(c.inputs) - count :])
    if c.version < 9:
        raise RefusedError("it has a batch axis, as versions before 9 had")
    axes = c.get("scan_input_axes") or [0] * count
    back = c.get("scan_input_directions") or [0] * count
    sequences = [np.moveaxis(x, axis, 0) for x, axis in zip(sequences, axes, strict=True)]
    sequences = [np.flip(x, 0) if turned else x for x, turned in zip(sequences, back, strict=True)]
    length = np.shape(sequences[0])[0]
    if length > MOST_STEPS or not length:
        raise RefusedError(f"it makes {length:,} steps; 1 to {MOST_STEPS:,} can be written out")
    rows = []
    for t in range(length):
        results = c.branch(body, [*states, *(x[t] for x in sequences)])
        states, row = results[: len(states)], results[len(states) :]
        rows.append(row)
    stacked = [np.stack(part) for part in zip(*rows, strict=True)]
    turned = c.get("scan_output_directions") or [0] * len(stacked)
    stacked = [np.flip(y, 0) if back else y for y, back in zip(stacked, turned, strict=True)]
    places = c.get("scan_output_axes") or [0] * len(stacked)
    return *states, *(np.moveaxis(y, 0, axis) for y, axis in zip(stacked, places, strict=True))


@rule("SequenceConstruct")
def sequence_of(c: Call) -> Any:
    """Arrays in a sequence."""
    return (list(c.inputs),)


@rule("SequenceEmpty")
def empty_sequence(c: Call) -> Any:
    """A sequence of none."""
    return ([],)


@rule("SequenceAt")
def sequence_at(c: Call) -> Any:
    """An array of a sequence."""
    return c[0][int(np.ravel(c.known(1, "position"))[0])]


@rule("SequenceLength")
def sequence_length(c: Call) -> Any:
    """How many arrays a sequence has."""
    return np.array(len(c[0]), np.int64)


@rule("SequenceInsert")
def sequence_insert(c: Call) -> Any:
    """A sequence with another array."""
    where = c.known(2, "position")
    at = len(c[0]) if where is None else int(np.ravel(where)[0])
    at = at + len(c[0]) if at < 0 else at
    return ([*c[0][:at], c[1], *c[0][at:]],)


@rule("SequenceErase")
def sequence_erase(c: Call) -> Any:
    """A sequence without one of its arrays."""
    where = c.known(1, "position")
    at = (len(c[0]) - 1 if where is None else int(np.ravel(where)[0])) % len(c[0])
    return ([*c[0][:at], *c[0][at + 1 :]],)


@rule("ConcatFromSequence")
def concat_from_sequence(c: Call) -> Any:
    """A sequence joined along an axis, a new one or an old one."""
    join = np.stack if c.get("new_axis", 0) else np.concatenate
    return join(c[0], axis=c.get("axis"))


@rule("SplitToSequence")
def split_to_sequence(c: Call) -> Any:
    """Parts along an axis in a sequence."""
    axis = axis_in(c.get("axis", 0), np.ndim(c[0]))
    n, sizes = np.shape(c[0])[axis], c.known(1, "split")
    lead = (slice(None),) * axis
    if sizes is None:
        parts = [c[0][(*lead, slice(k, k + 1))] for k in range(n)]
        return (parts if c.get("keepdims", 1) else [np.squeeze(part, axis) for part in parts],)
    if np.ndim(sizes) == 0:
        step = int(sizes)
        ends = [*range(0, n, step), n]
    else:
        ends = np.cumsum([0, *np.ravel(sizes)]).tolist()
    return ([c[0][(*lead, slice(a, b))] for a, b in pairwise(ends)],)
