"""ONNX's own tests of single nodes, made by the onnx package, run through the importer."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from onnx import numpy_helper

import backpath as bp

PADDED = "_expanded"
"""Ends of names of tests in which a node is spelled out by others, and followed by the version."""


@cache
def cases() -> dict[str, Any]:
    """All cases by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        return {case.name.removeprefix("test_"): case for case in collect_testcases(None)}


def operation_of(case: Any) -> str:
    """What a case tests: the operation of its node, or of the node that its nodes spell out."""
    nodes = case.model.graph.node
    return nodes[0].op_type if len(nodes) == 1 else ""


def numeric(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind in "biuf" and x.dtype.isbuiltin == 1


def is_float_case(case: Any) -> bool:
    """Whether it is of arrays of numbers that NumPy has, and some of them are real ones."""
    arrays = [x for inputs, outputs in case.data_sets for x in (*inputs, *outputs)]
    return all(numeric(x) for x in arrays) and any(x.dtype.kind == "f" for x in arrays)


def with_known(model: Any, names: Sequence[str], values: dict[str, np.ndarray]) -> Any:
    """The model with some of its inputs as arrays of the file."""
    known = type(model)()
    known.CopyFrom(model)
    for name in names:
        known.graph.initializer.append(numpy_helper.from_array(values[name], name))
    return known


def run(case: Any) -> None:
    """The outputs of a case are what its data say, in a graph of ours.

    First every input is traced, then those that decide shapes are known.
    """
    for given, expected in case.data_sets:
        names = [i.name for i in case.model.graph.input]
        values = {name: np.asarray(x) for name, x in zip(names, given, strict=False)}
        outputs = _outputs(case.model, values)
        for found, wanted in zip(outputs, expected, strict=False):
            if wanted is None:
                continue
            assert np.shape(found) == np.shape(wanted), (np.shape(found), np.shape(wanted))
            assert found.dtype == wanted.dtype, (found.dtype, wanted.dtype)
            np.testing.assert_allclose(found, wanted, case.rtol, case.atol)


def _outputs(model: Any, values: dict[str, np.ndarray]) -> list[np.ndarray]:
    whole = [name for name, x in values.items() if x.dtype.kind != "f"]
    reals = [name for name in values if name not in whole]
    tries = [[], whole, [*whole, *reals[1:]]]
    for k, known in enumerate(tries):
        changed = with_known(model, known, values)
        X = {name: x for name, x in values.items() if name not in known}
        try:
            imported = bp.from_onnx(changed, X, output=None, compare=False)
        except bp.UnsupportedError:
            if k == len(tries) - 1:
                raise
            continue
        graph = bp.trace(imported.call, imported.init(0, values[reals[0]].dtype if reals else float), X)
        return evaluated(graph, [*imported.init(0).values(), *X.values()])
    raise AssertionError("the last try raises")


def evaluated(graph: bp.Graph, inputs: Sequence[Any]) -> list[np.ndarray]:
    """The values of a graph's outputs, node by node by our primitives."""
    from backpath.ops import PRIMITIVES

    values: dict[int, Any] = dict(zip(graph.inputs, inputs, strict=True))
    with np.errstate(all="ignore"):
        for position, node in enumerate(graph.nodes):
            if position in values:
                continue
            if node.primitive == "constant":
                values[position] = node.params["value"]
            else:
                operands = [values[p] for p in node.parents]
                values[position] = PRIMITIVES[node.primitive].value(*operands, **node.params)
    return [np.asarray(values[o]) for o in graph.outputs]
