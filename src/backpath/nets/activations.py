"""Activation functions by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from backpath.ops import elu, gelu, leaky_relu, mish, relu, selu, sigmoid, silu, softplus

ACTIVATIONS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "identity": lambda a: a,
        "relu": relu,
        "leaky_relu": leaky_relu,
        "elu": elu,
        "selu": selu,
        "gelu": gelu,
        "silu": silu,
        "mish": mish,
        "softplus": softplus,
        "tanh": np.tanh,
        "sigmoid": sigmoid,
    }
)
"""Every activation that a layer can be given by name; each maps an array to one of its shape."""
