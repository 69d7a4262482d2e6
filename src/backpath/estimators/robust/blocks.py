"""Features of one column that stand side by side, and which of them stand before which."""

from __future__ import annotations

from typing import NamedTuple

NUMBER, SIGN, CATEGORY, TEXT = range(4)
"""Groups of a matrix's columns, in their order: scaled numbers, signs of missing values, categories and all else of
bounded values, hashed words."""


class Block(NamedTuple):
    """Features that stand side by side.

    Attributes:
        group: one of the four.
        labels: the name of each.
    """

    group: int
    labels: tuple[str, ...]


def sign(name: str) -> Block:
    """Of a column's missing values: 1 where there is none, else 0."""
    return Block(SIGN, (f"{name} is missing",))
