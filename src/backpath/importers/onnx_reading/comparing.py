"""A file's example run by ONNX's own reference implementation, beside ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from backpath.importers.agreement import Agreement, compared
from backpath.importers.onnx_reading.files import Arrays
from backpath.importers.onnx_reading.making import Making
from backpath.importers.onnx_reading.modes import as_predicting
from backpath.importers.onnx_reading.texts import Texts

REFERENCE = "onnx.reference"


def beside_reference(
    proto: Any,
    folder: Path | None,
    made: Making,
    example: Sequence[np.ndarray],
    source: str,
) -> Agreement:
    """Every value of the graph that both compute, in order."""
    given, texts = dict(zip(made.plan.inputs, example, strict=True)), made.texts
    told = {i.name: texts.told(given[i.name]) for i in made.inputs if i.texts}
    try:
        theirs = _reference_values(proto, folder, given | told)
    except Exception as error:
        told = str(error).partition("\n")[0][:200]
        return Agreement(source, f"{REFERENCE}, which cannot run it ({type(error).__name__}: {told})", ())
    # The reference puts what a loop's steps make end to end, where ONNX says that it is stacked.
    stacked = {output for step in made.plan.steps if step.op == "Loop" for output in step.outputs}
    found: list[tuple[str, Any, Any]] = []

    def watch(name: str, value: Any) -> None:
        other, value = theirs.get(name), texts.told(value.codes) if isinstance(value, Texts) else value
        if isinstance(other, np.ndarray) and isinstance(value, np.ndarray):
            if name in stacked and other.size == value.size:
                other = other.reshape(value.shape)
            found.append((name, value, other))

    made.runner.batch = made.runner.training = None
    made.runner.run(made.plan, {**made.plan.known, **made.coded(given)}, made.real, watch)
    return compared(source, REFERENCE, found)


def _reference_values(proto: Any, folder: Path | None, given: dict[str, np.ndarray]) -> dict[str, Any]:
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(_without_dictionaries(as_predicting(whole(proto, folder))), new_ops=_in_full())
    with np.errstate(all="ignore"):
        found: Any = evaluator.run(None, given, intermediate=True)
    return found


def _in_full() -> list[Any]:
    """Operations that the reference computes in single precision whatever their type: by SciPy, in their own."""
    from onnx.reference.op_run import OpRun
    from scipy.special import erf

    class Erf(OpRun):
        op_domain = ""

        def _run(self, x: np.ndarray) -> tuple[np.ndarray]:
            return (np.asarray(erf(x)).astype(x.dtype),)

    class Gelu(OpRun):
        op_domain = ""

        def _run(self, x: np.ndarray, approximate: str = "none") -> tuple[np.ndarray]:
            exact = approximate != "tanh"
            y = erf(x * np.sqrt(0.5)) if exact else np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x * x * x))
            return ((0.5 * x * (1.0 + y)).astype(x.dtype),)

    return [Erf, Gelu]


def _without_dictionaries(proto: Any) -> Any:
    """A model whose scores stay arrays: the reference has no ZipMap."""
    if not any(node.op_type == "ZipMap" for node in proto.graph.node):
        return proto
    changed = type(proto)()
    changed.CopyFrom(proto)
    for node in changed.graph.node:
        if node.op_type == "ZipMap":
            node.op_type, node.domain = "Identity", ""
            del node.attribute[:]
    return changed


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
