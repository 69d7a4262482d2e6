"""The model of an .onnx file, to be trained further on the rows of a table."""

from __future__ import annotations

import math

from backpath.data.frame import listed
from backpath.data.grids import Grid
from backpath.data.parts import Data
from backpath.graph import DataError, SettingError
from backpath.importers import OnnxModel, from_onnx
from backpath.training.runs.settings import Settings


def imported_model(data: Data, target: str, outputs: int, loss: str, settings: Settings) -> tuple[Grid, OnnxModel]:
    """How rows become what the file's model reads, as the numbers that they are; and the model, from its own weights.

    A softmax or sigmoid that ends the file's scores is left out: the loss has it.

    Raises:
        DataError: if the columns are not as many as the model reads numbers, or it has other scores than the target
            asks for.
        SettingError: for settings of a network of layers.
    """
    s = settings
    assert s.onnx is not None
    default = Settings()
    for name in ("layers", "activation", "norm", "dropout", "augment", "scale", "numeric", "categorical", "text"):
        if getattr(s, name) != getattr(default, name):
            raise SettingError(
                f"--{name} makes networks and features of columns; {s.onnx} is a network that has its own"
            )
    model = from_onnx(s.onnx, loss=loss, before_link=True)
    if model.inputs is None:
        raise DataError(f"{s.onnx} has {len(model.input_names)} inputs, or does not give a row for each example")
    names = tuple(name for name in data.learning[0].names if name not in {target, *s.drop})
    if len(names) != math.prod(model.inputs):
        shape = " x ".join(map(str, model.inputs))
        raise DataError(
            f"{s.onnx} reads {shape} numbers; {data.source} has {len(names):,} columns beside the target "
            f"({listed(names, 5)}): --drop those that are none"
        )
    if model.outputs != (outputs,):
        raise DataError(
            f"{s.onnx} gives an example scores of shape {list(model.outputs or ())}; the target {target!r} asks for "
            f"{outputs}"
        )
    if model.vocabulary:
        return Grid(names, model.inputs, vocabulary=model.vocabulary), model
    last = model.inputs[-1]
    return Grid(names, model.inputs, (0.0,) * last, (1.0,) * last), model
