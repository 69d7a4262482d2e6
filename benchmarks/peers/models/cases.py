"""The models to train, their data and their initial parameters: the same for all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backpath.nets import Sequential
from backpath.nets.layers import (
    Activation,
    BatchNorm,
    Conv,
    Dense,
    Embedding,
    Flatten,
    GlobalMeanPool,
    Layer,
    LayerNorm,
    MaxPool,
    PositionalEncoding,
    TransformerBlock,
)

RATE, MOMENTUM = 0.01, 0.9


@dataclass(frozen=True)
class ModelCase:
    """A model, and how it is trained: by SGD with momentum, in the examples' own order.

    Attributes:
        name: in words.
        layers: of the model.
        inputs: the shape of an example.
        batch: examples a step.
        steps: of an epoch.
    """

    name: str
    layers: tuple[Layer, ...]
    inputs: tuple[int, ...]
    batch: int
    steps: int

    @property
    def model(self) -> Sequential:
        return Sequential(self.layers, self.inputs)

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """X, numbers in float32 or whole numbers, and class indices."""
        rng, n = np.random.default_rng(0), self.steps * self.batch
        vocabulary = self.model.vocabulary
        X = rng.integers(vocabulary, size=(n, *self.inputs)) if vocabulary else rng.standard_normal((n, *self.inputs))
        return X if vocabulary else X.astype(np.float32), rng.integers(10, size=n)

    def parameters(self) -> dict[str, np.ndarray]:
        """The initial ones, by name."""
        return self.model.init(0)


def _convolved(*channels: int) -> list[Layer]:
    return [part for c in channels for part in (Conv(c, 3), BatchNorm(), Activation("relu"))]


_SMALL = Conv(8, 3), Activation("relu"), MaxPool(2), Conv(16, 3), Activation("relu"), MaxPool(2), Flatten(), Dense(10)
_FOUR = *_convolved(32, 32), MaxPool(2), *_convolved(64, 64), MaxPool(2), Flatten(), Dense(10)
_BLOCKS = [TransformerBlock(4, 256) for _ in range(4)]
_SEQUENCES = Embedding(64, 64), PositionalEncoding(), *_BLOCKS, LayerNorm(), GlobalMeanPool(), Dense(10)
MODELS = (
    ModelCase("28 x 28 x 1, two convolutions (8, 16), batch 64", _SMALL, (28, 28, 1), 64, 16),
    ModelCase("32 x 32 x 3, four convolutions (32, 32, 64, 64) and batch norm, batch 64", _FOUR, (32, 32, 3), 64, 4),
    ModelCase("transformer, 4 blocks of width 64, 4 heads, sequences of 64, batch 32", _SEQUENCES, (64,), 32, 4),
)
