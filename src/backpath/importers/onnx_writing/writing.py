"""``to_onnx``: a Model of ours as a file of ONNX's, for batches of any size."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from backpath.engines.program.convolutions import with_convolutions
from backpath.engines.program.expand import expand
from backpath.engines.program.simplify import without_dead_code
from backpath.graph import CONSTANT, INPUT, Graph, GraphError, Node, SettingError, UnsupportedError
from backpath.importers.model import ImportedModel
from backpath.importers.onnx_reading.files import require_onnx
from backpath.importers.onnx_reading.roles import PARAMETERS
from backpath.importers.onnx_writing import rearranging
from backpath.importers.onnx_writing.primitives import RULES, Written
from backpath.importers.onnx_writing.writer import (
    BATCHES,
    IR_VERSION,
    OPSET,
    Batch,
    Sizes,
    Writer,
    code_of,
    size_of,
    sizes_of,
)
from backpath.nets import Model
from backpath.ops import trace

RULE_FILES = (rearranging,)
"""Modules that add to the table of rules."""


def to_onnx(
    model: Model,
    path: str | os.PathLike[str] | None = None,
    parameters: Any = None,
    *,
    X: Any = None,
    batch: int | None = None,
) -> Any:
    """A model as an ``onnx.ModelProto`` of opset 20: from X to scores, parameters by their names as initializers.

    The graph of the scores is written, primitive by primitive, without dropout. It is traced with two batches: sizes
    that differ follow the batch in the file.

    Args:
        model: one whose inputs are known: of a :class:`Model` of a function of your own give X, or ``suited``.
        path: where to write it, too; nothing is overwritten.
        parameters: by default those that training begins with.
        X: an example of what it reads; for an imported model with several inputs a tuple or dictionary.
        batch: the only batch that the file takes; by default any.

    Raises:
        UnsupportedError: for all primitives that cannot be written, together.
        GraphError: where a size neither is fixed nor follows the batch.
        SettingError: if the inputs are not known, or the path is taken.
        DataError: if the onnx package is not installed.

    >>> import backpath as bp
    >>> proto = to_onnx(bp.Network([3, 4, 2], loss="cross_entropy"))
    >>> [node.op_type for node in proto.graph.node], [array.name for array in proto.graph.initializer]
    (['Gemm', 'Relu', 'Gemm', 'Identity'], ['W1', 'b1', 'W2', 'b2'])
    """
    require_onnx()
    parameters = model.init(0) if parameters is None else parameters
    writer = Writer()
    inputs, outputs = write_scores(writer, model, parameters, X, batch)
    return finished(writer, inputs, outputs, path)


def write_scores(
    writer: Writer,
    model: Model,
    parameters: Any,
    X: Any = None,
    batch: int | None = None,
    given: str = "",
    function: Callable[[Any, Any], Any] | None = None,
    names: Sequence[str] = ("scores",),
) -> tuple[list[Any], list[tuple[str, Sizes, np.dtype]]]:
    """Write a model's scores.

    Args:
        writer: of the file.
        model: whose they are.
        parameters: of it.
        X: an example.
        batch: the only one, or None.
        given: what stands for X, if it is there already.
        function: of parameters and X, in place of the scores.
        names: of what it gives.

    Returns:
        The inputs, and names, sizes and types of the outputs.
    """
    named = model.named(parameters)
    function = function or model.scores
    graphs = [_traced(model, function, parameters, X, n) for n in ((batch, batch) if batch else BATCHES)]
    if [n.primitive for n in graphs[0].nodes] != [n.primitive for n in graphs[1].nodes]:
        raise GraphError("the graph itself follows the batch, which a file cannot hold: give batch=1")
    return _Pair(writer, *graphs).written(list(named.items()), _input_names(model), given, names)


def finished(writer: Writer, inputs: list[Any], outputs: Sequence[Any], path: Any = None, domains: Any = ()) -> Any:
    """The file's message, checked by ONNX's checker, and written where a path is given."""
    from onnx import checker, helper, numpy_helper

    arrays = [numpy_helper.from_array(np.asarray(x, order="C"), name) for name, x in writer.arrays.items()]
    told = [value_info(*output) for output in outputs]
    graph = helper.make_graph(_used(writer.nodes, [output[0] for output in outputs]), "backpath", inputs, told, arrays)
    imports = [helper.make_opsetid("", OPSET), *(helper.make_opsetid(domain, v) for domain, v in domains)]
    model = helper.make_model(graph, opset_imports=imports, producer_name="backpath", ir_version=IR_VERSION)
    helper.set_model_props(model, {PARAMETERS: json.dumps(writer.trained)})
    checker.check_model(model)
    if path is not None:
        try:
            with Path(path).open("xb") as file:
                file.write(model.SerializeToString())
        except FileExistsError:
            raise SettingError(f"{path} exists: files are not overwritten; give another name") from None
    return model


def _used(nodes: Sequence[Any], outputs: Sequence[str]) -> list[Any]:
    """Nodes without those whose results nothing reads."""
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]


def value_info(name: str, sizes: Sizes, dtype: np.dtype) -> Any:
    """An input or output as a file tells it; texts are of NumPy's type of objects."""
    from onnx import helper

    dims = ["batch" if n == Batch(1) else f"{n.times} * batch" if isinstance(n, Batch) else n for n in sizes]
    return helper.make_tensor_value_info(name, code_of(dtype), dims)


def _input_names(model: Model) -> tuple[str, ...]:
    return model.input_names if isinstance(model, ImportedModel) else ("X",)


def _traced(model: Model, function: Callable[[Any, Any], Any], parameters: Any, X: Any, batch: int) -> Graph:
    """The graph of the scores for so many examples, in primitives that are written."""
    dtype = np.result_type(*(model.named(parameters).values() or [np.float32]))

    def stand_in(x: Any) -> np.ndarray:
        x = np.asarray(x)
        kept = dtype if x.dtype.kind == "f" else x.dtype
        return np.zeros((batch, *x.shape[1:]), kept)

    if X is not None:
        example = _mapped(X, stand_in)
    elif model.inputs is None:
        raise SettingError(f"{model!r} does not know the shape of its inputs: give X, an example")
    else:
        example = np.zeros((batch, *model.inputs), model.input_dtype(dtype))
    graph = trace(lambda parameters, X: function(parameters, X), parameters, example)
    graph = expand(graph, RULES)
    return with_convolutions(without_dead_code(graph.nodes, graph.inputs, graph.outputs))


def _mapped(X: Any, f: Any) -> Any:
    if isinstance(X, Mapping):
        return {name: f(x) for name, x in X.items()}
    return tuple(f(x) for x in X) if isinstance(X, (tuple, list)) else f(X)


class _Pair:
    """The same graph for two batches, as it is written."""

    def __init__(self, writer: Writer, first: Graph, second: Graph):
        self.writer, self.first, self.second = writer, first, second
        self.sizes = [sizes_of(a.shape, b.shape) for a, b in zip(first.nodes, second.nodes, strict=True)]
        self.names: dict[int, str] = {}

    def written(
        self, parameters: list[tuple[str, Any]], inputs: Sequence[str], given: str, names: Sequence[str]
    ) -> tuple[list[Any], list[tuple[str, Sizes, np.dtype]]]:
        nodes, told = self.first.nodes, []
        for position, (name, value) in zip(self.first.inputs, parameters, strict=False):
            self.names[position] = self.writer.array(np.asarray(value), name)
            self.writer.trained.append(self.names[position])
        for position, name in zip(self.first.inputs[len(parameters) :], inputs, strict=True):
            made = given or self.writer.name(name)
            self.names[position] = made
            if self.sizes[position][:1] == (Batch(1),):
                self.writer.batch_source = made
            if not given:
                told.append(value_info(made, self.sizes[position], nodes[position].dtype))
        refused: defaultdict[str, list[str]] = defaultdict(list)
        unread = {node.parents[2] for node in nodes if node.primitive == "linear"}
        for node in nodes:
            if node.primitive not in RULES and node.primitive not in (INPUT, CONSTANT):
                refused[node.primitive].append(node.name)
        if refused:
            raise UnsupportedError("the graph of the scores", refused, "ONNX has no operations for these")
        for position, node in enumerate(nodes):
            if node.primitive == INPUT or position in unread:
                continue
            if node.primitive == CONSTANT:
                self.names[position] = self._constant(position)
            else:
                self.names[position] = self._node(position, node)
        outputs = []
        for o, name in zip(self.first.outputs, names, strict=True):
            made = self.writer.op("Identity", self.names[o], name=name)
            outputs.append((made, self.sizes[o], nodes[o].dtype))
        return told, outputs

    def _constant(self, position: int) -> str:
        a, b = (np.asarray(g.nodes[position].params["value"]) for g in (self.first, self.second))
        sizes = self.sizes[position]
        if not any(isinstance(n, Batch) for n in sizes):
            if not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
                raise GraphError("a known array follows the batch, which a file cannot hold: give batch=1")
            return self.writer.array(a)
        following = tuple(k for k, n in enumerate(sizes) if isinstance(n, Batch))
        one = a[tuple(slice(0, 1) if k in following else slice(None) for k in range(a.ndim))]
        if not (a == one).all():
            raise GraphError("a known array follows the batch, which a file cannot hold: give batch=1")
        old = tuple(1 if k in following else n for k, n in enumerate(sizes))
        return self.writer.expanded(self.writer.array(one), old, sizes)

    def _node(self, position: int, node: Node) -> str:
        params = {key: _followed(value, self.second.nodes[position].params[key]) for key, value in node.params.items()}
        call = Written(
            self.writer,
            tuple(self.names.get(p, "") for p in node.parents),
            params | {"primitive": node.primitive},
            self.sizes[position],
            tuple(self.sizes[p] for p in node.parents),
            node.dtype,
            tuple(self.first.nodes[p].dtype for p in node.parents),
        )
        return RULES[node.primitive](call)


def _followed(a: Any, b: Any) -> Any:
    """A parameter from what it is in both batches."""
    if type(a) is int:
        return size_of(a, b)
    if isinstance(a, slice):
        return _slice(a, b)
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return tuple(_followed(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, np.ndarray) and not (np.shape(a) == np.shape(b) and np.array_equal(a, b)):
        raise GraphError("known positions follow the batch, which a file cannot hold: give batch=1")
    return a


def _slice(a: slice, b: slice) -> slice:
    """A slice that ends at fixed places, or where the batch does."""
    if a.start != b.start and a.start not in (0, None):
        raise GraphError("a slice follows the batch, which a file cannot hold: give batch=1")
    return slice(a.start if a.start == b.start else None, a.stop if a.stop == b.stop else None, a.step)
