"""Grids: columns that together are an image, or a sequence of whole numbers, for models that read them as such."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpath.data.features import Features
from backpath.data.frame import Frame, listed
from backpath.data.numeric import read_numbers
from backpath.data.scaling import fit_scaling
from backpath.graph import DataError, SettingError

MOST_CHANNELS = 16
"""Of an image; a longer last axis of three is taken for something else."""

AT_ONCE = 1 << 20
"""Numbers that are read together."""

MOST_TOKENS = 1 << 20
"""Different whole numbers that a sequence may hold."""


@dataclass(frozen=True, slots=True)
class Grid:
    """How columns become examples of a shape.

    Attributes:
        columns: their names, row by row.
        shape: of an example: (height, width, channels), or (length,) for whole numbers.
        mean: what is taken off each channel, learned from the training rows; empty for whole numbers.
        factor: what each channel is multiplied by then.
        vocabulary: how many whole numbers there are, from 0; 0 for images.
    """

    columns: tuple[str, ...]
    shape: tuple[int, ...]
    mean: tuple[float, ...] = ()
    factor: tuple[float, ...] = ()
    vocabulary: int = 0
    dropped: Mapping[str, str] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """The name of each entry of an example."""
        return list(self.columns)

    @classmethod
    def of_image(cls, frame: Frame, left_out: Iterable[str], rows: np.ndarray, scale: str) -> Grid:
        """The images of a frame, each channel scaled as the training rows say.

        Raises:
            DataError: if there is not one array of images.
            SettingError: if they are to be scaled in a way that is not for images.
        """
        if scale not in ("standard", "minmax"):
            raise SettingError(f"scale={scale!r} is of single columns: images are scaled by 'standard' or 'minmax'")
        names, shape = _array_of(frame, set(left_out))
        if len(shape) == 2:
            shape = (*shape, 1)
        if len(shape) != 3 or shape[2] > MOST_CHANNELS:
            raise DataError(f"{frame.source}: its examples are of shape {list(shape)}; images are height by width, or "
                            f"height by width by channels")  # fmt: skip
        unscaled = cls(names, shape, (0.0,) * shape[2], (1.0,) * shape[2])
        pixels = unscaled.transform(frame, rows).reshape(-1, shape[2])
        scaling = fit_scaling(scale, pixels)
        assert scaling is not None
        return cls(names, shape, tuple(scaling.mean.tolist()), tuple(scaling.factor.tolist()))

    @classmethod
    def of_tokens(cls, frames: Iterable[Frame], left_out: Iterable[str]) -> Grid:
        """The whole numbers of frames of the same columns, one sequence a row; all tell how many there are.

        Raises:
            DataError: if some are no whole numbers, or below 0.
        """
        away, names, largest = set(left_out), (), 0
        for frame in frames:
            names = tuple(name for name in frame.names if name not in away)
            if not names:
                raise DataError(f"{frame.source} has no column of whole numbers")
            rows = np.arange(len(frame))
            for some, tokens in _in_parts(frame, names, rows):
                largest = max(largest, int(_require_whole(frame, names, tokens, rows[some]).max()))
        return cls(names, (len(names),), vocabulary=largest + 1)

    def transform(self, frame: Frame, rows: np.ndarray | None = None) -> np.ndarray:
        """Examples of some rows (by default all): float32 of shape (rows, height, width, channels), or whole numbers.

        Raises:
            DataError: if a column is missing, or holds something else.
        """
        absent = [name for name in self.columns if name not in frame.names]
        if absent:
            raise DataError(f"{frame.source} lacks {len(absent):,} of the {len(self.columns):,} columns of an example, "
                            f"such as {listed(absent, 3)}")  # fmt: skip
        rows = np.arange(len(frame)) if rows is None else rows
        examples = np.empty((len(rows), *self.shape), np.int64 if self.vocabulary else np.float32)
        mean, factor = np.array(self.mean), np.array(self.factor)
        for some, values in _in_parts(frame, self.columns, rows):
            if self.vocabulary:
                examples[some] = _require_whole(frame, self.columns, values, rows[some], self.vocabulary)
            else:
                examples[some] = (values.reshape(-1, *self.shape) - mean) * factor
        return examples

    def unseen(self, frame: Frame) -> dict[str, list[str]]:
        """None: there are no categories."""
        return {}

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :meth:`from_json` makes the same grid."""
        return {
            "grid": list(self.shape),
            "columns": list(self.columns),
            "mean": list(self.mean),
            "factor": list(self.factor),
            "vocabulary": self.vocabulary,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Grid:
        """The grid described by :meth:`to_json`.

        Raises:
            DataError: if the data describe none.
        """
        try:
            shape = tuple(int(n) for n in data["grid"])
            columns = tuple(map(str, data["columns"]))
            mean, factor = (tuple(float(v) for v in data[name]) for name in ("mean", "factor"))
            grid = cls(columns, shape, mean, factor, int(data["vocabulary"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"not the description of a grid: {error!r}") from None
        channels = 0 if grid.vocabulary else shape[-1]
        sound = np.isfinite(mean).all() and np.isfinite(factor).all()
        if int(np.prod(shape)) != len(columns) or not (len(mean) == len(factor) == channels) or not sound:
            raise DataError(f"not the description of a grid: {len(columns)} columns of shape {list(shape)}")
        return grid


def inputs_from_json(data: Mapping[str, Any]) -> Features | Grid:
    """Features or a grid, from what they told of themselves.

    Raises:
        DataError: if the data describe neither.
    """
    return Grid.from_json(data) if isinstance(data, Mapping) and "grid" in data else Features.from_json(data)


def shape_of(inputs: Features | Grid) -> tuple[int, ...]:
    """The shape of an example."""
    return inputs.shape if isinstance(inputs, Grid) else (inputs.width,)


def _array_of(frame: Frame, left_out: set[str]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The columns and the shape of the one array that the frame has beside what is left out."""
    found = {name: shape for name, shape in frame.shapes.items() if name not in left_out}
    if len(found) != 1:
        held = f"it has {listed([f'{n} of shape {list(s)}' for n, s in found.items()])}" if found else "it has none"
        raise DataError(
            f"{frame.source}: layers of images need one array of images, and {held}. Give an .npz file whose X is "
            f"(rows, height, width) or (rows, height, width, channels), or a folder of images in one folder a class"
        )
    ((name, shape),) = found.items()
    return tuple(column for column in frame.names if column.startswith(f"{name}_")), shape


def _in_parts(frame: Frame, names: Sequence[str], rows: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Columns beside each other, some rows at a time: which of ``rows``, and their numbers (rows, columns), float64."""
    array = None if frame.words.numbers else frame.entries(names)
    each = max(1, AT_ONCE // len(names))
    for first in range(0, len(rows), each):
        some = slice(first, first + each)
        values = None if array is None else array[rows[some]].astype(float)
        if values is None or not np.isfinite(values.sum()):
            values = np.empty((len(rows[some]), len(names)))
            for k, name in enumerate(names):
                values[:, k] = read_numbers(frame, name, rows[some])
        yield some, values


def _require_whole(
    frame: Frame, names: Sequence[str], values: np.ndarray, rows: np.ndarray, vocabulary: int = 0
) -> np.ndarray:
    """The same numbers; DataError if they are not whole numbers below the vocabulary of a model, or that there can be.

    Raises:
        DataError: naming the first that is not.
    """
    whole = (values == np.floor(values)) & (values >= 0) & (values < (vocabulary or MOST_TOKENS))
    if not whole.all():
        row, column = np.argwhere(~whole)[0]
        reads = f"the model reads whole numbers from 0 to {vocabulary - 1}"
        holds = f"a sequence holds whole numbers from 0 to {MOST_TOKENS - 1:,}"
        raise DataError(
            f"{frame.source}, {frame.place(int(rows[row]))}: {names[column]!r} is {values[row, column]:g}; "
            f"{reads if vocabulary else holds}"
        )
    return values
