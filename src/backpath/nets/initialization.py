"""Initial weights: independent draws whose variance keeps the scale of values from layer to layer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

# Var(weight) * fan_in, by the activation that follows the layer: 2 for those that pass half of their
# input (He and others, 2015), 1 for those that are nearly linear around 0 (LeCun and others, 1998).
GAINS: Mapping[str, float] = MappingProxyType(
    {"relu": 2.0, "leaky_relu": 2.0, "elu": 1.5, "gelu": 2.0, "silu": 2.0, "softplus": 2.0}
)


def normal_weights(rng: np.random.Generator, fan_in: int, fan_out: int, activation: str) -> np.ndarray:
    """Weights of shape (fan_in, fan_out), drawn from N(0, gain / fan_in) in float64.

    The gain is the activation's in ``GAINS``, or 1.
    """
    deviation = np.sqrt(GAINS.get(activation, 1.0) / fan_in)
    return rng.standard_normal((fan_in, fan_out)) * deviation
