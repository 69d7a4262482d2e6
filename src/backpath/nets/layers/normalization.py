"""Layers that bring values to mean 0 and variance 1, and the affine map that remains of one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.nets.blocks import layer_norm, over_batch, statistics_of
from backpath.nets.layers.layer import Arrays, Draw, Layer, Shape, require


@dataclass(frozen=True, slots=True, repr=False)
class _Scaled(Layer):
    keeps_scale = True

    def outputs(self, inputs: Shape) -> Shape:
        if not inputs:
            raise ShapeError("it takes examples that have features")
        return inputs

    def parameters(self, inputs: Shape, activation: str) -> dict[str, Draw]:
        return {"gain": Draw(inputs[-1:], 1.0), "shift": Draw(inputs[-1:])}


@dataclass(frozen=True, slots=True, repr=False)
class Affine(_Scaled):
    """Each channel times a gain, plus a shift: what batch normalization is once its statistics are known."""

    def operations(self, inputs: Shape) -> int:
        return 2 * math.prod(inputs)

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        return x * p["gain"] + p["shift"]


@dataclass(frozen=True, slots=True, repr=False)
class _Norm(_Scaled):
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        require(self, isinstance(self.epsilon, float) and self.epsilon > 0, "epsilon: give a number above 0")

    def operations(self, inputs: Shape) -> int:
        return 8 * math.prod(inputs)


@dataclass(frozen=True, slots=True, repr=False)
class BatchNorm(_Norm):
    """Each channel with mean 0 and variance 1 over the batch and all places; times a gain, plus a shift.

    (Ioffe and Szegedy, 2015.) After training, mean and variance over the training examples take the place of the
    batch's, so that it is an :class:`Affine`.

    Attributes:
        epsilon: added to the variance.
    """

    @property
    def trains_apart(self) -> bool:
        return True

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        return over_batch(x, self.epsilon) * p["gain"] + p["shift"]

    def folded(self, p: Arrays, x: np.ndarray) -> tuple[Layer, Arrays]:
        mean, variance = statistics_of(x)
        slope = p["gain"] / np.sqrt(variance + self.epsilon)
        shift = p["shift"] - mean * slope
        return Affine(), {"gain": slope.astype(p["gain"].dtype), "shift": shift.astype(p["shift"].dtype)}


@dataclass(frozen=True, slots=True, repr=False)
class LayerNorm(_Norm):
    """The last axis with mean 0 and variance 1; times a gain, plus a shift (Ba and others, 2016).

    Attributes:
        epsilon: added to the variance.
    """

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        return layer_norm(x, p["gain"], p["shift"], self.epsilon)
