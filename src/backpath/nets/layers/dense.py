"""Dense layers, activations, and what flattens an example."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.nets.activations import ACTIVATIONS
from backpath.nets.layers.layer import Arrays, Draw, Layer, Shape, require, whole


@dataclass(frozen=True, slots=True, repr=False)
class Dense(Layer):
    """x W + b along the last axis; of an image or a sequence, at each place alike.

    Attributes:
        width: neurons.
        bias: whether there is b.
    """

    width: int
    bias: bool = True

    def __post_init__(self) -> None:
        require(self, whole(self.width), "give the number of neurons, 1 or more")

    def outputs(self, inputs: Shape) -> Shape:
        if not inputs:
            raise ShapeError("it takes examples that have features")
        return *inputs[:-1], self.width

    def parameters(self, inputs: Shape, activation: str) -> dict[str, Draw]:
        fans = inputs[-1], self.width
        bias = {"b": Draw((self.width,))} if self.bias else {}
        return {"W": Draw(fans, fans=fans, activation=activation)} | bias

    def operations(self, inputs: Shape) -> int:
        return 2 * math.prod(inputs) * self.width

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        y = x @ p["W"]
        return y + p["b"] if self.bias else y


@dataclass(frozen=True, slots=True, repr=False)
class Activation(Layer):
    """A function of each entry.

    Attributes:
        name: one of ``ACTIVATIONS``.
    """

    name: str

    def __post_init__(self) -> None:
        require(self, self.name in ACTIVATIONS, f"there are {', '.join(ACTIVATIONS)}")

    def outputs(self, inputs: Shape) -> Shape:
        return inputs

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        return ACTIVATIONS[self.name](x)


@dataclass(frozen=True, slots=True, repr=False)
class Flatten(Layer):
    """All entries of an example along one axis."""

    keeps_scale = True

    def outputs(self, inputs: Shape) -> Shape:
        return (math.prod(inputs),)

    def operations(self, inputs: Shape) -> int:
        return 0

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        return np.reshape(x, (np.shape(x)[0], math.prod(np.shape(x)[1:])))
