"""Layers that put what is near together into one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.nets.blocks import max_pool, mean_pool
from backpath.nets.layers.layer import Arrays, Layer, Shape, require, require_axes, whole_pair
from backpath.nets.windows import Pair, over_image, pair


@dataclass(frozen=True, slots=True, repr=False)
class _Pool(Layer):
    size: int | Pair
    stride: int | Pair | None = None

    keeps_scale = True

    def __post_init__(self) -> None:
        require(self, whole_pair(self.size), "size: give a whole number, 1 or more, or two")
        require(self, self.stride is None or whole_pair(self.stride), "stride: give a whole number, 1 or more, or two")

    def outputs(self, inputs: Shape) -> Shape:
        require_axes(inputs, 3, "height, width, channels")
        stride = self.size if self.stride is None else self.stride
        windows = over_image(inputs[0], inputs[1], pair(self.size), pair(stride))
        return windows[0].count, windows[1].count, inputs[2]

    def operations(self, inputs: Shape) -> int:
        return math.prod(self.outputs(inputs)) * math.prod(pair(self.size))


@dataclass(frozen=True, slots=True, repr=False)
class MaxPool(_Pool):
    """The largest entry of each window, channel by channel: see ``nets.max_pool``, and there for ties.

    Attributes:
        size: of the windows: a number, or (height, width).
        stride: from one to the next; by default ``size``.
    """

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        return max_pool(x, self.size, self.stride)


@dataclass(frozen=True, slots=True, repr=False)
class MeanPool(_Pool):
    """The mean of each window, channel by channel.

    Attributes:
        size: of the windows: a number, or (height, width).
        stride: from one to the next; by default ``size``.
    """

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        return mean_pool(x, self.size, self.stride)


@dataclass(frozen=True, slots=True, repr=False)
class GlobalMeanPool(Layer):
    """The mean over all places of an image or a sequence, channel by channel."""

    keeps_scale = True

    def outputs(self, inputs: Shape) -> Shape:
        if len(inputs) < 2:
            raise ShapeError(f"it takes images or sequences, not {len(inputs)} axis")
        return inputs[-1:]

    def operations(self, inputs: Shape) -> int:
        return math.prod(inputs)

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        return np.mean(x, axis=tuple(range(1, np.ndim(x) - 1)))
