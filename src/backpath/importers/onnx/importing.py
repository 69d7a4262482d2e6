"""``from_onnx``: a file of ONNX's as a Model of ours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from backpath.graph import INPUT, BackpathError, DataError, Graph, SettingError, UnsupportedError, ancestors
from backpath.importers.model import ImportedModel
from backpath.importers.onnx import choosing, control, elementwise, layers, learning, reducing, shaping
from backpath.importers.onnx.comparing import beside_reference
from backpath.importers.onnx.files import Arrays, read_model, require_onnx
from backpath.importers.onnx.plan import Plan, Planner, Step, is_read, walk
from backpath.importers.onnx.roles import real_type, trained, with_known_arrays
from backpath.importers.onnx.rules import NotKnownError
from backpath.importers.onnx.running import Runner
from backpath.importers.onnx.types import NUMPY
from backpath.nets import Loss
from backpath.ops import trace

RULE_FILES = choosing, control, elementwise, layers, learning, reducing, shaping
"""The modules that fill the table of rules."""

OLDEST = 7
"""The first opset whose operations broadcast as NumPy's do."""

BATCH = 2
"""How many examples stand for any number of them."""

UNKNOWN = 8
"""The length of an axis of which a file does not say it."""


@dataclass(frozen=True, slots=True)
class Input:
    """An input of a graph: its name, type, and lengths, None for those that are free."""

    name: str
    dtype: np.dtype
    lengths: tuple[int | None, ...]

    def example(self, rng: np.random.Generator, batch: int | None) -> np.ndarray:
        """Numbers of its type, with a batch of that many where that is free."""
        shape = [UNKNOWN if n is None else n for n in self.lengths]
        if shape and batch is not None and self.lengths[0] is None:
            shape[0] = batch
        if self.dtype.kind == "f":
            return rng.normal(size=shape).astype(self.dtype)
        return rng.integers(0, 2, size=shape).astype(self.dtype)


def from_onnx(
    source: Any,
    X: Any = None,
    *,
    output: str | None = None,
    loss: str | Loss | None = None,
    compare: bool = True,
) -> ImportedModel:
    """A model from an .onnx file, with its parameters by their names there.

    Its nodes are run by rules made of backpath's primitives, while a graph is traced, in the precision of what they are
    given; shapes that the file computes are known then. Arrays of real numbers are parameters where they are weights,
    and :attr:`ImportedModel.buffers` where they say how an operation works, such as running means. Nothing in the file
    is executed or unpickled; arrays outside it are read from ordinary files of its own folder alone.

    Args:
        source: a path, the bytes of a file, or an ``onnx.ModelProto``; opsets 7 to the newest that ``onnx`` knows, of
            which those from 13 on are tested one by one.
        X: an example: an array, a tuple of inputs, or a dictionary of them by name. By default it is made up, with 2
            examples, and 8 where a file does not say the length of another axis.
        output: what the scores are: the name of an output, or of any value in the graph; by default the first output
            that holds real numbers, if there is one.
        loss: a name in ``nets.LOSSES``, or a ``nets.Loss``; by default ``"cross_entropy"``, for one score an example
            ``"squared_error"``.
        compare: whether the example is run by ``onnx.reference`` too, and all values compared:
            :attr:`ImportedModel.agreement`.

    Raises:
        DataError: if the file is damaged, not what it says it is, or cannot be run at the example.
        UnsupportedError: for all that it uses and backpath does not have, together.
        SettingError: if there is no such output.

    >>> model = from_onnx(_small_file())
    >>> model.parameter_shapes
    {'W': (3, 2), 'b': (2,)}
    >>> model.scores(model.init(), np.ones((1, 3), np.float32))
    array([[4., 4.]], dtype=float32)
    """
    onnx = require_onnx()
    proto, folder = read_model(source)
    named = f"{Path(source).name}" if isinstance(source, (str, Path)) else proto.graph.name or "the model"
    try:
        inputs = _inputs(onnx, proto, named)
        planner = Planner(proto, Arrays(folder))
        _require_version(onnx, planner.versions, named)
        plan = with_known_arrays(planner.plan(proto.graph))
        _require_rules(plan, named)
    except (TypeError, AttributeError, KeyError, UnicodeError, OverflowError) as error:
        # What a sound file cannot hold: texts that are none, numbers out of their ranges.
        if isinstance(error, BackpathError):
            raise
        raise DataError(f"{named} is damaged: {error}") from error
    made = _Made(planner, plan, inputs, named, real_type(plan.known, [i.dtype for i in inputs]))
    example = made.example(X)
    chosen = made.choose(output, example)
    model = made.model(chosen, example, loss)
    if compare:
        model.agreed(beside_reference(proto, folder, made.plan, made.runner, example, made.real, model.source))
    return model


def _inputs(onnx: Any, proto: Any, named: str) -> list[Input]:
    known = {tensor.name for tensor in proto.graph.initializer}
    found = []
    for value in proto.graph.input:
        if value.name in known:
            continue
        kind = value.type.WhichOneof("value")
        code = value.type.tensor_type.elem_type if kind == "tensor_type" else 0
        if code not in NUMPY:
            told = onnx.TensorProto.DataType.Name(code).lower() if kind == "tensor_type" else f"a {kind}"
            raise DataError(f"{named}: its input {value.name} holds {told}; backpath takes arrays of numbers")
        dims = value.type.tensor_type.shape.dim
        lengths = tuple(d.dim_value if d.WhichOneof("value") == "dim_value" and d.dim_value > 0 else None for d in dims)
        found.append(Input(value.name, NUMPY[code], lengths))
    return found


def _require_version(onnx: Any, versions: Mapping[str, int], named: str) -> None:
    version, newest = versions.get("", OLDEST), onnx.defs.onnx_opset_version()
    if not OLDEST <= version <= newest:
        cure = "onnx.version_converter may convert it" if version < OLDEST else "pip install -U onnx"
        raise DataError(f"{named} is of opset {version}; {OLDEST} to {newest} are read: {cure}")


def _require_rules(plan: Plan, named: str) -> None:
    """Refuse all operations that there is no rule for, together."""
    found: defaultdict[str, list[str]] = defaultdict(list)

    def look(step: Step) -> None:
        if not is_read(step):
            found[step.op].append(step.name)

    walk(plan, look)
    if found:
        raise UnsupportedError(named, found)


class _Made:
    """A model in the making.

    Args:
        planner: of the file.
        plan: of its graph.
        inputs: of its graph.
        named: what it is called.
        real: the type of its real numbers.
    """

    def __init__(self, planner: Planner, plan: Plan, inputs: list[Input], named: str, real: np.dtype):
        self.plan, self.inputs, self.named, self.real = plan, inputs, named, real
        self.runner = Runner(planner, real, named)
        self.trained = trained(plan, real)
        self.runner.may_be_known = lambda value: bool(self._made_of_parameters(value))
        self._graph: tuple[Plan, Graph] | None = None
        lengths = [i.lengths[0] for i in inputs if i.lengths]
        self.written = lengths[0] if lengths else None

    def example(self, X: Any) -> list[np.ndarray]:
        """Inputs in order, as given or made up."""
        if X is None:
            rng = np.random.default_rng(0)
            return [i.example(rng, BATCH) for i in self.inputs]
        names = [i.name for i in self.inputs]
        given = (
            [X[n] for n in names if n in X] if isinstance(X, Mapping) else X if isinstance(X, (tuple, list)) else [X]
        )
        if len(given) != len(names) or (isinstance(X, Mapping) and len(X) != len(names)):
            raise SettingError(f"{self.named} has {len(names)} inputs: {', '.join(names)}; X gives others")
        found = []
        for i, x in zip(self.inputs, given, strict=True):
            array = np.asarray(x)
            found.append(array if array.dtype.kind == "f" and i.dtype.kind == "f" else array.astype(i.dtype))
        return found

    def choose(self, output: str | None, example: Sequence[np.ndarray]) -> str:
        """The name of the value that the scores are."""
        made = {name for step in self.plan.steps for name in step.outputs if name}
        if output is not None and output not in made | set(self.plan.inputs) | set(self.plan.known):
            raise SettingError(
                f"output={output!r}: {self.named} makes no such value; its outputs are {', '.join(self.plan.outputs)}"
            )
        if output is not None and output not in self.plan.outputs:
            last = tuple(tuple(n for n in names if n != output) for names in self.plan.last)
            self.plan = replace(self.plan, outputs=(*self.plan.outputs, output), last=last)
        return output or self._first_of_reals(example)

    def _first_of_reals(self, example: Sequence[np.ndarray]) -> str:
        graph = self.traced(example)
        for name, o in zip(self.plan.outputs, graph.outputs, strict=True):
            if graph.nodes[o].dtype.kind == "f":
                return name
        return self.plan.outputs[0]

    def _values(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        parameters = {name: self.plan.known[name] for name in self.trained}
        return parameters, {name: x for name, x in self.plan.known.items() if name not in parameters}

    def run(self, values: Mapping[str, Any], inputs: Sequence[Any], precision: np.dtype) -> Sequence[Any]:
        """The outputs of the graph."""
        given = dict(zip(self.plan.inputs, inputs, strict=True))
        batch = np.shape(inputs[0])[:1] if inputs else ()
        fixed = self.written is not None and batch and batch[0] != self.written
        self.runner.batch = (self.written, batch[0]) if fixed and self.written is not None else None
        return self.runner.run(self.plan, {**values, **given}, precision)

    def traced(self, example: Sequence[np.ndarray]) -> Graph:
        """The graph of all outputs; arrays that decide shapes are known in it."""
        if self._graph is not None and self._graph[0] is self.plan:
            return self._graph[1]
        for _ in range(len(self.trained) + 1):
            parameters, buffers = self._values()

            def outputs(parameters: Any, X: Any, buffers: Any = buffers) -> Any:
                return tuple(self.run({**buffers, **parameters}, X, self.real))

            try:
                graph = trace(outputs, parameters, list(example))
            except NotKnownError as error:
                self._demote(error)
            else:
                self._graph = self.plan, graph
                return graph
        raise AssertionError("each turn makes a parameter known")

    def _made_of_parameters(self, value: Any) -> set[str]:
        """The parameters that a traced value is made of; none if it is made of anything else too."""
        names = _inputs_of(value)
        parameters = {f"parameters.{name}": name for name in self.trained}
        return {parameters[name] for name in names} if names <= set(parameters) else set()

    def _demote(self, error: NotKnownError) -> None:
        """Parameters that a shape depends on are none."""
        gone = self._made_of_parameters(error.value)
        self.trained = [name for name in self.trained if name not in gone]

    def model(self, chosen: str, example: Sequence[np.ndarray], loss: str | Loss | None) -> ImportedModel:
        """The model whose scores are that value."""
        graph = self.traced(example)
        scores = graph.nodes[graph.outputs[self.plan.outputs.index(chosen)]].shape
        parameters, buffers = self._values()
        fits = len(example) == 1 and example[0].ndim > 0 and len(scores) > 1 and scores[0] == example[0].shape[0]
        if loss is None:
            loss = "squared_error" if not scores or scores[-1] == 1 else "cross_entropy"
        return ImportedModel(
            self.run,
            parameters,
            buffers=buffers,
            inputs=self.plan.inputs,
            outputs=self.plan.outputs,
            output=chosen,
            loss=loss,
            vocabulary=_vocabulary(graph, example),
            example=(example[0].shape[1:], scores[1:]) if fits else None,
            source=self.named,
        )


def _inputs_of(value: Any) -> set[str]:
    """The inputs of a trace from which a value is made."""
    nodes, stack = value.recorder.nodes, [value.position]
    seen = set(stack)
    while stack:
        fresh = [k for k in nodes[stack.pop()].parents if k not in seen]
        seen.update(fresh)
        stack += fresh
    return {nodes[k].name for k in seen if nodes[k].primitive == INPUT}


def _vocabulary(graph: Graph, example: Sequence[np.ndarray]) -> int:
    """How many rows the smallest table has that the one input picks rows of; 0 where it holds real numbers."""
    if len(example) != 1 or example[0].dtype.kind not in "iu":
        return 0
    position = graph.inputs[-1]
    rows = [
        graph.nodes[node.parents[0]].shape[0]
        for node in graph.nodes
        if node.primitive == "take" and position in ancestors(graph, [node.parents[1]])
    ]
    return min(rows, default=int(np.iinfo(np.int32).max))


def _small_file() -> Any:
    from onnx import TensorProto, helper, numpy_helper

    known = [("W", np.ones((3, 2), np.float32)), ("b", np.ones(2, np.float32))]
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "W", "b"], ["y"])],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(x, name) for name, x in known],
    )
    return helper.make_model(graph)
