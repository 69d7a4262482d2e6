"""Examples that go together, and how some of them are held back to judge the others' training."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np


class Part(NamedTuple):
    """Examples that go together.

    Attributes:
        X: dense or CSR.
        y: as the network reads it, or values not yet scaled.
        weights: of the examples, or None.
    """

    X: Any
    y: np.ndarray
    weights: np.ndarray | None

    def rows(self, chosen: np.ndarray) -> Part:
        """Some of them."""
        return Part(self.X[chosen], self.y[chosen], None if self.weights is None else self.weights[chosen])


def split(part: Part, fraction: float, strata: np.ndarray | None, random: Any) -> tuple[Part, Part]:
    """What trains, and a fraction that is held back, drawn as scikit-learn does.

    Args:
        part: to be split.
        fraction: to hold back.
        strata: what both keep in proportion, where there is enough of each.
        random: a ``RandomState``.

    Raises:
        ValueError: if fewer than two examples would be held back.
    """
    from sklearn.model_selection import train_test_split

    chosen, held = train_test_split(
        np.arange(len(part.y)), random_state=random, test_size=fraction, stratify=_enough(strata, fraction)
    )
    if len(held) < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    return part.rows(np.asarray(chosen)), part.rows(np.asarray(held))


def _enough(strata: np.ndarray | None, fraction: float) -> np.ndarray | None:
    """What to split in proportion, or None if a part would lack some of it."""
    if strata is None:
        return None
    counts = np.unique(strata, return_counts=True)[1]
    return strata if counts.min() >= 2 and math.ceil(fraction * len(strata)) >= len(counts) else None
