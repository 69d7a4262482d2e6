"""Steps of a graph and plans of them: their order, what each reads, and which of them a value needs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpath.graph import DataError


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One node.

    Attributes:
        op: its operation, with the domain in front if that is not ONNX's own.
        name: that of the node, or of its first result.
        scope: the module that it stands in, as far as it is told.
        inputs: names of values, empty for absent ones.
        outputs: names of results.
        attributes: by name.
        version: of the operations of its domain.
        node: as it stands in the file.
    """

    op: str
    name: str
    scope: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    version: int
    node: Any


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Steps in order.

    Attributes:
        inputs: names of values that are given.
        outputs: names of values that are asked for.
        steps: in order.
        known: arrays by name.
        last: for each step, the names of values that nothing reads after it.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    steps: tuple[Step, ...]
    known: Mapping[str, np.ndarray]
    last: tuple[tuple[str, ...], ...] = field(default=())


def in_order(
    inputs: tuple[str, ...], outputs: tuple[str, ...], steps: list[Step], known: Mapping[str, np.ndarray]
) -> Plan:
    """Steps, each after those that make what it reads.

    Raises:
        DataError: if there is a cycle, or a value is made twice.
    """
    maker: dict[str, int] = {}
    for k, step in enumerate(steps):
        for name in step.outputs:
            if name and name in maker:
                raise DataError(f"the value {name} is made twice: by {steps[maker[name]].name} and by {step.name}")
            if name:
                maker[name] = k
    reads = [_read_by(step) for step in steps]
    waits = [len({maker[name] for name in names if name in maker}) for names in reads]
    readers: list[list[int]] = [[] for _ in steps]
    for k, names in enumerate(reads):
        for made_by in {maker[name] for name in names if name in maker}:
            readers[made_by].append(k)
    if all(maker.get(name, -1) < k for k, names in enumerate(reads) for name in names):
        order = list(range(len(steps)))
    else:
        order, ready = [], deque(k for k, n in enumerate(waits) if n == 0)
        while ready:
            order.append(k := ready.popleft())
            for reader in readers[k]:
                waits[reader] -= 1
                if waits[reader] == 0:
                    ready.append(reader)
    if len(order) < len(steps):
        stuck = [steps[k].name for k, n in enumerate(waits) if n]
        raise DataError(f"the graph has a cycle: {', '.join(stuck[:5])} read what is made of their own results")
    ordered = tuple(steps[k] for k in order)
    return Plan(inputs, outputs, ordered, known, _last_uses([reads[k] for k in order], outputs))


def _read_by(step: Step) -> set[str]:
    """Names that a step reads, in graphs inside it too."""
    names = {name for name in step.inputs if name}
    for value in step.attributes.values():
        if isinstance(value, Plan):
            names |= _free_names(value)
    return names


def _free_names(plan: Plan) -> set[str]:
    made = {*plan.inputs, *plan.known, *(name for step in plan.steps for name in step.outputs)}
    read = {*plan.outputs, *(name for step in plan.steps for name in _read_by(step))}
    return read - made


def _last_uses(reads: list[set[str]], outputs: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    seen, last = set(outputs), []
    for names in reversed(reads):
        last.append(tuple(names - seen))
        seen |= names
    return tuple(reversed(last))


def pruned(plan: Plan, output: str) -> Plan:
    """What of a plan makes one value."""
    wanted, kept = {output}, []
    for step in reversed(plan.steps):
        if wanted.intersection(step.outputs):
            kept.append(step)
            wanted |= _read_by(step)
    steps = tuple(reversed(kept))
    return Plan(plan.inputs, (output,), steps, plan.known, _last_uses([_read_by(step) for step in steps], (output,)))


def walk(plan: Plan, visit: Callable[[Step], None]) -> None:
    """Visit every step, and those of graphs inside it."""
    for step in plan.steps:
        visit(step)
        for value in step.attributes.values():
            if isinstance(value, Plan):
                walk(value, visit)
