"""Numbers as features: a scaled one, and where there are few different ones, a category for each, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.data.columns import text_of
from backpath.estimators.robust.blocks import CATEGORY, NUMBER, Block
from backpath.estimators.robust.distribution import Distribution
from backpath.estimators.robust.scales import (
    FEW_VALUES,
    BetweenTwo,
    Scale,
    fit_scale,
    scale_from_json,
    scale_to_json,
)

ROWS_OF_EACH = 10
"""Rows that a number must have to be a category, too."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """How numbers become features.

    Attributes:
        label: what they are called.
        scale: of the numbers.
        few: those that are categories, too.
        missing: what a missing one is scaled to: the median.
    """

    label: str
    scale: Scale
    few: tuple[float, ...]
    missing: float

    @property
    def blocks(self) -> list[Block]:
        """Of its features."""
        group = CATEGORY if isinstance(self.scale, BetweenTwo) else NUMBER
        few = [Block(CATEGORY, tuple(f"{self.label}={value:.12g}" for value in self.few))] if self.few else []
        return [Block(group, (self.label,)), *few]

    def encode(self, values: np.ndarray) -> list[np.ndarray]:
        """The features of these, NaN where missing, a block each."""
        scaled = self.scale.apply(values)
        gaps = np.isnan(scaled)
        if gaps.any():
            scaled[gaps] = self.missing
        return [scaled[:, None], *([values[:, None] == np.array(self.few)] if self.few else [])]

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :func:`scaled_from_json` makes the same."""
        return {
            "label": self.label,
            "scale": scale_to_json(self.scale),
            "few": list(self.few),
            "missing": self.missing,
        }


def fit_scaled(label: str, found: Distribution) -> Scaled | None:
    """What these numbers are to be; None if there are not two different ones."""
    if len(found) < 2:
        return None
    scale = fit_scale(found)
    few = found.values[found.weights >= ROWS_OF_EACH] if 2 < len(found) <= FEW_VALUES else found.values[:0]
    missing = float(scale.apply(found.quantiles((0.5,)))[0])
    return Scaled(label, scale, tuple(few.tolist()), missing)


def scaled_from_json(data: Mapping[str, Any]) -> Scaled:
    """What ``data`` describe; KeyError, TypeError or ValueError if they describe none."""
    few, missing = tuple(map(float, data["few"])), float(data["missing"])
    if not np.isfinite([*few, missing]).all():
        raise ValueError(f"{few}, {missing} are no numbers")
    return Scaled(text_of(data["label"]), scale_from_json(data["scale"]), few, missing)
