"""An autoencoder with tied weights: the decoder is the encoder, transposed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from backpath.nets import ACTIVATIONS, Network


class TiedAutoencoder(Network):
    """A network of sizes (inputs, hidden, inputs) that computes phi(X W1 + b1) W1^T + b2."""

    __slots__ = ()

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As of any network, without the second layer's weights."""
        return {name: shape for name, shape in super().parameter_shapes.items() if name != "W2"}

    def init(
        self, seed: int, dtype: Any = np.float32, weights: str = "auto", zero_last: bool = False
    ) -> dict[str, np.ndarray]:
        """The encoder's weights drawn as any network's, zero biases."""
        parameters = self.views(np.zeros(self.parameter_count, dtype))
        whole = Network(self.sizes, self.activations, self.loss)
        parameters["W1"][...] = whole.init(seed, dtype, weights, zero_last)["W1"]
        return parameters

    def scores(self, parameters: Mapping[str, Any], X: Any, noise: Mapping[str, Any] | None = None) -> Any:
        """The reconstruction of X, of its shape."""
        W = parameters["W1"]
        return ACTIVATIONS[self.activations[0]](X @ W + parameters["b1"]) @ np.transpose(W) + parameters["b2"]
