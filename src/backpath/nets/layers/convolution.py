"""Convolutional layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backpath.graph import ShapeError
from backpath.nets.blocks import convolution
from backpath.nets.layers.layer import Arrays, Draw, Layer, Shape, require, require_axes, whole, whole_pair
from backpath.nets.windows import Padding, Pair, over_image, pair


@dataclass(frozen=True, slots=True, repr=False)
class Conv(Layer):
    """Two-dimensional convolution of an image (height, width, channels): see ``nets.convolution``.

    Attributes:
        channels: that come out.
        size: of the kernel: a number, or (height, width).
        stride: from window to window.
        padding: ``"same"``, so that a stride of 1 keeps height and width; ``"valid"``; or zeros on each side: a number,
            (rows, columns), or ((above, below), (left, right)).
        dilation: from entry to entry of a window.
        groups: parts of the channels that see nothing of each other.
        bias: whether a number is added to each channel.
    """

    channels: int
    size: int | Pair
    stride: int | Pair = 1
    padding: Padding = "same"
    dilation: int | Pair = 1
    groups: int = 1
    bias: bool = True

    def __post_init__(self) -> None:
        require(self, whole(self.channels), "channels: give 1 or more")
        for name in ("size", "stride", "dilation"):
            require(self, whole_pair(getattr(self, name)), f"{name}: give a whole number, 1 or more, or two")
        require(
            self,
            whole(self.groups) and self.channels % self.groups == 0,
            f"groups: {self.channels} channels do not divide into {self.groups!r}",
        )
        p = self.padding
        sides = whole_pair(p, 0) or (isinstance(p, tuple) and len(p) == 2 and all(whole_pair(part, 0) for part in p))
        require(self, p in ("same", "valid") or sides, "padding: give 'same', 'valid', or how many zeros")

    def outputs(self, inputs: Shape) -> Shape:
        require_axes(inputs, 3, "height, width, channels")
        if inputs[2] % self.groups:
            raise ShapeError(f"{inputs[2]} channels do not divide into {self.groups} groups")
        windows = over_image(
            inputs[0], inputs[1], pair(self.size), pair(self.stride), pair(self.dilation), self.padding
        )
        return windows[0].count, windows[1].count, self.channels

    def parameters(self, inputs: Shape, activation: str) -> dict[str, Draw]:
        rows, columns = pair(self.size)
        seen = inputs[2] // self.groups
        fans = rows * columns * seen, rows * columns * self.channels // self.groups
        bias = {"b": Draw((self.channels,))} if self.bias else {}
        return {"W": Draw((rows, columns, seen, self.channels), fans=fans, activation=activation)} | bias

    def operations(self, inputs: Shape) -> int:
        height, width, channels = self.outputs(inputs)
        rows, columns = pair(self.size)
        return 2 * height * width * channels * rows * columns * inputs[2] // self.groups

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        options = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}
        return convolution(x, p["W"], p.get("b"), **options)
