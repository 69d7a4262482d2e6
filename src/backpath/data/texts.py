"""Columns of text: hashed words and pairs of words, where they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.data import cells
from backpath.data.columns import text_of
from backpath.data.frame import Frame
from backpath.data.numeric import Rows

WIDTH = 256
WORDS = (1, 2)


@dataclass(frozen=True, slots=True)
class HashedText:
    """A column of text as counts of its words and pairs of words, hashed to so many features, with norm 1 a row.

    Attributes:
        name: the column.
        width: how many features there are.
    """

    name: str
    width: int = WIDTH

    @property
    def labels(self) -> list[str]:
        """The name of each feature."""
        return [f"{self.name}: n-grams {k + 1}" for k in range(self.width)]

    def encode(self, frame: Frame, rows: Rows, out: np.ndarray) -> None:
        """Write the features of these rows into ``out``, of shape (rows, width)."""
        from sklearn.feature_extraction.text import HashingVectorizer

        single: Any = np.float32
        hashing: Any = HashingVectorizer(n_features=self.width, ngram_range=WORDS, dtype=single)
        out[...] = hashing.transform(cells.labels(frame.cells(self.name, rows), frame.words).to_list()).toarray()

    def unknown(self, frame: Frame) -> list[str]:
        """None: every text has features."""
        return []

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :func:`text_from_json` makes the same column."""
        return {"name": self.name, "hashed": self.width}


def text_from_json(data: Mapping[str, Any]) -> HashedText:
    """The column of which ``data`` holds the fields; KeyError, TypeError or ValueError if it does not."""
    return HashedText(text_of(data["name"]), int(data["hashed"]))
