"""A file's nodes that do one thing in training and another in predicting, and the file told for the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from backpath.importers.onnx_reading.steps import Plan, walk

NORMALIZED = "BatchNormalization"


def as_predicting(proto: Any) -> Any:
    """A model whose nodes say that they predict; itself, if they do already."""
    if not any(_trains(node) for nodes in _bodies(proto) for node in nodes):
        return proto
    changed = type(proto)()
    changed.CopyFrom(proto)
    for nodes in _bodies(changed):
        for node in list(nodes):
            if _trains(node):
                _predict(node, nodes)
    return changed


def _bodies(proto: Any) -> Iterator[Any]:
    """The lists of nodes of a model: of its graph, of its functions, and of graphs inside them."""
    stack = [proto.graph.node, *(function.node for function in proto.functions)]
    while stack:
        nodes = stack.pop()
        yield nodes
        stack += [a.g.node for node in nodes for a in node.attribute if a.HasField("g")]


def _trains(node: Any) -> bool:
    if node.op_type == "Dropout":
        return len(node.input) > 2
    return node.op_type == NORMALIZED and (
        len(node.output) > 1 or any(a.name == "training_mode" for a in node.attribute)
    )


def _predict(node: Any, nodes: Any) -> None:
    if node.op_type == "Dropout":
        del node.input[2:]
        return
    kept = [a for a in node.attribute if a.name != "training_mode"]
    del node.attribute[:]
    node.attribute.extend(kept)
    further = list(zip(list(node.output)[1:], list(node.input)[3:5] * 2, strict=False))
    del node.output[1:]
    for copy, of in further:
        if copy:
            nodes.add(op_type="Identity", input=[of], output=[copy])


def inlined(proto: Any) -> Any:
    """A model with the bodies of its functions in place of their calls."""
    if not proto.functions:
        return proto
    from onnx import inliner

    return inliner.inline_local_functions(proto)


def inside_others(plan: Plan) -> list[str]:
    """The names of batch normalizations in branches and loops, whose statistics have no place in the file."""
    found: list[str] = []
    inner: Iterable[Plan] = (v for step in plan.steps for v in step.attributes.values() if isinstance(v, Plan))
    for part in inner:
        walk(part, lambda step: found.append(step.name) if step.op == NORMALIZED else None)
    return found


def with_statistics(proto: Any, statistics: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Any:
    """A model that normalizes with a mean and variance of its own at each node, by the name of its first result."""
    from onnx import numpy_helper

    changed = type(proto)()
    changed.CopyFrom(proto)
    taken = {name for node in proto.graph.node for name in (*node.input, *node.output)}
    for node in changed.graph.node:
        if node.op_type != NORMALIZED or node.output[0] not in statistics:
            continue
        for k, value in enumerate(statistics[node.output[0]], 3):
            own = f"{node.output[0]}_{('mean', 'variance')[k - 3]}"
            while own in taken:
                own += "_"
            taken.add(own)
            node.input[k] = own
            changed.graph.initializer.append(numpy_helper.from_array(np.asarray(value), own))
    return as_predicting(changed)
