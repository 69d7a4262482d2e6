"""What each column of a frame is, and what becomes of it: for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backpath.data import cells
from backpath.data.detection import kind_of
from backpath.data.features import Column, Features
from backpath.data.frame import Frame, listed
from backpath.data.kinds import Kind, Moment, Name, Number, Truth

if TYPE_CHECKING:
    import polars as pl

FEW = 4


@dataclass(frozen=True, slots=True)
class Described:
    """A column.

    Attributes:
        name: of it.
        kind: number, truth value, date, category or text, and how it is written.
        missing: how many cells have no value.
        values: its range, or how many different ones there are, and some of them.
        example: a cell.
        becomes: its features, or why it is left out.
    """

    name: str
    kind: str
    missing: int
    values: str
    example: str
    becomes: str


def described(frame: Frame, features: Features | None, target: str | None = None) -> list[Described]:
    """Every column, with what becomes of it where that is known."""
    found = []
    for name in frame.names:
        column = frame[name]
        kind = frame.kinds[name] if name in frame.kinds else kind_of(column, frame.words)
        used = None if features is None else next((c for c in features.columns if c.name == name), None)
        left_out = "" if features is None else features.dropped.get(name, "")
        becomes = "the target" if name == target else _becomes(used, left_out)
        missing = cells.missing(column, frame.words)
        present = column.filter(~missing)
        example = _plain(present[0]) if len(present) else ""
        told = _kind(kind, left_out)
        found.append(Described(name, told, int(missing.sum()), _values(present, kind, frame), example, becomes))
    return found


def _kind(kind: Kind, left_out: str) -> str:
    if not isinstance(kind, Name):
        return str(kind)
    if "different texts" in left_out:
        return "text"
    if kind.doubtful:
        return "date in doubt"
    return "category" + (f" ({kind.why})" if kind.why else ", declared" if kind.declared else "")


def _values(present: pl.Series, kind: Kind, frame: Frame) -> str:
    if not len(present):
        return "none"
    if isinstance(kind, Number | Truth):
        read = cells.numbers(present, frame.words, kind)
        if isinstance(kind, Truth):
            return f"{int(read.sum() or 0):,} true, {len(read) - int(read.sum() or 0):,} false"
        return f"{read.min():g} to {read.max():g}"
    if isinstance(kind, Moment):
        moments = cells.moments(present, frame.words, kind.formats)[0]
        return f"{_plain(moments.min())} to {_plain(moments.max())}"
    if present.dtype.is_nested():
        return f"{len(present):,} values"
    different = cells.different(present, frame.words)
    return f"{len(different):,}: {listed(different.to_list(), FEW)}"


def _plain(cell: Any) -> str:
    """Whole numbers without a decimal point, midnights without the time."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).removesuffix(" 00:00:00")


def _becomes(used: Column | None, left_out: str) -> str:
    if left_out:
        return f"left out: {left_out}"
    if used is None:
        return ""
    return f"{used.width} features: {listed(used.labels, 3)}" if used.width > 1 else "1 feature"
