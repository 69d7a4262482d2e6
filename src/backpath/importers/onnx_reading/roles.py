"""Which arrays of a file are trained, and which are only known."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from backpath.importers.onnx_reading.rules import RULES, Call
from backpath.importers.onnx_reading.steps import Plan, Step

KNOWN_SLOTS: dict[str, tuple[int, ...]] = {
    "BatchNormalization": (3, 4),
    "Clip": (1, 2),
    "Dropout": (1,),
    "OneHot": (0, 1, 2),
    "Pad": (2,),
    "QuantizeLinear": (1, 2),
    "DequantizeLinear": (1, 2),
    "Range": (0, 1, 2),
    "Resize": (1, 2, 3),
    "Upsample": (1,),
}
"""Inputs that say how an operation works, and are no weights of it."""

PARAMETERS = "backpath.parameters"
"""What a file of ours says of itself: the names of the arrays that are trained, as JSON."""

LARGEST_WEIGHT = 1e6
"""What is larger, or infinite, is a mask."""

LINEAR = ("ai.onnx.ml.LinearRegressor", "ai.onnx.ml.LinearClassifier")

WEIGHING = {
    *LINEAR,
    *"Add Conv ConvTranspose Gemm MatMul PRelu BatchNormalization InstanceNormalization".split(),
    *"GroupNormalization LayerNormalization RMSNormalization".split(),
}
"""Operations in which a single number may be a weight; elsewhere it is a constant of a formula."""


def with_known_arrays(plan: Plan) -> Plan:
    """The plan with constants among its known arrays, and coefficients of linear models too."""
    known, steps, last = dict(plan.known), [], []
    for step, dropped in zip(plan.steps, plan.last, strict=True):
        if step.op == "Constant":
            value = RULES["Constant"](Call("Constant", (), step.attributes, step.version, 1, _SAME, _no_branch))
            known[step.outputs[0]] = value
            continue
        if step.op in LINEAR:
            step, dropped = _with_coefficients(step, known, dropped)
        steps.append(step)
        last.append(dropped)
    return replace(plan, steps=tuple(steps), known=known, last=tuple(last))


_SAME = np.dtype(np.float32), np.dtype(np.float32)


def _no_branch(plan: Any, given: list[Any]) -> list[Any]:
    raise AssertionError("a constant has no graphs")


def _with_coefficients(
    step: Step, known: dict[str, np.ndarray], dropped: tuple[str, ...]
) -> tuple[Step, tuple[str, ...]]:
    """A linear model whose coefficients are inputs."""
    names = []
    for key in ("coefficients", "intercepts"):
        values = step.attributes.get(key)
        name = f"{step.name}.{key}" if values else ""
        if values:
            known[name] = np.array(values, np.float32)
        names.append(name)
    return replace(step, inputs=(step.inputs[0], *names)), (*dropped, *(name for name in names if name))


def real_type(known: Mapping[str, np.ndarray], given: list[np.dtype]) -> np.dtype:
    """The type of real numbers of which a file holds most; else that of its inputs; else single precision."""
    bytes_of: Counter[np.dtype] = Counter()
    for x in known.values():
        if x.dtype.kind == "f":
            bytes_of[x.dtype] += x.size
    if bytes_of:
        return bytes_of.most_common(1)[0][0]
    return next((dtype for dtype in given if dtype.kind == "f"), np.dtype(np.float32))


def named_parameters(proto: Any) -> frozenset[str]:
    """The arrays that the file itself calls trained; none where it does not say."""
    told = next((entry.value for entry in proto.metadata_props if entry.key == PARAMETERS), "[]")
    try:
        names = json.loads(told)
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()


def trained(plan: Plan, real: np.dtype, named: frozenset[str] = frozenset()) -> list[str]:
    """The names of the arrays that are trained: those that the file names, else the weights of some operation."""
    if named.intersection(plan.known):
        return [name for name, x in plan.known.items() if name in named and x.dtype == real and x.size]
    uses: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    _collect(plan, uses)
    return [
        name
        for name, x in plan.known.items()
        if x.dtype == real and x.ndim and x.size and name in uses and _is_weight(x, uses[name])
    ]


def _collect(plan: Plan, uses: defaultdict[str, list[tuple[str, int]]]) -> None:
    for step in plan.steps:
        for k, name in enumerate(step.inputs):
            uses[name].append((step.op, k))
        for value in step.attributes.values():
            if isinstance(value, Plan):
                _collect(value, uses)


def _is_weight(x: np.ndarray, uses: list[tuple[str, int]]) -> bool:
    if any(k in KNOWN_SLOTS.get(op, ()) for op, k in uses):
        return False
    if not np.max(np.abs(x)) < LARGEST_WEIGHT:
        return False
    return x.size > 1 or any(op in WEIGHING for op, _ in uses)
