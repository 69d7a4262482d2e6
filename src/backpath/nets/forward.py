"""From inputs to scores: three readings of a plain network, and the one that holds normalization and dropout."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from backpath.nets.activations import ACTIVATIONS
from backpath.nets.blocks import dropped
from backpath.nets.readings import linear, post_activation, pre_activation
from backpath.ops import standardize

Parameters = Mapping[str, Any]
NORMS: Mapping[str, int] = MappingProxyType({"batch": 0, "layer": 1})
"""Normalizations of pre-activations, each with the axis along which mean and variance are taken."""

EPSILON = 1e-5


class Layers(Protocol):
    """What a network says of its layers."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of each layer, inputs first."""
        ...

    @property
    def activations(self) -> tuple[str, ...]:
        """Of the hidden layers."""
        ...

    @property
    def norm(self) -> str | None:
        """One of ``NORMS``, or None."""
        ...

    @property
    def dropout(self) -> tuple[float, ...]:
        """Of the hidden layers."""
        ...

    @property
    def ntk(self) -> bool:
        """Whether weights are divided by the root of fan-in."""
        ...

    @property
    def input_scale(self) -> bool:
        """Whether inputs are multiplied by learned numbers."""
        ...


def over_post_activations(net: Layers, p: Parameters, X: Any, one: Any) -> Any:
    """The scores by the primitive h -> Phi(h W + b)."""
    h = X
    for r, activation in enumerate((*net.activations, "identity"), 1):
        h = post_activation(h, p[f"W{r}"], one, p[f"b{r}"], activation)
    return h


def over_pre_activations(net: Layers, p: Parameters, X: Any, one: Any) -> Any:
    """The scores by the primitive a -> Phi(a) W + b."""
    a = X
    for r, activation in enumerate(("identity", *net.activations), 1):
        a = pre_activation(a, p[f"W{r}"], one, p[f"b{r}"], activation)
    return a


def over_both(net: Layers, p: Parameters, X: Any, one: Any) -> Any:
    """The scores by linear layers and activations, apart."""
    h = X
    for r, activation in enumerate(net.activations, 1):
        h = ACTIVATIONS[activation](linear(h, p[f"W{r}"], one, p[f"b{r}"]))
    last = len(net.sizes) - 1
    return linear(h, p[f"W{last}"], one, p[f"b{last}"])


READINGS: Mapping[str, Callable[[Layers, Parameters, Any, Any], Any]] = MappingProxyType(
    {"post": over_post_activations, "pre": over_pre_activations, "both": over_both}
)


def with_options(net: Layers, p: Parameters, X: Any, one: Any, noise: Mapping[str, Any] | None = None) -> Any:
    """The scores of a network with any of its options; batch normalization takes the statistics of X.

    Args:
        net: whose.
        p: its parameters.
        X: shape (batch, inputs).
        one: shape (batch,).
        noise: for each layer that drops out, numbers uniform in [0, 1) of shape (batch, neurons); without it none
            does.
    """
    h = X * p["scale"] if net.input_scale else X
    for r, activation in enumerate(net.activations, 1):
        h = ACTIVATIONS[activation](pre_activations(net, p, h, one, r))
        if noise and f"h{r}" in noise:
            h = dropped(h, net.dropout[r - 1], noise[f"h{r}"])
    return pre_activations(net, p, h, one, len(net.sizes) - 1)


def pre_activations(net: Layers, p: Parameters, h: Any, one: Any, r: int) -> Any:
    """Those of layer r, normalized if it is hidden and the network normalizes."""
    if net.ntk:
        h = h * (1.0 / math.sqrt(net.sizes[r - 1]))
    if f"gain{r}" not in p:
        return linear(h, p[f"W{r}"], one, p[f"b{r}"])
    a = h @ p[f"W{r}"]
    return standardize(a, NORMS[net.norm or "batch"], EPSILON) * p[f"gain{r}"] + p[f"shift{r}"]


def folded(net: Layers, p: Mapping[str, np.ndarray], X: np.ndarray) -> dict[str, np.ndarray]:
    """The parameters of a network without the options that only training needs; it has the same scores for X.

    What multiplies inputs or weights goes into the weights; so do the mean and variance of each batch-normalized
    pre-activation over X, which stand for those of all data. Layer normalization stays. X is read for batch
    normalization alone.
    """
    one = np.ones(len(X), X.dtype)
    plain: dict[str, np.ndarray] = {}
    h = X * p["scale"] if net.input_scale else X
    for r in range(1, len(net.sizes)):
        W = p[f"W{r}"] / math.sqrt(net.sizes[r - 1]) if net.ntk else p[f"W{r}"]
        scaled = W * p["scale"][:, None] if r == 1 and net.input_scale else W
        if f"gain{r}" not in p:
            plain |= {f"W{r}": scaled, f"b{r}": p[f"b{r}"]}
        elif net.norm == "layer":
            plain |= {f"W{r}": scaled, f"gain{r}": p[f"gain{r}"], f"shift{r}": p[f"shift{r}"]}
        else:
            a = h @ W
            slope = p[f"gain{r}"] / np.sqrt(a.var(axis=0) + EPSILON)
            plain |= {f"W{r}": scaled * slope, f"b{r}": p[f"shift{r}"] - a.mean(axis=0) * slope}
        if net.norm == "batch" and r < len(net.sizes) - 1:
            h = ACTIVATIONS[net.activations[r - 1]](pre_activations(net, p, h, one, r))
    return {name: np.array(array, copy=True) for name, array in plain.items()}
