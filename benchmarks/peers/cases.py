"""The networks to train, their data and their initial weights: the same for all."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

import backpath as bp

RATE, MOMENTUM = 0.01, 0.9


@dataclass(frozen=True)
class Case:
    """A network, and how it is trained: by SGD with momentum, in the examples' own order.

    Attributes:
        sizes: neurons of each layer.
        activation: of the hidden layers.
        batch: examples a step.
        loss: ``"cross_entropy"`` or ``"squared_error"``.
        examples: in an epoch; whole batches.
    """

    sizes: tuple[int, ...]
    activation: str
    batch: int
    loss: str = "cross_entropy"
    examples: int = 4096

    @property
    def name(self) -> str:
        runs = [(size, len(list(same))) for size, same in itertools.groupby(self.sizes)]
        sizes = "-".join(
            str(size) if n < 4 else f"({size} x {n})" for size, n in runs for _ in range(n if n < 4 else 1)
        )
        return f"{sizes} {self.activation}, batch {self.batch}"

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return self.examples // self.batch

    @property
    def flops(self) -> int:
        """Of the matrix products of a step: forward, and by the weights and the inputs of each layer but the first."""
        products = [2 * self.batch * fan_in * fan_out for fan_in, fan_out in itertools.pairwise(self.sizes)]
        return 3 * sum(products) - products[0]

    @property
    def network(self) -> bp.Network:
        return bp.Network(self.sizes, self.activation, self.loss)

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """X in float32, and class indices or values."""
        rng = np.random.default_rng(0)
        X = rng.standard_normal((self.examples, self.sizes[0])).astype(np.float32)
        if self.loss == "cross_entropy":
            return X, rng.integers(self.sizes[-1], size=self.examples)
        return X, rng.standard_normal((self.examples, self.sizes[-1])).astype(np.float32)

    def layers(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Initial weights (inputs, outputs) and biases of each layer."""
        first = self.network.init(0)
        return [(first[f"W{r}"], first[f"b{r}"]) for r in range(1, len(self.sizes))]


TINY = Case((2, 8, 1), "tanh", 4, "squared_error")
WIDE = Case((784, 1024, 1024, 1024, 10), "relu", 512)
CASES = (
    TINY,
    Case((64, 64, 64, 10), "relu", 32),
    Case((784, 256, 128, 10), "relu", 128),
    WIDE,
    Case((64, *[64] * 50, 10), "tanh", 64),
)
