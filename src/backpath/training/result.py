"""What a training makes: a model that predicts, its parameters, and how it went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.engines import Choice
from backpath.nets import Model
from backpath.training.loop.epochs import Epoch, typical_seconds
from backpath.training.loop.rows import Rows
from backpath.training.loop.starts import some

MOST_FOLDED = 10_000
"""Examples whose statistics stand for those of all when batch normalization is folded into the weights."""

MOST_FOLDED_NUMBERS = 1 << 24
"""Numbers that a layer may make of them."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A trained model.

    Attributes:
        network: what predicts: what was trained, ``folded`` if predicting needs less.
        parameters: its parameters, by name or as the tree that they began as.
        history: every epoch.
        steps: how many steps were made.
        seconds_per_step: median over the epochs.
        engine: what made the steps, and why it was chosen.
    """

    network: Model
    parameters: Any
    history: tuple[Epoch, ...]
    steps: int
    seconds_per_step: float
    engine: Choice

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Class indices, or values: see ``Model.predict``."""
        return self.network.predict(self.parameters, X)

    def probabilities(self, X: np.ndarray) -> np.ndarray:
        """Class probabilities of shape (batch, classes)."""
        return self.network.probabilities(self.parameters, X)


def finished(
    model: Model,
    flat: np.ndarray,
    history: tuple[Epoch, ...],
    steps: int,
    examples: Rows,
    seed: int,
    choice: Choice,
) -> Fit:
    """What training made of one flat array of parameters, in so many steps in all."""
    seconds, parameters = typical_seconds(history) * len(history) / steps, model.views(flat)
    if model.trains_apart:
        model, parameters = model.folded(parameters, standing_for_all(model, examples, seed, flat.dtype))
    return Fit(model, parameters, history, steps, seconds, choice)


def standing_for_all(model: Model, examples: Rows, seed: int, dtype: Any) -> np.ndarray:
    """As many random examples as statistics need, and as memory has room for while a model reads them."""
    most = min(MOST_FOLDED, max(MOST_FOLDED_NUMBERS // model.breadth, 64))
    return model.shaped(some(examples, seed, model.input_dtype(dtype), most))
