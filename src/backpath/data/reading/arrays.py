"""Columns whose cells are arrays of one shape: images in Parquet and Arrow files, and in NumPy's archives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from backpath.data.frame import Frame
from backpath.graph import DataError

if TYPE_CHECKING:
    import polars as pl


def spread(frame: Frame) -> Frame:
    """The frame with such columns as one for each entry, ``NAME_0``, ``NAME_1``, ..., and their shapes.

    Raises:
        DataError: if two columns would have one name.
    """
    import polars as pl

    columns: list[pl.Series] = []
    shapes = dict(frame.shapes)
    for column in frame.data:
        array = _array_of(column)
        if array is None:
            columns.append(column)
            continue
        shapes[column.name] = array.shape[1:]
        flat = array.reshape(len(array), -1)
        columns += [pl.Series(f"{column.name}_{k}", np.ascontiguousarray(flat[:, k])) for k in range(flat.shape[1])]
    if shapes == frame.shapes:
        return frame
    names = [column.name for column in columns]
    if len({*names}) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{frame.source}: two columns would be called {twice!r}; rename an array")
    return replace(frame, data=pl.DataFrame(columns), shapes=shapes)


def _array_of(column: pl.Series) -> np.ndarray | None:
    """Cells of one shape as an array (rows, ...); None where they are no arrays, or of different shapes."""
    import polars as pl

    shape: list[int] = []
    flat = column
    while isinstance(flat.dtype, pl.List | pl.Array):
        lengths = flat.arr.len() if isinstance(flat.dtype, pl.Array) else flat.list.len()
        if flat.null_count() or lengths.n_unique() != 1 or not lengths[0]:
            return None
        shape.append(int(lengths[0]))
        flat = flat.explode()
    if not shape or not flat.dtype.is_numeric() or flat.null_count():
        return None
    return flat.to_numpy().reshape(len(column), *shape)
