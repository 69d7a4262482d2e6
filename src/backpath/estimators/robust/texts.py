"""Columns of free text: hashed words and pairs of words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from backpath.data import cells
from backpath.data.columns import text_of
from backpath.data.frame import Frame
from backpath.data.texts import HashedText
from backpath.estimators.robust.blocks import TEXT, Block, sign

WIDTHS = (32, 256)
"""Fewest and most features of a column of text."""

ROWS_OF_A_WORD = 4
"""Rows for each feature, between these."""


@final
@dataclass(frozen=True, slots=True)
class Text:
    """A column of text.

    Attributes:
        name: the column.
        width: features that its words are hashed to; each text has norm 1 in them.
        gaps: whether a training row had none, so that a feature tells it.
    """

    name: str
    width: int
    gaps: bool

    @property
    def _hashed(self) -> HashedText:
        return HashedText(self.name, self.width)

    @property
    def blocks(self) -> list[Block]:
        """Of its features."""
        return [Block(TEXT, tuple(self._hashed.labels)), *([sign(self.name)] if self.gaps else [])]

    def encode(self, frame: Frame) -> list[np.ndarray]:
        """Its features, a block each."""
        features = np.empty((len(frame), self.width), np.float32)
        self._hashed.encode(frame, slice(0, len(frame)), features)
        gaps = [cells.missing(frame[self.name], frame.words).to_numpy()[:, None]] if self.gaps else []
        return [features, *gaps]

    def unknown(self, frame: Frame) -> list[str]:
        """None: every text has features."""
        return []

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :func:`text_from_json` makes the same column."""
        return {"text": self.name, "width": self.width, "gaps": self.gaps}


def text_width(rows: float) -> int:
    """Features for text in so many rows: a power of two."""
    few, most = WIDTHS
    return int(2 ** np.clip(np.floor(np.log2(max(rows / ROWS_OF_A_WORD, 1))), np.log2(few), np.log2(most)))


def text_from_json(data: Mapping[str, Any]) -> Text:
    """The column that ``data`` describe; KeyError, TypeError or ValueError if they describe none."""
    width = int(data["width"])
    if width < 1:
        raise ValueError(f"{width} features")
    return Text(text_of(data["text"]), width, bool(data["gaps"]))
