"""Initial parameters drawn as scikit-learn's networks draw theirs, to the last number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from backpath.nets import Network


def draw(network: Network, parameters: Mapping[str, np.ndarray], activation: Any, random: Any) -> None:
    """Write weights and biases from Glorot's uniform distribution, and gains of 1, into these arrays.

    Args:
        network: whose they are.
        parameters: by name; those with other names are left as they are.
        activation: of the first hidden layer, or what it would be if there were one.
        random: a ``RandomState``.
    """
    gain = 2.0 if activation in ("logistic", "sigmoid") else 6.0
    for name, view in parameters.items():
        if name[0] in "Wb":
            r = int(name[1:])
            bound = math.sqrt(gain / (network.sizes[r - 1] + network.sizes[r]))
            view[...] = random.uniform(-bound, bound, view.shape)
        elif name.startswith("gain"):
            view[...] = 1
