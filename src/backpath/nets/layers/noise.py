"""Layers that draw in training, and are not there when the model predicts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.nets.blocks import dropped
from backpath.nets.layers.layer import Arrays, Layer, Shape, require, require_axes, whole


@dataclass(frozen=True, slots=True, repr=False)
class _Random(Layer):
    keeps_scale = True

    @property
    def trains_apart(self) -> bool:
        return True

    def outputs(self, inputs: Shape) -> Shape:
        return inputs

    def folded(self, p: Arrays, x: np.ndarray) -> tuple[None, Arrays]:
        return None, {}


@dataclass(frozen=True, slots=True, repr=False)
class Dropout(_Random):
    """Sets each entry to 0 with a probability, and the others to more in proportion (Srivastava and others, 2014).

    Attributes:
        rate: the probability, less than 1.
    """

    rate: float

    def __post_init__(self) -> None:
        known = isinstance(self.rate, (int, float)) and not isinstance(self.rate, bool)
        require(self, known and 0 <= self.rate < 1, "rate: give a probability less than 1")

    def noise(self, inputs: Shape) -> dict[str, Shape]:
        return {"kept": inputs} if self.rate else {}

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        if not noise:
            return x
        return dropped(x, self.rate, noise["kept"])


@dataclass(frozen=True, slots=True, repr=False)
class RandomFlip(_Random):
    """Turns every other image around, left to right."""

    def outputs(self, inputs: Shape) -> Shape:
        require_axes(inputs, 3, "height, width, channels")
        return inputs

    def noise(self, inputs: Shape) -> dict[str, Shape]:
        return {"side": (1, 1, 1)}

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        return np.where(noise["side"] < 0.5, x[:, :, ::-1], x) if noise else x


@dataclass(frozen=True, slots=True, repr=False)
class RandomShift(_Random):
    """Moves each image by up to so many pixels, both ways; zeros come in from outside.

    Attributes:
        most: pixels.
    """

    most: int

    def __post_init__(self) -> None:
        require(self, whole(self.most), "give a number of pixels, 1 or more")

    def outputs(self, inputs: Shape) -> Shape:
        require_axes(inputs, 3, "height, width, channels")
        if min(inputs[:2]) <= self.most:
            raise ShapeError(
                f"an image of {inputs[0]} by {inputs[1]} would be moved out of sight by {self.most} pixels"
            )
        return inputs

    def noise(self, inputs: Shape) -> dict[str, Shape]:
        return {"down": (1, 1, 1), "across": (1, 1, 1)}

    def operations(self, inputs: Shape) -> int:
        return 2 * (2 * self.most + 1) * math.prod(inputs)

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        if not noise:
            return x
        return self._moved(self._moved(x, noise["down"], 1), noise["across"], 2)

    def _moved(self, x: Any, place: Any, axis: int) -> Any:
        """Each image from one of the places where it can be cut out of itself with zeros around."""
        places, length = 2 * self.most + 1, np.shape(x)[axis]
        wide = np.pad(x, [(self.most, self.most) if k == axis else (0, 0) for k in range(4)])
        cuts = [wide[(slice(None),) * axis + (slice(k, k + length),)] for k in range(places)]
        y = cuts[-1]
        for k in range(places - 1, 0, -1):
            y = np.where(place < k / places, cuts[k - 1], y)
        return y
