"""Tables from data frames of any library that Narwhals knows: pandas, Polars, PyArrow, Modin, ..."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from backpath.data.tables import TEXT, Table
from backpath.graph import DataError


def table_of(frame: Any, source: str = "the frame", first: int | None = None) -> Table:
    """The columns of an eager frame; numbers stay numbers, all else becomes text, and what is null is missing.

    Args:
        frame: pandas, Polars, PyArrow or any other that Narwhals knows.
        source: how messages name it.
        first: the number of its first row, if it is a part of a longer one.

    Raises:
        DataError: if it is no such frame, or has no row, or two columns of one name.
    """
    try:
        data = nw.from_native(frame, eager_only=True)
    except TypeError:
        raise DataError(f"{type(frame).__name__} is no data frame that is in memory: collect it, or load it") from None
    except ValueError as error:
        raise DataError(f"{source}: {error}") from None
    if not data.columns or not len(data):
        raise DataError(f"{source} has no {'rows' if data.columns else 'columns'}")
    columns = tuple(_column(data[name]) for name in data.columns)
    numbers = None if first is None else np.arange(first, first + len(data))
    return Table(source, tuple(map(str, data.columns)), columns, numbers=numbers)


def _column(series: nw.Series[Any]) -> np.ndarray:
    kind = series.dtype
    if kind == nw.Boolean and not series.null_count():
        return series.to_numpy().astype(bool)
    if not kind.is_numeric():
        return texts(series)
    if series.null_count() or kind.is_decimal():
        series = series.cast(nw.Float64)
    return np.ascontiguousarray(series.to_numpy())


def texts(series: nw.Series[Any]) -> np.ndarray:
    """Cells as stripped text, null ones as the empty string; times, lists and the rest as Python writes them."""
    cells = zip(series.to_list(), series.is_null().to_list(), strict=True)
    return np.strings.strip(np.array(["" if null else str(cell) for cell, null in cells], TEXT))
