"""Several networks as one model: every product is one of stacks of matrices, a member each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np

from backpath.nets import ACTIVATIONS, Model
from backpath.ops import sigmoid_cross_entropy, softmax_cross_entropy

Arrays = dict[str, Any]


@dataclass(frozen=True)
class Form:
    """What each member is.

    Attributes:
        features: that it reads.
        numbers: how many of them, from the first on, are embedded.
        outputs: scores that it gives.
        loss: a name in ``LOSSES_OF_EACH``.
        hidden: neurons of each hidden layer.
        activation: of those, one for each.
        parametric: whether each neuron learns how much of the activation it is; the rest is the line.
        frequencies: of each number's cosines; 0 for none.
        embedded: numbers that are mixed of them.
        edges: of each number's pieces, of shape (numbers, pieces + 1); None for no pieces.
        drops: whether hidden neurons drop out in training, as often as the parameter ``drop`` says.
    """

    features: int
    numbers: int
    outputs: int
    loss: str
    hidden: tuple[int, ...]
    activation: tuple[str, ...]
    parametric: bool = False
    frequencies: int = 0
    embedded: int = 0
    edges: np.ndarray | None = None
    drops: bool = False

    @property
    def periodic(self) -> bool:
        """Whether numbers go through cosines."""
        return self.numbers > 0 and self.frequencies > 0

    @property
    def pieces(self) -> int:
        """Features that say where in its pieces each number lies, of all numbers together."""
        return 0 if self.edges is None else self.numbers * (self.edges.shape[1] - 1)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter of one member."""
        d, m, o = self.numbers, self.frequencies, self.embedded
        shapes: dict[str, tuple[int, ...]] = {"scale": (self.features + self.pieces, 1)}
        if self.periodic:
            shapes |= {"frequency": (d, 1, m), "phase": (d, 1, m), "mix": (d, m, o), "shift": (d, 1, o)}
            shapes |= {"gain": (d * o, 1)}
        if self.drops:
            shapes |= {"drop": (1, 1)}
        sizes = [self.features + self.pieces, *self.hidden, self.outputs]
        for layer, (inputs, outputs) in enumerate(pairwise(sizes), 1):
            shapes |= {f"W{layer}": (inputs, outputs), f"b{layer}": (1, outputs)}
            if layer == 1 and self.periodic:
                shapes |= {"V1": (d * o, outputs)}
            if self.parametric and layer <= len(self.hidden):
                shapes |= {f"slope{layer}": (1, outputs)}
        return shapes

    @property
    def fans(self) -> dict[str, int]:
        """How many inputs the layer of each matrix of weights has: its first deviation is one over their root."""
        first = self.features + self.pieces + (self.numbers * self.embedded if self.periodic else 0)
        fans = [first, *self.hidden]
        return {f"W{layer}": fan for layer, fan in enumerate(fans, 1)} | ({"V1": first} if self.periodic else {})

    def first(self, seed: int, member: int, bias: float, spread: float) -> Arrays:
        """A member's first parameters, whichever others there are: a last layer of zeros, and all else random."""
        rng = np.random.default_rng([seed, 2, member])
        last, drawn = len(self.hidden) + 1, {}
        for name, shape in self.shapes.items():
            noise = rng.standard_normal(shape)
            if name in self.fans:
                drawn[name] = noise / math.sqrt(self.fans[name])
            elif name[0] == "b":
                drawn[name] = bias * noise
            elif name == "frequency":
                drawn[name] = spread * noise
            elif name == "phase":
                drawn[name] = rng.uniform(-math.pi, math.pi, shape)
            elif name == "mix":
                drawn[name] = noise / math.sqrt(self.frequencies)
            else:
                drawn[name] = np.full(shape, float(name in ("scale", "gain") or name.startswith("slope")))
        return drawn | {name: np.zeros_like(drawn[name]) for name in (f"W{last}", f"b{last}")}


def scores_of_each(form: Form, p: Mapping[str, Any], X: Any, noise: Mapping[str, Any] | None = None) -> Any:
    """The scores of each member, of shape (members, rows, outputs); on arrays and on traced values.

    Args:
        form: of the members.
        p: their parameters, of shapes (members, ...).
        X: of shape (rows, features) for all, or (members, rows, features).
        noise: for each hidden layer, uniform numbers of shape (members, rows, neurons), where neurons drop out.
    """
    h = X if form.edges is None else np.concatenate([X, _pieces(form.edges, X[..., : form.numbers])], axis=-1)
    a = np.matmul(h, p["scale"] * p["W1"]) + p["b1"]
    if form.periodic:
        a = a + np.matmul(_waves(form, p, X), p["gain"] * p["V1"])
    for layer, name in enumerate(form.activation, 1):
        h = ACTIVATIONS[name](a)
        if form.parametric:
            h = a + p[f"slope{layer}"] * (h - a)
        W = p[f"W{layer + 1}"]
        if noise:
            h, W = h * (noise[f"layer{layer}"] >= p["drop"]), W / (1.0 - p["drop"])
        a = np.matmul(h, W) + p[f"b{layer + 1}"]
    return a


def _waves(form: Form, p: Mapping[str, Any], X: Any) -> Any:
    """Cosines of each number, mixed: (members, rows, numbers x embedded), after Gorishniy and others (2022)."""
    d = form.numbers
    rows = X.shape[-2]
    columns = np.swapaxes(X[..., :d], -1, -2)
    columns = np.reshape(columns, (*columns.shape, 1)) if len(X.shape) == 3 else np.reshape(columns, (1, d, rows, 1))
    waves = np.cos(columns * (2 * math.pi * p["frequency"]) + p["phase"])
    mixed = np.matmul(waves, p["mix"]) + p["shift"]
    members = mixed.shape[0]
    return np.reshape(np.transpose(mixed, (0, 2, 1, 3)), (members, rows, d * form.embedded))


def _pieces(edges: np.ndarray, X: Any) -> Any:
    """How far each number has come in each of its pieces, from 0 to 1 (Gorishniy and others, 2022)."""
    widths = np.diff(edges, axis=1)
    inverse = np.where(widths > 0, 1 / np.where(widths > 0, widths, 1), 0).astype(edges.dtype)
    shape = X.shape
    parts = np.clip((np.reshape(X, (*shape, 1)) - edges[:, :-1]) * inverse, 0.0, 1.0)
    return np.reshape(parts, (*shape[:-1], shape[-1] * inverse.shape[1]))


def _cross_entropy(scores: Any, targets: Any) -> Any:
    return softmax_cross_entropy(scores, np.broadcast_to(targets, scores.shape))


def _sigmoid_cross_entropy(scores: Any, targets: Any) -> Any:
    return np.sum(sigmoid_cross_entropy(scores, np.broadcast_to(targets, scores.shape)), axis=-1)


def _squared_error(scores: Any, targets: Any) -> Any:
    difference = scores - targets
    return 0.5 * np.sum(difference * difference, axis=-1)


LOSSES_OF_EACH = MappingProxyType(
    {
        "cross_entropy": _cross_entropy,
        "sigmoid_cross_entropy": _sigmoid_cross_entropy,
        "squared_error": _squared_error,
    }
)
"""Losses of scores of shape (members, rows, outputs) and targets of shape (rows, outputs)."""


class Members(Model):
    """Members in training.

    A row's target is what all are to predict, and then what it weighs in the loss of each: 0 for those that it judges.

    Args:
        form: of each.
        first: their first parameters, of shapes (members, ...).
    """

    __slots__ = ("count", "form")

    def __init__(self, form: Form, first: Arrays):
        super().__init__(lambda p, X: scores_of_each(form, p, X), first, loss="squared_error")
        self.form, self.count = form, len(next(iter(first.values())))
        self._inputs, self._outputs = (form.features,), (form.outputs + self.count,)

    def noise_shapes(self, batch: int) -> dict[str, tuple[int, ...]]:
        if not self.form.drops:
            return {}
        return {f"layer{k}": (self.count, batch, size) for k, size in enumerate(self.form.hidden, 1)}

    def loss_value(
        self, parameters: Any, X: Any, y: Any, weights: Any = None, noise: Mapping[str, Any] | None = None
    ) -> Any:
        """The mean over members and rows."""
        scores = scores_of_each(self.form, parameters, X, noise)
        losses = LOSSES_OF_EACH[self.form.loss](scores, y[:, : self.form.outputs])
        return np.mean(losses * np.transpose(y[:, self.form.outputs :]))


def stacked(form: Form, seed: int, members: range, bias: float, spread: float) -> Arrays:
    """The first parameters of these members."""
    each = [form.first(seed, member, bias, spread) for member in members]
    return {name: np.stack([one[name] for one in each]) for name in form.shapes}
