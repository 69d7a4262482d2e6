"""``from_onnx``: a file of ONNX's as a Model of ours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from backpath.graph import BackpathError, DataError, UnsupportedError
from backpath.importers.onnx_reading import choosing, control, elementwise, fused, layers, learning, reducing, shaping
from backpath.importers.onnx_reading.comparing import beside_reference, whole
from backpath.importers.onnx_reading.files import Arrays, read_model, require_onnx
from backpath.importers.onnx_reading.making import Input, Making
from backpath.importers.onnx_reading.model import OnnxModel
from backpath.importers.onnx_reading.modes import inlined, inside_others, with_statistics
from backpath.importers.onnx_reading.plan import Planner, is_read
from backpath.importers.onnx_reading.roles import named_parameters, real_type, with_known_arrays
from backpath.importers.onnx_reading.rules import RefusedError
from backpath.importers.onnx_reading.steps import Plan, Step, walk
from backpath.importers.onnx_reading.types import NUMPY, STRING, type_name
from backpath.nets import Loss

RULE_FILES = choosing, control, elementwise, fused, layers, learning, reducing, shaping
"""The modules that fill the table of rules."""

OLDEST = 7
"""The first opset whose operations broadcast as NumPy's do."""


def from_onnx(
    source: Any,
    X: Any = None,
    *,
    output: str | None = None,
    loss: str | Loss | None = None,
    before_link: bool = False,
    train: bool = False,
    compare: bool = True,
) -> OnnxModel:
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
        before_link: whether a softmax or sigmoid that ends the scores is left out of them, since the loss has it:
            needed to train what predicts probabilities.
        train: whether to keep what only training does: each Dropout draws anew, and each BatchNormalization takes the
            statistics of its batch, and when training is done those of its examples. By default neither does, whatever
            the nodes say.
        compare: whether the example is run by ``onnx.reference`` too, as it predicts, and all values compared:
            :attr:`ImportedModel.agreement`. Of a model that is read for training nothing is compared.

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
        inputs = _inputs(proto, named)
        planner = Planner(proto, Arrays(folder))
        _require_version(onnx, planner.versions, named)
        plan = with_known_arrays(planner.plan(proto.graph))
        _require_rules(plan, named)
        if train:
            proto, planner, plan = _for_training(proto, planner, plan, folder, named)
    except RefusedError as error:
        raise DataError(f"{named}: a constant of it cannot be read: {error}") from None
    except (TypeError, AttributeError, KeyError, UnicodeError, OverflowError) as error:
        # What a sound file cannot hold: texts that are none, numbers out of their ranges.
        if isinstance(error, BackpathError):
            raise
        raise DataError(f"{named} is damaged: {error}") from error
    made = Making(
        planner, plan, inputs, named, real_type(plan.known, [i.dtype for i in inputs]), train, named_parameters(proto)
    )
    example = made.example(X)
    chosen = made.choose(output, example, before_link)

    def folding(statistics: Mapping[str, Any], X: np.ndarray) -> OnnxModel:
        told = with_statistics(whole(proto, folder), statistics)
        return from_onnx(told, X[:2], output=chosen, loss=model.loss, compare=False)

    def file() -> bytes:
        return whole(proto, folder).SerializeToString()

    model = made.model(chosen, example, loss, file, folding if train else None)
    if compare and not train:
        model.agreed(beside_reference(proto, folder, made, example, model.source))
    return model


def _for_training(
    proto: Any, planner: Planner, plan: Plan, folder: Path | None, named: str
) -> tuple[Any, Planner, Plan]:
    """A file without functions, so that each of its batch normalizations can be told its own statistics."""
    if inner := inside_others(plan):
        raise UnsupportedError(named, {"BatchNormalization (in a branch or a loop, read for training)": inner})
    if not proto.functions:
        return proto, planner, plan
    proto = inlined(whole(proto, folder))
    planner = Planner(proto, Arrays(folder))
    return proto, planner, with_known_arrays(planner.plan(proto.graph))


def _inputs(proto: Any, named: str) -> list[Input]:
    known = {tensor.name for tensor in proto.graph.initializer}
    found = []
    for value in proto.graph.input:
        if value.name in known:
            continue
        kind = value.type.WhichOneof("value")
        code = value.type.tensor_type.elem_type if kind == "tensor_type" else 0
        if code not in NUMPY and code != STRING:
            told = type_name(code) if kind == "tensor_type" else f"{kind} in place of an array"
            raise DataError(f"{named}: its input {value.name} holds {told}; backpath takes arrays of numbers")
        dims = value.type.tensor_type.shape.dim
        lengths = tuple(d.dim_value if d.WhichOneof("value") == "dim_value" and d.dim_value > 0 else None for d in dims)
        found.append(Input(value.name, NUMPY.get(code, np.dtype(np.int64)), lengths, code == STRING))
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
