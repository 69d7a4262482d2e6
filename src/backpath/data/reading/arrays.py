"""Columns whose cells are arrays of one shape: images in Parquet and Arrow files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from backpath.data.frame import Frame, entries_of
from backpath.graph import DataError

if TYPE_CHECKING:
    import polars as pl


def with_arrays(frame: Frame) -> Frame:
    """The frame with the shapes of such columns, which are held whole.

    Raises:
        DataError: if two columns would have one name.
    """
    import polars as pl

    columns: list[pl.Series] = []
    shapes = dict(frame.shapes)
    for column in frame.data:
        shape = _shape_of(column)
        if shape is not None:
            shapes[column.name] = shape
            column = column.cast(pl.Array(_inner(column.dtype), shape))
        columns.append(column)
    if shapes == frame.shapes:
        return frame
    refuse_twins(frame.source, [column.name for column in columns], shapes)
    return replace(frame, data=pl.DataFrame(columns), shapes=shapes)


def refuse_twins(source: str, names: list[str], shapes: dict[str, tuple[int, ...]]) -> None:
    """Raises DataError if the entries of an array are called as another column is."""
    made = [n for name in names for n in (entries_of(name, shapes[name]) if name in shapes else [name])]
    if len({*made}) < len(made):
        seen: set[str] = set()
        twice = next(name for name in made if name in seen or seen.add(name))
        raise DataError(f"{source}: two columns would be called {twice!r}; rename an array")


def _shape_of(column: pl.Series) -> tuple[int, ...] | None:
    """Of cells that are arrays of numbers of one shape; None where they are no arrays, or of different shapes."""
    import polars as pl

    if not isinstance(column.dtype, pl.List | pl.Array) or not _inner(column.dtype).is_numeric():
        return None
    shape: list[int] = []
    flat = column
    while isinstance(flat.dtype, pl.List | pl.Array):
        lengths = flat.arr.len() if isinstance(flat.dtype, pl.Array) else flat.list.len()
        if flat.null_count() or lengths.n_unique() != 1 or not lengths[0]:
            return None
        shape.append(int(lengths[0]))
        flat = flat.explode()
    return None if flat.null_count() else tuple(shape)


def _inner(dtype: pl.DataType) -> pl.DataType:
    """The type of the cells of arrays in arrays."""
    while (inner := getattr(dtype, "inner", None)) is not None:
        dtype = inner
    return dtype
