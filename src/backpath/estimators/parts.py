"""Examples that go together, and how some of them are held back to judge the others' training."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from backpath.graph import DataError


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
        fraction: to hold back, or how many.
        strata: what both keep in proportion.
        random: a ``RandomState``.

    Raises:
        DataError: if fewer than two examples would be held back, none would be left, or the proportions cannot be kept.
    """
    from sklearn.model_selection import train_test_split

    cure = "Increase validation_fraction or the size of your dataset, or set early_stopping=False."
    try:
        chosen, held = train_test_split(
            np.arange(len(part.y)), random_state=random, test_size=fraction, stratify=strata
        )
    except ValueError as error:
        kept = "" if strata is None else " The examples held back keep the proportions of the classes."
        raise DataError(
            f"The validation set is too small, or leaves too few: {str(error).rstrip('.')}.{kept} {cure}"
        ) from None
    if len(held) < 2:
        raise DataError(f"The validation set is too small: it has {len(held)} example. {cure}")
    return part.rows(np.asarray(chosen)), part.rows(np.asarray(held))
