"""What a column of text holds, and how its cells are written: numbers, truth values, moments, or names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SYMBOLS = "$€£¥₹₩₽₺%"
CODES = ("USD", "EUR", "GBP", "CHF", "JPY")
SPACE = "[ \u00a0\u2009\u202f]"


@dataclass(frozen=True, slots=True)
class Number:
    """Numbers.

    Attributes:
        decimal: the decimal mark, ``.`` or ``,``.
        thousands: what separates groups of three digits, or nothing; a space stands for those that do not break too.
        symbol: a currency or the percent sign, before or after the digits, or nothing.
    """

    decimal: str = "."
    thousands: str = ""
    symbol: str = ""

    @property
    def plain(self) -> bool:
        """Whether it is as computers write it."""
        return self == PLAIN

    def __str__(self) -> str:
        marks = [
            "a decimal comma" if self.decimal == "," else "",
            f"{self.thousands!r} between thousands" if self.thousands else "",
            self.symbol,
        ]
        told = " and ".join(mark for mark in marks if mark)
        return f"number, written with {told}" if told else "number"

    @property
    def separator(self) -> str:
        """A pattern of what separates thousands."""
        return SPACE if self.thousands == " " else re.escape(self.thousands)

    @property
    def pattern(self) -> str:
        """What a cell without its symbol looks like."""
        decimal = re.escape(self.decimal)
        digits = rf"\d+(?:{decimal}\d*)?|{decimal}\d+"
        if self.thousands:
            digits = rf"[1-9]\d{{0,2}}(?:{self.separator}\d{{3}})+(?:{decimal}\d*)?|{digits}"
        return rf"^[+-]?(?:{digits})(?:[eE][+-]?\d+)?$"


PLAIN = Number()


@dataclass(frozen=True, slots=True)
class Truth:
    """Truth values: true and false, yes and no, on and off, or their first letters."""

    def __str__(self) -> str:
        return "truth value"


TRUTHS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "t", "yes", "y", "on"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off"), False),
}
PAIRS = (("true", "false"), ("t", "f"), ("yes", "no"), ("y", "n"), ("on", "off"))


@dataclass(frozen=True, slots=True)
class Moment:
    """Dates or times.

    Attributes:
        formats: as strptime has them; a cell is what the first one that fits says.
    """

    formats: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "date" + (f" ({', '.join(self.formats)})" if self.formats else "")


@dataclass(frozen=True, slots=True)
class Name:
    """Names: categories if they repeat, else text.

    Attributes:
        declared: whether the file or the user says that they are categories.
        why: what keeps them from being something else, or nothing.
        doubtful: whether that is a doubt that only people can end, so that they are nothing to learn from.
    """

    declared: bool = False
    why: str = ""
    doubtful: bool = False

    def __str__(self) -> str:
        return "name"


Kind = Number | Truth | Moment | Name

_KINDS: Mapping[str, type[Kind]] = {"number": Number, "truth": Truth, "moment": Moment, "name": Name}


def kind_to_json(kind: Kind) -> dict[str, Any]:
    """Plain data from which :func:`kind_from_json` makes the same kind."""
    name = next(name for name, found in _KINDS.items() if isinstance(kind, found))
    return {"kind": name, **asdict(kind)}


def kind_from_json(data: Mapping[str, Any]) -> Kind:
    """The kind that ``data`` describe; KeyError, TypeError or ValueError if they describe none."""
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    kind = _KINDS[fields.pop("kind")](**fields)
    if not all(type(value) in (str, bool, tuple) for value in fields.values()):
        raise TypeError(f"{data!r} is no kind of column")
    return kind
