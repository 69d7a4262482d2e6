"""What the units of hidden layers do: which are dead, and which are where their slope is flat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backpath.diagnosis.evidence.layout import Layout
from backpath.diagnosis.thresholds import limit

SATURATING = {"tanh": 1.0, "sigmoid": 0.25}
"""The largest slope of activations that become flat on both sides."""

CLIPPING = frozenset({"relu", "maximum"})


@dataclass(frozen=True, slots=True)
class Units:
    """The worst layer of each kind.

    Attributes:
        dead: its part of units that are 0 on every row.
        dead_layer: which.
        saturated: its part of values where the slope is flat.
        saturated_layer: which.
    """

    dead: float = 0.0
    dead_layer: str = ""
    saturated: float = 0.0
    saturated_layer: str = ""


def units_of(layout: Layout) -> Units:
    """The units of a model at a point."""
    dead, saturated = (0.0, ""), (0.0, "")
    for layer in layout.hidden:
        last = layer.activations[-1] if layer.activations else ""
        if last in CLIPPING:
            dead = max(dead, (float(np.mean(np.all(layer.post == 0, axis=0))), layer.weight))
        if last in SATURATING:
            h = layer.post
            slope = 1 - h * h if last == "tanh" else h * (1 - h)
            flat = float(np.mean(slope < limit("slope") * SATURATING[last]))
            saturated = max(saturated, (flat, layer.weight))
    return Units(*dead, *saturated)


def unbroken(layout: Layout, named: dict[str, np.ndarray]) -> str:
    """A hidden layer whose units all do the same, so that no step can tell them apart; empty if there is none."""
    for layer in layout.hidden:
        pre, weight = layer.pre, named.get(layer.weight)
        if weight is None or weight.ndim < 2 or pre.shape[-1] < 2:
            continue
        spread = np.abs(weight - weight[..., :1]).max()
        if spread <= 1e-7 * max(np.abs(weight).max(), 1e-300):
            return layer.weight
    return ""
