"""Small files of ONNX's for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def value(name: str, shape: Sequence[Any] | None, kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def model_of(
    nodes: Sequence[Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    known: dict[str, np.ndarray] | None = None,
    functions: Sequence[Any] = (),
    opset: int = 21,
) -> Any:
    arrays = [numpy_helper.from_array(x, name) for name, x in (known or {}).items()]
    graph = helper.make_graph(list(nodes), "graph", list(inputs), list(outputs), arrays)
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, opset_imports=imports, functions=list(functions), ir_version=10)


def dense(external: dict[str, str] | None = None) -> Any:
    """y = x W, with W, of shape (3, 2), in another file where that is told."""
    W = np.arange(6, dtype=np.float32).reshape(3, 2)
    model = model_of(
        [helper.make_node("MatMul", ["x", "W"], ["y"])], [value("x", ["n", 3])], [value("y", ["n", 2])], {"W": W}
    )
    if external is not None:
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, text in external.items():
            entry = tensor.external_data.add()
            entry.key, entry.value = key, text
    return model
