"""What a column is, told from its cells and from what the file declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpath.data import cells
from backpath.data.cells import ISO
from backpath.data.kinds import PAIRS, PLAIN, Kind, Moment, Name, Number, Truth
from backpath.data.words import Words

if TYPE_CHECKING:
    import polars as pl

SAMPLE = 100
DATES = ("%Y/%m/%d", "%d.%m.%Y", "%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y")
DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y")
MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y")
TIMES = ("", " %H:%M", " %H:%M:%S%.f")
OF_DAY = ("%H:%M", "%H:%M:%S%.f")

POINT = (PLAIN, Number(".", ","), Number(".", " "), Number(".", "'"))
WHOLE = (PLAIN, Number(".", " "), Number(".", "'"))
COMMA = (Number(","), Number(",", "."), Number(",", " "), Number(",", "'"))


def kind_of(column: pl.Series, words: Words, decimal: str | None = None, *, comma: bool = False) -> Kind:
    """What a column is: what its type declares, or else what all of its cells can be read as.

    Args:
        column: its cells.
        words: what says that there is no value.
        decimal: the decimal mark, if it is known.
        comma: whether other columns of the file have a decimal comma.
    """
    import polars as pl

    if column.dtype != pl.String:
        return _declared(column.dtype)
    different = column.unique().str.strip_chars()
    different = different.filter(~cells.missing(different, words))
    if not len(different):
        return PLAIN
    return _truth(different) or _number(different, decimal, comma) or _moment(different) or Name()


def _declared(dtype: pl.DataType) -> Kind:
    import polars as pl

    if dtype == pl.Boolean:
        return Truth()
    if dtype.is_numeric() or dtype == pl.Null:
        return PLAIN
    if dtype.is_temporal():
        return Moment()
    if dtype in (pl.Categorical, pl.Enum):
        return Name(declared=True)
    return Name(why=f"it holds {str(dtype).split('(')[0].lower()} values")


def _truth(different: pl.Series) -> Kind | None:
    said = set(different.head(SAMPLE).str.to_lowercase().to_list())
    if len(different) < SAMPLE and any(said <= {*pair} for pair in PAIRS) and len(said) > 1:
        return Truth()
    return None


# Numbers.


def has_decimal_comma(column: pl.Series, words: Words) -> bool:
    """Whether the cells can be nothing but numbers with a decimal comma: one has not three digits after it."""
    different = column.unique().str.strip_chars()
    different = different.filter(~cells.missing(different, words))
    different = cells.without_symbol(different, symbol) if (symbol := _symbol(different)) else different
    if not len(different) or _fits(different, PLAIN):
        return False
    return any(_fits(different, form) for form in COMMA) and not any(_fits(different, form) for form in POINT)


def _number(different: pl.Series, decimal: str | None, comma: bool) -> Kind | None:
    symbol = _symbol(different)
    body = cells.without_symbol(different, symbol) if symbol else different
    whole = not body.str.contains(r"[.,]").any()
    for form in WHOLE if whole else _forms(decimal, comma):
        if _fits(body, form):
            if not symbol and cells.codes(body).any():
                return Name(why="codes with leading zeros")
            return Number(form.decimal, form.thousands, symbol)
    return None


def _forms(decimal: str | None, comma: bool) -> tuple[Number, ...]:
    """Ways to write numbers, the likely ones first."""
    if decimal is not None:
        return COMMA if decimal == "," else POINT
    return (*COMMA, *POINT) if comma else (*POINT, *COMMA)


def _fits(different: pl.Series, form: Number) -> bool:
    """Whether all cells are numbers written so; the plain form knows infinities, too."""
    if form.plain:
        return all(not part.cast(float, strict=False).null_count() for part in _growing(different))
    return all(bool(part.str.contains(form.pattern).all()) for part in _growing(different))


def _symbol(different: pl.Series) -> str:
    """The currency sign that some cells have, or the percent sign that all have."""
    import polars as pl

    found = different.head(SAMPLE).str.extract(rf"^[+-]?\s*({cells.SYMBOL})|({cells.SYMBOL})$", 1)
    after = different.head(SAMPLE).str.extract(rf"({cells.SYMBOL})$", 1)
    symbols = found.fill_null(after).drop_nulls().unique().to_list()
    if len(symbols) != 1:
        return ""
    symbol = str(symbols[0])
    every = different.str.contains(pl.escape_regex(symbol)).all()
    return symbol if symbol != "%" or every else ""


# Moments.


def _moment(different: pl.Series) -> Kind | None:
    some = different.head(SAMPLE)
    # Years have four digits, so that versions and addresses are no dates.
    if not some.str.contains(r"(?:^|\D)\d{4}(?:\D|$)|^\d{1,2}:\d\d").all():
        return None
    plain = [form for form in _plain_formats() if _dates(some, form).is_not_null().any()]
    days = [form + time for form in DAY_FIRST for time in TIMES]
    months = [form + time for form in MONTH_FIRST for time in TIMES]
    by_day = _best(different, (*plain, *days))
    by_month = _best(different, (*plain, *months))
    if by_day and by_month and by_day != by_month:
        first, second = (different.str.extract(r"(\d+)\D+(\d+)", k) for k in (1, 2))
        telling = different.filter(first != second)
        cell = (telling if len(telling) else different)[0]
        why = f"{cell!r} may have the day or the month first: write dates as 2026-01-31"
        return Name(why=why, doubtful=True)
    if found := by_day or by_month:
        return Moment(found)
    if len(_left(different, (*plain, *days, *months))):
        return None
    month_first, day_first = (_left(different, (*plain, *order))[0] for order in (days, months))
    why = f"{day_first!r} has the day first and {month_first!r} the month: write dates as 2026-01-31"
    return Name(why=why, doubtful=True)


def _plain_formats() -> list[str]:
    """Formats that leave no doubt about day and month."""
    return [*ISO, *(form + time for form in DATES for time in TIMES), *OF_DAY]


def _best(different: pl.Series, formats: tuple[str, ...]) -> tuple[str, ...]:
    """Formats by which every cell can be read, as few as come in turn; none if there are no such."""
    used = []
    for form in formats:
        left = _dates(different, form).is_null()
        if not left.all():
            used.append(form)
            different = different.filter(left)
        if not len(different):
            return tuple(used)
    return ()


def _left(different: pl.Series, formats: tuple[str, ...]) -> pl.Series:
    for form in formats:
        different = different.filter(_dates(different, form).is_null())
        if not len(different):
            break
    return different


def _dates(different: pl.Series, form: str) -> pl.Series:
    return cells.parsed(different, form)


def _growing(different: pl.Series) -> list[pl.Series]:
    """The first cells, then all: most tests fail soon."""
    return [different.head(SAMPLE), different]
