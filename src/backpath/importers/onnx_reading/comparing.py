"""A file's example run by ONNX's own reference implementation, beside ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from backpath.importers.agreement import Agreement, compared
from backpath.importers.onnx_reading.files import Arrays
from backpath.importers.onnx_reading.modes import as_predicting
from backpath.importers.onnx_reading.plan import Plan
from backpath.importers.onnx_reading.running import Runner

REFERENCE = "onnx.reference"


def beside_reference(
    proto: Any,
    folder: Path | None,
    plan: Plan,
    runner: Runner,
    example: Sequence[np.ndarray],
    real: np.dtype,
    source: str,
) -> Agreement:
    """Every value of the graph that both compute, in order."""
    given = dict(zip(plan.inputs, example, strict=True))
    try:
        theirs = _reference_values(proto, folder, given)
    except Exception as error:
        return Agreement(source, f"{REFERENCE}, which cannot run it ({type(error).__name__}: {error})", ())
    found: list[tuple[str, Any, Any]] = []

    def watch(name: str, value: Any) -> None:
        other = theirs.get(name)
        if isinstance(other, np.ndarray) and isinstance(value, np.ndarray):
            found.append((name, value, other))

    runner.batch = runner.training = None
    runner.run(plan, {**plan.known, **given}, real, watch)
    return compared(source, REFERENCE, found)


def _reference_values(proto: Any, folder: Path | None, given: dict[str, np.ndarray]) -> dict[str, Any]:
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(as_predicting(whole(proto, folder)))
    with np.errstate(all="ignore"):
        found: Any = evaluator.run(None, given, intermediate=True)
    return found


def whole(proto: Any, folder: Path | None) -> Any:
    """The model with its external arrays inside."""
    if not any(t.data_location == 1 for t in proto.graph.initializer):
        return proto
    from onnx import numpy_helper

    whole = type(proto)()
    whole.CopyFrom(proto)
    for old, new in zip(proto.graph.initializer, whole.graph.initializer, strict=True):
        if old.data_location == 1:
            new.CopyFrom(numpy_helper.from_array(Arrays(folder).array(old), old.name))
    return whole
