"""Frames of other libraries, through Narwhals: pandas, Polars, PyArrow, Modin, ...; no other is needed for one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from numbers import Real
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
    if kind == nw.Object:
        return column_of_objects([None if gap else cell for cell, gap in _cells(series)])
    return _texts(series)


def column_of_objects(cells: Sequence[Any]) -> pl.Series:
    """Cells of no declared type: numbers, truth values or moments if all are that, else text as Python writes it.

    None, NaN, and what pandas and NumPy have for no value are missing.
    """
    import polars as pl

    cells = [None if _is_gap(cell) else cell for cell in cells]
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds and all(issubclass(kind, (bool, np.bool_)) for kind in kinds):
        return pl.Series([None if cell is None else bool(cell) for cell in cells], dtype=pl.Boolean)
    if all(issubclass(kind, (Real, Decimal, np.bool_)) for kind in kinds):
        return pl.Series([None if cell is None else float(cell) for cell in cells], dtype=pl.Float64)
    for moments in ((date, np.datetime64), (time,), (timedelta,)):
        if all(issubclass(kind, moments) for kind in kinds):
            return pl.Series([_moment(cell) for cell in cells])
    return pl.Series([None if cell is None else str(cell) for cell in cells], dtype=pl.String)


def _is_gap(cell: Any) -> bool:
    if isinstance(cell, (float, np.floating, Decimal)):
        return bool(cell != cell)
    if isinstance(cell, np.datetime64):
        return bool(np.isnat(cell))
    return cell is None or type(cell).__name__ in ("NAType", "NaTType")


def _moment(cell: Any) -> Any:
    """As Polars takes it: with a date of midnight among moments."""
    if isinstance(cell, np.datetime64):
        return cell.astype("datetime64[us]").item()
    return datetime(cell.year, cell.month, cell.day) if type(cell) is date else cell


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
