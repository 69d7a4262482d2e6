"""A run as one .onnx file that predicts from the columns of a table: features, network, and the target's own words."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from backpath.data.categories import MISSING, Categorical
from backpath.data.features import Column, Features
from backpath.data.grids import Grid
from backpath.data.kinds import TRUTHS, Truth
from backpath.data.moments import DAY, Moments
from backpath.data.numeric import Numeric
from backpath.data.scaling import REACH
from backpath.data.words import Words
from backpath.graph import DataError
from backpath.importers.onnx_reading.files import require_onnx
from backpath.importers.onnx_writing import Batch, Writer, finished, value_info, write_scores
from backpath.training.runs.saved_model import PROBABILISTIC, SavedModel

DOUBLE, TEXT, SINGLE = np.dtype(np.float64), np.dtype(object), np.dtype(np.float32)
ONE = (Batch(1), 1)
LEARNING = "ai.onnx.ml"
"""The domain in which texts are looked up, with the version that is written."""


def export_onnx(model: SavedModel, path: str | os.PathLike[str] | None = None) -> Any:
    """A saved model as an ``onnx.ModelProto``, which takes the columns that the run was trained on.

    Each column is an input of shape (batch, 1), by its name: numbers as doubles, NaN where missing; categories and
    truth values as texts, empty where missing; dates and times as microseconds since 1970 in doubles, NaN where
    missing. The columns of an image or a sequence are one input ``columns``. Outputs are ``prediction``, and for
    classes ``probabilities`` where the loss has them.

    Args:
        model: what a run folder holds.
        path: where to write it, too; nothing is overwritten.

    Raises:
        DataError: for columns of hashed words, or if the onnx package is not installed.
        UnsupportedError: if ONNX has not what the network is made of.
        SettingError: if the path is taken.
    """
    require_onnx()
    writer = Writer()
    inputs, X = _features(writer, model.features, model.reading.words)
    classes = model.target.classes
    probable = model.network.loss in PROBABILISTIC
    example = np.zeros((1, *_shape(model)), model.network.input_dtype(np.float32))

    def predicted(parameters: Any, X: Any) -> Any:
        if not probable:
            return model.network.predict(parameters, X)
        probabilities = model.network.probabilities(parameters, X)
        return np.argmax(probabilities, axis=1), probabilities

    names = ("found", "probabilities")[: 1 + probable]
    _, found = write_scores(writer, model.network, model.parameters, example, None, X, predicted, names)
    (first, sizes, _), *others = found
    if classes:
        labels = np.array(classes, object if isinstance(classes[0], str) else None)
        told = writer.op("Gather", writer.array(labels, "classes"), first, axis=0, name="prediction")
        outputs = [(told, sizes, labels.dtype), *others]
    else:
        value = writer.op("Cast", first, to=11)
        value = writer.op("Mul", value, writer.scalar(model.target.deviation, DOUBLE))
        told = writer.op("Add", value, writer.scalar(model.target.mean, DOUBLE), name="prediction")
        outputs = [(told, sizes, DOUBLE)]
    return finished(writer, inputs, outputs, path, [(LEARNING, 3)])


def _shape(model: SavedModel) -> tuple[int, ...]:
    features = model.features
    return features.shape if isinstance(features, Grid) else (features.width,)


def _features(writer: Writer, features: Features | Grid, words: Words) -> tuple[list[Any], str]:
    """Inputs for columns, and the name of the features that are made of them."""
    if isinstance(features, Grid):
        return _grid(writer, features)
    inputs, parts = [], []
    for column in features.columns:
        name = writer.name(column.name)
        writer.batch_source = name
        inputs.append(value_info(name, ONE, TEXT if _is_text(column) else DOUBLE))
        parts.append(_column(writer, column, name, words))
    X = writer.op("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    if features.whitening is None:
        return inputs, X
    wide = writer.op("Cast", X, to=11)
    scaling = features.whitening
    centred = writer.op("Sub", wide, writer.array(scaling.mean))
    scaled = writer.op("Mul", centred, writer.array(scaling.factor))
    if scaling.matrix is not None:
        scaled = writer.op("MatMul", scaled, writer.array(scaling.matrix, "whitening"))
    return inputs, writer.op("Cast", scaled, to=1)


def _grid(writer: Writer, grid: Grid) -> tuple[list[Any], str]:
    name = writer.name("columns")
    writer.batch_source = name
    sizes = (Batch(1), len(grid.columns))
    if grid.vocabulary:
        return [value_info(name, sizes, np.dtype(np.int64))], name
    examples = writer.reshaped(name, (Batch(1), *grid.shape))
    centred = writer.op("Sub", examples, writer.array(np.array(grid.mean)))
    scaled = writer.op("Mul", centred, writer.array(np.array(grid.factor)))
    return [value_info(name, sizes, DOUBLE)], writer.op("Cast", scaled, to=1)


def _is_text(column: Column) -> bool:
    return isinstance(column, Categorical) or (isinstance(column, Numeric) and isinstance(column.kind, Truth))


def _column(writer: Writer, column: Column, name: str, words: Words) -> str:
    """The features of a column, float32 of shape (batch, width)."""
    if isinstance(column, Categorical):
        return _categories(writer, column, name, words)
    if isinstance(column, Moments):
        return _moments(writer, column, name)
    if isinstance(column, Numeric):
        return _numbers(writer, column, _truths(writer, name) if _is_text(column) else _present(writer, name, words))
    raise DataError(f"column {column.name!r} is read by hashed words, which ONNX cannot: train without --text")


def _looked_up(writer: Writer, texts: str, table: Mapping[str, float], default: float) -> str:
    """Numbers in place of texts."""
    return writer.op(
        "LabelEncoder",
        texts,
        domain=LEARNING,
        keys_strings=list(table),
        values_floats=[float(v) for v in table.values()],
        default_float=float(default),
    )


def _spellings(word: str) -> list[str]:
    return [word.lower(), word.upper(), word.capitalize()]


def _categories(writer: Writer, column: Categorical, name: str, words: Words) -> str:
    """1 at the category's place; what is missing and no category of its own is 0 everywhere."""
    missing = column.categories.index(MISSING) if MISSING in column.categories else -1
    table = {spelling: missing for word in sorted(words.all) for spelling in _spellings(word)}
    table |= {category: k for k, category in enumerate(column.categories)}
    place = _looked_up(writer, name, table, len(column.categories))
    places = writer.array(np.arange(column.width, dtype=np.float32).reshape(1, -1))
    return writer.op("Cast", writer.op("Equal", place, places), to=1)


def _truths(writer: Writer, name: str) -> str:
    """1 and 0 for truth values in any of their words, NaN for anything else."""
    table = {spelling: float(value) for word, value in TRUTHS.items() for spelling in _spellings(word)}
    return writer.op("Cast", _looked_up(writer, name, table, np.nan), to=11)


def _present(writer: Writer, name: str, words: Words) -> str:
    """Numbers, NaN for those that say that there is none."""
    for number in words.numbers:
        same = writer.op("Equal", name, writer.scalar(number, DOUBLE))
        name = writer.op("Where", same, writer.scalar(np.nan, DOUBLE), name)
    return name


def _numbers(writer: Writer, column: Numeric, values: str) -> str:
    """Scaled numbers, 0 for missing ones, and whether they are missing."""
    gaps = writer.op("IsNaN", values)
    scaled = writer.op("Where", gaps, writer.scalar(0.0, DOUBLE), _scaled(writer, column, values))
    single = writer.op("Cast", scaled, to=1)
    if not column.indicator:
        return single
    return writer.op("Concat", single, writer.op("Cast", gaps, to=1), axis=1)


def _scaled(writer: Writer, column: Numeric, values: str) -> str:
    if column.scale <= 0:
        return writer.op("Mul", values, writer.scalar(0.0, DOUBLE))
    centred = writer.op("Sub", values, writer.scalar(column.mean, DOUBLE))
    scaled = writer.op("Div", centred, writer.scalar(column.scale, DOUBLE))
    if not column.clipped:
        return scaled
    part = writer.op("Div", scaled, writer.scalar(REACH, DOUBLE))
    root = writer.op("Sqrt", writer.op("Add", writer.op("Mul", part, part), writer.scalar(1.0, DOUBLE)))
    return writer.op("Div", scaled, root)


def _moments(writer: Writer, column: Moments, name: str) -> str:
    """The parts of moments that the run reads."""
    calendar = _Calendar(writer, name)
    parts = [_numbers(writer, part, calendar.part(part.name)) for part in column.parts]
    if column.indicator:
        parts.append(writer.op("Cast", writer.op("IsNaN", name), to=1))
    return writer.op("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]


class _Calendar:
    """Years, months, days and hours of microseconds since 1970, in the proleptic Gregorian calendar.

    Years begin in March while they are counted, so that leap days are last (Hinnant, 2013: days_from_civil).
    """

    def __init__(self, writer: Writer, name: str):
        self._writer, self._name = writer, name

    def part(self, name: str) -> str:
        """One of the parts by its name."""
        day = self._over(self._name, DAY)
        if name == "elapsed":
            return day
        days = self._op("Floor", day)
        rest = self._op("Sub", self._name, self._times(days, DAY))
        made: dict[str, Callable[[], str]] = {
            "hour": lambda: self._over(self._op("Floor", self._over(rest, 60e6)), 60),
            "day of week": lambda: self._plus(self._modulo(self._plus(days, 3), 7), 1),
            "year": lambda: self._year_and_month(days)[0],
            "month": lambda: self._year_and_month(days)[1],
        }
        return made[name]()

    def _year_and_month(self, days: str) -> tuple[str, str]:
        shifted = self._plus(days, 719_468)
        era = self._op("Floor", self._over(shifted, 146_097))
        day = self._op("Sub", shifted, self._times(era, 146_097))
        leaps = [self._floor_over(day, n) for n in (1_460, 36_524, 146_096)]
        sure = self._op("Sub", self._op("Add", self._op("Sub", day, leaps[0]), leaps[1]), leaps[2])
        year = self._floor_over(sure, 365)
        begun = [self._times(year, 365), self._floor_over(year, 4), self._floor_over(year, 100)]
        of_year = self._op("Sub", day, self._op("Sub", self._op("Add", begun[0], begun[1]), begun[2]))
        month = self._floor_over(self._plus(self._times(of_year, 5), 2), 153)
        early = self._op("Less", month, self._number(10))
        month = self._op("Where", early, self._plus(month, 3), self._plus(month, -9))
        late = self._writer.op("Cast", self._op("Less", month, self._number(3)), to=11)
        return self._op("Add", self._op("Add", year, self._times(era, 400)), late), month

    def _op(self, operation: str, *inputs: str) -> str:
        return self._writer.op(operation, *inputs)

    def _number(self, value: float) -> str:
        return self._writer.scalar(value, DOUBLE)

    def _over(self, x: str, n: float) -> str:
        return self._op("Div", x, self._number(n))

    def _times(self, x: str, n: float) -> str:
        return self._op("Mul", x, self._number(n))

    def _plus(self, x: str, n: float) -> str:
        return self._op("Add", x, self._number(n))

    def _floor_over(self, x: str, n: float) -> str:
        return self._op("Floor", self._over(x, n))

    def _modulo(self, x: str, n: float) -> str:
        return self._op("Sub", x, self._times(self._floor_over(x, n), n))
