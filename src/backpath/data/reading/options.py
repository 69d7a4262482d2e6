"""How files are to be read, where they do not say it themselves: as the user put it, and as a run keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from backpath.data.words import Words
from backpath.graph import DataError


@dataclass(frozen=True, slots=True)
class Reading:
    """What cannot be known from a file.

    Attributes:
        missing: words that say that there is no value, beside the usual ones.
        label_missing: ``"words"`` if they hold for the target too, ``"none"`` if an empty cell alone has no label.
        decimal: the decimal mark, ``.`` or ``,``, or None to tell it from the cells.
        delimiter: one character between cells, or None to tell it from the header.
        encoding: of text, or None for UTF-8 and whatever a byte order mark says.
    """

    missing: tuple[str, ...] = ()
    label_missing: str = "words"
    decimal: str | None = None
    delimiter: str | None = None
    encoding: str | None = None

    @property
    def words(self) -> Words:
        """What says that there is no value."""
        return Words(self.missing, self.label_missing != "none")

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :meth:`from_json` makes the same."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Reading:
        """What :meth:`to_json` described.

        Raises:
            DataError: if the data describe none.
        """
        try:
            fields = {**cls().to_json(), **data}
            reading = cls(**{**fields, "missing": tuple(fields["missing"])})
        except TypeError as error:
            raise DataError(f"not the description of how files are read: {error}") from None
        texts = (*reading.missing, reading.label_missing, *reading._marks())
        if not all(isinstance(text, str) for text in texts):
            raise DataError(f"not the description of how files are read: {fields}")
        return reading

    def _marks(self) -> list[str]:
        return [mark for mark in (self.decimal, self.delimiter, self.encoding) if mark is not None]
