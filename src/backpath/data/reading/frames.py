"""Frames of other libraries, through Narwhals: pandas, Polars, PyArrow, Modin, ...; no other is needed for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from backpath.data.frame import Frame
from backpath.graph import DataError

if TYPE_CHECKING:
    import polars as pl


def frame_of(data: Any, source: str = "the frame") -> Frame:
    """The columns of an eager frame; declared types stay, and what is null is missing.

    Args:
        data: pandas, Polars, PyArrow or any other that Narwhals knows.
        source: how messages name it.

    Raises:
        DataError: if it is no such frame, or has no row, or two columns of one name.
    """
    import polars as pl

    try:
        found = nw.from_native(data, eager_only=True)
    except TypeError:
        raise DataError(f"{type(data).__name__} is no data frame that is in memory: collect it, or load it") from None
    except ValueError as error:
        raise DataError(f"{source}: {error}") from None
    if not found.columns or not len(found):
        raise DataError(f"{source} has no {'rows' if found.columns else 'columns'}")
    if isinstance(data, pl.DataFrame):
        return Frame(source, data)
    return Frame(source, pl.DataFrame([column_of(series).alias(str(series.name)) for series in found.iter_columns()]))


def column_of(series: nw.Series[Any]) -> pl.Series:
    """A series of any library as one of Polars: numbers, truth values, categories, moments; all else as text."""
    import polars as pl

    native = series.to_native()
    if isinstance(native, pl.Series):
        return native
    kind = series.dtype
    if kind == nw.Boolean:
        return pl.Series([None if gap else bool(cell) for cell, gap in _cells(series)], dtype=pl.Boolean)
    if kind.is_numeric():
        return _numbers(series)
    if kind == nw.Categorical or isinstance(kind, nw.Enum):
        texts = _texts(series)
        return texts.cast(pl.Enum(texts.drop_nulls().unique(maintain_order=True)))
    if kind in (nw.Date, nw.Datetime, nw.Time, nw.Duration):
        return pl.Series([None if gap else cell for cell, gap in _cells(series)])
    return _texts(series)


def _numbers(series: nw.Series[Any]) -> pl.Series:
    import polars as pl

    if series.null_count() or series.dtype.is_decimal():
        series = series.cast(nw.Float64)
        return pl.Series(np.array(series.to_numpy(), float)).fill_nan(None)
    return pl.Series(np.ascontiguousarray(series.to_numpy()))


def _texts(series: nw.Series[Any]) -> pl.Series:
    """Lists and the rest as Python writes them."""
    import polars as pl

    return pl.Series([None if gap else str(cell) for cell, gap in _cells(series)], dtype=pl.String)


def _cells(series: nw.Series[Any]) -> list[tuple[Any, bool]]:
    return list(zip(series.to_list(), series.is_null().to_list(), strict=True))
