"""How users say which windows over an image they mean.

An image is (batch, height, width, channels).
"""

from __future__ import annotations

from backpath.graph import ShapeError
from backpath.ops import Windows

Pair = tuple[int, int]
Padding = str | int | Pair | tuple[Pair, Pair]
"""``"same"``, ``"valid"``, or zeros on each side: one number, one for each axis, or (before, after) for each axis."""


def pair(value: int | Pair) -> Pair:
    """One number for both axes, or one for each."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


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
