"""Columns of categories: one feature each, the rare ones together, and one feature alone where there are two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from backpath.data import cells
from backpath.data.categories import MISSING, Categorical
from backpath.data.columns import column_from_json
from backpath.data.frame import Frame
from backpath.data.kinds import Name
from backpath.estimators.robust.blocks import CATEGORY, Block, sign
from backpath.estimators.robust.texts import Text, text_width

RARE = 5
"""Categories of fewer rows are one together."""

MOST = 256
"""Of more categories the rarest are among those, too."""


@final
@dataclass(frozen=True, slots=True)
class Levels:
    """A column of categories.

    Of two, the first is -1 and the second 1 in one feature; of more, each has a feature that is 1 where the cell is
    it, else 0. A category that no training row had counts as a rare one; if there was none, it is 0 in all features.

    Attributes:
        known: the categories, none of them the missing one, and whether others were put together.
        gaps: whether a training row had none, so that a feature tells it.
    """

    known: Categorical
    gaps: bool

    @property
    def name(self) -> str:
        """The column."""
        return self.known.name

    @property
    def _labels(self) -> list[str]:
        labels = self.known.labels
        return labels[1:] if len(labels) <= 2 else labels

    @property
    def blocks(self) -> list[Block]:
        """Of its features."""
        labels = [Block(CATEGORY, tuple(self._labels))] if self._labels else []
        return [*labels, *([sign(self.name)] if self.gaps else [])]

    def encode(self, frame: Frame) -> list[np.ndarray]:
        """Its features, a block each."""
        positions = self.known.positions(frame)
        told = []
        if self.known.width == 2:
            two = np.where(positions == 1, 1.0, -1.0)
            two[(positions < 0) | (positions >= 2)] = 0
            told = [two[:, None]]
        elif self.known.width > 2:
            told = [positions[:, None] == np.arange(self.known.width)]
        return [*told, *([(positions < 0)[:, None]] if self.gaps else [])]

    def unknown(self, frame: Frame) -> list[str]:
        """The categories that no training row had, sorted; none where rare ones were put together."""
        return self.known.unknown(frame)

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :func:`levels_from_json` makes the same column."""
        return {"levels": self.known.to_json(), "gaps": self.gaps}


def fit_levels(
    frame: Frame, name: str, kind: Name, rows: np.ndarray | None, weights: np.ndarray | None
) -> Levels | Text | str:
    """The column as these rows show it, as text where most cells are words of their own; or why it is left out."""
    import polars as pl

    if frame[name].dtype.is_nested() or frame[name].dtype in (pl.Binary, pl.Object):
        return kind.why or "it holds no values that can be read"
    counts = _counts(frame, name, rows, weights)
    missing = counts.pop(MISSING, 0.0)
    if not counts:
        return "it has no value"
    total = sum(counts.values())
    frequent = sorted((c for c in counts if counts[c] >= RARE), key=lambda c: (-counts[c], c))[:MOST]
    other = len(frequent) < len(counts)
    if not kind.declared and 2 * sum(counts[c] for c in frequent) < total and _is_prose(counts):
        return Text(name, text_width(total), missing > 0)
    if not frequent and not missing:
        return f"{len(counts):,} different texts, each in fewer than {RARE} rows"
    if len(counts) == 1 and not missing:
        return f"always {frequent[0]!r}"
    return Levels(Categorical(name, tuple(sorted(frequent)), other), missing > 0)


def _counts(frame: Frame, name: str, rows: np.ndarray | None, weights: np.ndarray | None) -> dict[str, float]:
    """How much the rows of each label weigh."""
    column = frame.cells(name, rows)
    different = column.unique()
    labels = cells.labels(different, frame.words).to_list()
    known = {label: k for k, label in enumerate(dict.fromkeys(labels))}
    positions = cells.mapped(column, different, [known[label] for label in labels])
    return dict(zip(known, np.bincount(positions, weights, len(known)).tolist(), strict=True))


def _is_prose(labels: Mapping[str, float]) -> bool:
    """Whether most labels have more than one word."""
    return 2 * sum(" " in label for label in labels) > len(labels)


def levels_from_json(data: Mapping[str, Any]) -> Levels:
    """The column that ``data`` describe; KeyError, TypeError or ValueError if they describe none."""
    known = column_from_json(data["levels"])
    if not isinstance(known, Categorical) or MISSING in known.categories:
        raise TypeError(f"{data['levels']!r} are no categories")
    return Levels(known, bool(data["gaps"]))
