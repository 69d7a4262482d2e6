"""The words that say that a cell has no value, in any case of letters."""

from __future__ import annotations

import math
from dataclasses import dataclass

MISSING = frozenset(
    [
        *("", "na", "n/a", "n.a.", "#n/a", "#n/a n/a", "#na", "<na>", "nan", "-nan", "nat", "null", "nil", "none"),
        *("-", "--", "?", "\\n", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"),
        *("#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!"),
    ]
)
"""In lower case; cells are stripped and put in lower case before they are looked up."""


@dataclass(frozen=True)
class Words:
    """What says that there is no value.

    Attributes:
        more: words beside those of ``MISSING``.
        labels: whether they hold for the target too; if not, an empty cell alone has no label.
    """

    more: tuple[str, ...] = ()
    labels: bool = True

    @property
    def all(self) -> frozenset[str]:
        """Every word, in lower case."""
        return MISSING | {word.strip().lower() for word in self.more}

    @property
    def numbers(self) -> list[float]:
        """Those of the user's words that are numbers, such as -999: they count by value."""
        return [number for word in self.more if not math.isnan(number := _number(word))]

    def of_labels(self) -> Words:
        """The words that hold for the target."""
        return self if self.labels else NO_WORDS


class _NoWords(Words):
    @property
    def all(self) -> frozenset[str]:
        return frozenset([""])


NO_WORDS = _NoWords()


def _number(word: str) -> float:
    try:
        return float(word) if "_" not in word else math.nan
    except ValueError:
        return math.nan
