"""What cells say: which have no value, and where one of text is made a number, a truth value, a moment or a name.

Numbers are null where a cell has no value, and NaN where it cannot be read as asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from backpath.data.kinds import CODES, PLAIN, SYMBOLS, TRUTHS, Kind, Number, Truth
from backpath.data.words import Words

if TYPE_CHECKING:
    import polars as pl

SYMBOL = rf"(?:[{SYMBOLS}]|{'|'.join(CODES)})"
ISO = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%+")
"""Formats of ISO 8601, the last with an offset from UTC."""


def missing(column: pl.Series, words: Words) -> pl.Series:
    """A flag for each cell: whether it has no value."""
    import polars as pl

    if column.dtype == pl.String:
        return _says_nothing(column.str.strip_chars(), words)
    gaps = column.is_null()
    if column.dtype in (pl.Categorical, pl.Enum):
        different = column.unique()
        says_nothing = different.filter(_says_nothing(different.cast(pl.String).str.strip_chars(), words)).drop_nulls()
        return gaps | column.is_in(says_nothing.to_list()) if len(says_nothing) else gaps
    if column.dtype.is_float():
        gaps |= column.is_nan().fill_null(True)
    if words.numbers and column.dtype.is_numeric():
        gaps |= column.cast(pl.Float64).is_in(words.numbers).fill_null(True)
    return gaps


def numbers(column: pl.Series, words: Words, kind: Kind = PLAIN) -> pl.Series:
    """The cells as float64, perhaps infinite: null where missing, NaN where they are not what ``kind`` says."""
    import polars as pl

    if column.dtype == pl.String or column.dtype in (pl.Categorical, pl.Enum):
        text = column.cast(pl.String)
        return _truths(text, words) if isinstance(kind, Truth) else _numbers(text, words, kind)
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        values = column.cast(pl.Float64)
    else:
        values = pl.Series(column.name, [float("nan")], pl.Float64).new_from_index(0, len(column))
    gaps = missing(column, words)
    return values.set(gaps, None) if gaps.any() else values


def moments(column: pl.Series, words: Words, formats: tuple[str, ...] = ()) -> tuple[pl.Series, pl.Series]:
    """The cells as moments, null where there is none, in UTC where they have a zone; and which are no moments.

    Times of day are moments of the first of January 1970.
    """
    gaps = missing(column, words)
    if column.dtype.is_temporal():
        found = _moments(column)
    else:
        found = _parsed(column.cast(str).str.strip_chars(), formats or ISO)
    found = found.set(gaps, None)
    return found, found.is_null() & ~gaps


def _moments(column: pl.Series) -> pl.Series:
    import polars as pl

    if column.dtype == pl.Time or column.dtype == pl.Duration:
        return column.cast(pl.Duration("us")).cast(pl.Int64).cast(pl.Datetime("us"))
    if zone := getattr(column.dtype, "time_zone", None):
        column = column.cast(pl.Datetime("us", zone)).dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return column.cast(pl.Datetime("us"))


def parsed(text: pl.Series, form: str) -> pl.Series:
    """Stripped text as moments by one format, null where it does not fit."""
    if form.startswith("%H"):
        # A date before it makes a moment of a time of day.
        return ("1970-01-01 " + text).alias(text.name).str.to_datetime(f"%Y-%m-%d {form}", time_unit="us", strict=False)
    found = text.str.to_datetime(form, time_unit="us", strict=False)
    return found.dt.replace_time_zone(None) if getattr(found.dtype, "time_zone", None) else found


def _parsed(text: pl.Series, formats: tuple[str, ...]) -> pl.Series:
    found = parsed(text, formats[0])
    for form in formats[1:]:
        if not found.null_count():
            break
        found = found.zip_with(found.is_not_null(), parsed(text, form))
    return found


def labels(column: pl.Series, words: Words) -> pl.Series:
    """The cells as text, stripped, all missing ones as the empty string; whole numbers without a decimal point."""
    import polars as pl

    gaps = missing(column, words)
    if column.dtype.is_float():
        whole = (column.floor() == column) & (column.abs() < 2**53)
        text = (
            column.cast(pl.Int64, strict=False).cast(pl.String).zip_with(whole.fill_null(False), column.cast(pl.String))
        )
    elif column.dtype == pl.Boolean:
        text = column.cast(pl.String).str.to_titlecase()
    else:
        text = column.cast(pl.String).str.strip_chars()
    return text.set(gaps, "") if gaps.any() else text


def different(column: pl.Series, words: Words) -> pl.Series:
    """The labels that occur, sorted, the missing one not among them."""
    import polars as pl

    found = labels(column.unique(), words).unique().sort()
    return found.filter(found != "").cast(pl.String)


def mapped(column: pl.Series, different: pl.Series, values: Sequence[int]) -> np.ndarray:
    """For each cell the value that belongs to it, given the cells that differ and a value for each."""
    import polars as pl

    if isinstance(column.dtype, pl.Enum) and not column.null_count():
        by_number = np.zeros(len(column.dtype.categories), np.int32)
        by_number[different.to_physical().to_numpy()] = values
        return by_number[column.to_physical().to_numpy()]
    if len(different) < 2:
        return np.full(len(column), values[0] if len(values) else 0, np.int32)
    return column.replace_strict(different, values, return_dtype=pl.Int32).to_numpy()


def codes(column: pl.Series) -> pl.Series:
    """A flag for each cell of text: whether it is digits that begin with a zero, and so a name."""
    some = maybe_codes(column)
    return some & column.str.contains(r"^0\d+$") if some.any() else some


def maybe_codes(column: Any) -> Any:
    """A flag for each cell of a series or an expression: whether it begins with a zero and another digit."""
    # In the order of texts, such cells lie between these two.
    return (column >= "00") & (column < "0:")


def without_symbol(text: pl.Series, symbol: str) -> pl.Series:
    """Stripped text without that symbol before or after the digits."""
    import re

    mark = re.escape(symbol)
    return text.str.replace(rf"^([+-]?)\s*{mark}\s*", "${1}").str.replace(rf"\s*{mark}$", "")


def _numbers(column: pl.Series, words: Words, kind: Kind) -> pl.Series:
    import polars as pl

    form = kind if isinstance(kind, Number) else PLAIN
    if not form.plain:
        return _read(column, words, form)
    values = column.cast(pl.Float64, strict=False)
    left = values.is_null() | values.is_nan()
    if left.any():
        where = left.fill_null(True).arg_true()
        values = values.scatter(where, _read(column.gather(where), words, form))
    return values.set(values.is_in(words.numbers), None) if words.numbers else values


def _read(column: pl.Series, words: Words, form: Number) -> pl.Series:
    """Slowly, cell by cell as written."""
    import polars as pl

    text = column.str.strip_chars()
    gaps = _says_nothing(text, words)
    if not form.plain:
        text = without_symbol(text, form.symbol) if form.symbol else text
        text = text.set(~text.str.contains(form.pattern).fill_null(False), None)
        if form.thousands:
            text = text.str.replace_all(form.separator, "")
        text = text.str.replace(form.decimal, ".", literal=True)
    values = text.cast(pl.Float64, strict=False)
    return values.fill_null(float("nan")).set(gaps, None)


def _truths(column: pl.Series, words: Words) -> pl.Series:
    import polars as pl

    text = column.str.strip_chars()
    said = text.str.to_lowercase().replace_strict(
        list(TRUTHS), [float(v) for v in TRUTHS.values()], default=float("nan"), return_dtype=pl.Float64
    )
    return said.set(_says_nothing(text, words) & said.is_nan(), None)


def _says_nothing(text: pl.Series, words: Words) -> pl.Series:
    return text.is_null() | text.str.to_lowercase().is_in(list(words.all)).fill_null(True)
