"""Windows over images, as strided slices: what convolution and pooling are made of.

An image is (batch, height, width, channels). A slice of all windows' entries at one place is a view, which every engine
reads where it lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import ShapeError

Pair = tuple[int, int]
Padding = str | int | Pair | tuple[Pair, Pair]
"""``"same"``, ``"valid"``, or zeros on each side: one number, one for each axis, or (before, after) for each axis."""


def pair(value: int | Pair) -> Pair:
    """One number for both axes, or one for each."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows along one axis.

    Attributes:
        size: of a window.
        stride: from one to the next.
        dilation: from one entry of a window to the next.
        before: zeros in front of the axis.
        after: zeros behind it.
        count: how many windows there are.
    """

    size: int
    stride: int
    dilation: int
    before: int
    after: int
    count: int

    @classmethod
    def over(cls, length: int, size: int, stride: int, dilation: int = 1, padding: Pair | str = (0, 0)) -> Windows:
        """All windows that fit an axis; ``"same"`` pads so that there are ceil(length / stride).

        Raises:
            ShapeError: if none fits.
        """
        span = dilation * (size - 1) + 1
        if padding == "same":
            missing = max((-(-length // stride) - 1) * stride + span - length, 0)
            padding = missing // 2, missing - missing // 2
        before, after = (0, 0) if isinstance(padding, str) else padding
        room = length + before + after - span
        if room < 0 or stride < 1:
            raise ShapeError(
                f"a window over {span} with stride {stride} does not fit {length + before + after} entries"
            )
        return cls(size, stride, dilation, before, after, room // stride + 1)

    def at(self, k: int) -> slice:
        """Where the k-th entry of each window lies."""
        start = k * self.dilation
        return slice(start, start + self.stride * (self.count - 1) + 1, self.stride)


def over_image(
    height: int, width: int, size: Pair, stride: Pair, dilation: Pair = (1, 1), padding: Padding = 0
) -> tuple[Windows, Windows]:
    """Windows along both axes of an image.

    Raises:
        ShapeError: if none fits.
    """
    pads = padding if isinstance(padding, str) else _sides(padding)
    try:
        rows, columns = (
            Windows.over(length, size[k], stride[k], dilation[k], pads if isinstance(pads, str) else pads[k])
            for k, length in enumerate((height, width))
        )
    except ShapeError:
        step = str(stride[0]) if stride[0] == stride[1] else f"{stride[0]} by {stride[1]}"
        told = "" if dilation == (1, 1) else f", dilation {dilation[0]} by {dilation[1]}"
        padded = "" if padding in (0, "valid") else f", padded by {padding}"
        raise ShapeError(
            f"windows of {size[0]} by {size[1]} with stride {step}{told} do not fit an image of {height} by "
            f"{width}{padded}"
        ) from None
    return rows, columns


def _sides(padding: int | Pair | tuple[Pair, Pair]) -> tuple[Pair, Pair]:
    rows, columns = (padding, padding) if isinstance(padding, int) else padding
    return pair(rows), pair(columns)


def padded(x: Any, rows: Windows, columns: Windows) -> Any:
    """The image with zeros around it."""
    width = ((0, 0), (rows.before, rows.after), (columns.before, columns.after), *((0, 0),) * (np.ndim(x) - 3))
    return np.pad(x, width) if any(before or after for before, after in width) else x


def unrolled(x: Any, rows: Windows, columns: Windows) -> Any:
    """All entries of each window along the last axis, row by row, of an image (batch, height, width, ..., channels).

    First the columns of each window are put beside each other, then its rows: fewer and longer copies than one by one.
    """
    x = _beside([x[:, :, columns.at(k)] for k in range(columns.size)])
    return _beside([x[:, rows.at(k)] for k in range(rows.size)])


def _beside(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)
