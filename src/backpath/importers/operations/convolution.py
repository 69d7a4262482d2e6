"""Convolutions of images with channels in front, over any number of axes, and their transposes.

Each is one matrix product over windows of the last two axes, which engines make without laying windows out; what a
kernel sees along further axes stands beside each other as channels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.importers.operations.spans import (
    Pads,
    channels_first,
    channels_last,
    each,
    one_each,
    require_image,
    windows_along,
)
from backpath.ops import Windows, unroll
from backpath.ops.windows import fold


def convolution(
    x: Any,
    W: Any,
    b: Any | None = None,
    *,
    strides: int | Sequence[int] | None = None,
    pads: Pads | None = None,
    dilations: int | Sequence[int] | None = None,
    groups: int = 1,
) -> Any:
    """Convolution, without turning the kernel around, as networks have it.

    Args:
        x: shape (batch, inputs, *lengths).
        W: shape (outputs, inputs / groups, *kernel lengths).
        b: shape (outputs,).
        strides: from window to window along each axis, or one for all; by default 1.
        pads: zeros (before, behind) each axis; by default none.
        dilations: from entry to entry of a window; by default 1.
        groups: parts of the channels, in order, each of which sees its own part of the inputs alone.

    Returns:
        Shape (batch, outputs, *lengths).

    Raises:
        ShapeError: if the shapes do not fit.
    """
    axes = require_image("convolution", x)
    fits = np.ndim(W) > 2 and np.shape(W)[1] * groups == np.shape(x)[1] and np.shape(W)[0] % groups == 0
    _require_kernel(x, W, axes, fits, groups)
    sizes = np.shape(W)[2:]
    pads = [(0, 0)] * axes if pads is None else pads
    windows = windows_along(np.shape(x)[2:], sizes, each(strides, axes), each(dilations, axes), pads)
    batch, inputs, outputs = np.shape(x)[0], np.shape(W)[1], np.shape(W)[0]
    image = np.reshape(channels_last(x), (batch, *np.shape(x)[2:], groups, inputs))
    while len(windows) > 2:
        image, W, windows = _first_axis_beside_channels(image, W, windows)
    lead = np.shape(image)[: -2 - len(windows)]
    if len(windows) == 1:
        windows = [one_each(1), *windows]
    height, width = (1, *np.shape(image)[len(lead) : -2])[-2:]
    image = np.reshape(image, (math.prod(lead), height, width, groups, -1))
    kernel = np.reshape(W, (*np.shape(W)[:2], windows[0].size, windows[1].size))
    y = _over_images(image, kernel, windows[0], windows[1], groups)
    y = np.reshape(y, (*lead, *[w.count for w in windows[-min(axes, 2) :]], outputs))
    return channels_first(y if b is None else y + b)


def _first_axis_beside_channels(image: Any, W: Any, windows: list[Windows]) -> tuple[Any, Any, list[Windows]]:
    """What each window sees along the first axis behind the batch, as further channels of what is left."""
    first, rest = windows[0], windows[1:]
    at = np.ndim(image) - 2 - len(windows)
    width = [(0, 0)] * np.ndim(image)
    width[at] = first.before, first.after
    padded = np.pad(image, width) if first.padded else image
    seen = [padded[(slice(None),) * at + (first.at(k),)] for k in range(first.size)]
    outputs, inputs, *sizes = np.shape(W)
    kernel = np.reshape(np.swapaxes(W, 1, 2), (outputs, sizes[0] * inputs, *sizes[1:]))
    return np.concatenate(seen, axis=-1), kernel, rest


def _over_images(x: Any, W: Any, down: Windows, across: Windows, groups: int) -> Any:
    """Images (batch, height, width, groups, inputs) by a kernel (outputs, inputs, rows, columns): rows of outputs."""
    outputs, inputs, rows, columns = np.shape(W)
    seen = rows * columns * inputs
    kernel = np.reshape(np.transpose(W, (2, 3, 1, 0)), (seen, outputs))
    single = seen == inputs and not (down.padded or across.padded)
    if groups == 1:
        x = np.reshape(x, (*np.shape(x)[:3], inputs))
        flat = _picked(x, down, across) if single else unroll(x, down, across)
        return np.reshape(flat, (-1, seen)) @ kernel
    flat = _picked(x, down, across) if single else unroll(x, down, across)
    return np.einsum(
        "pgk,kgd->pgd", np.reshape(flat, (-1, groups, seen)), np.reshape(kernel, (seen, groups, outputs // groups))
    )


def _picked(x: Any, down: Windows, across: Windows) -> Any:
    """The entries that windows of one entry see."""
    return x if down.stride == across.stride == 1 else x[:, down.at(0), across.at(0)]


def transposed_convolution(
    x: Any,
    W: Any,
    b: Any | None = None,
    *,
    strides: int | Sequence[int] | None = None,
    pads: Pads | None = None,
    dilations: int | Sequence[int] | None = None,
    groups: int = 1,
    output_padding: int | Sequence[int] | None = None,
) -> Any:
    """What carries a gradient back through a convolution, as a layer of its own.

    Args:
        x: shape (batch, inputs, *lengths).
        W: shape (inputs, outputs / groups, *kernel lengths).
        b: shape (outputs,).
        strides: of the convolution that it is the transpose of, along each axis, or one for all; by default 1.
        pads: entries cut from the result (before, behind) along each axis; by default none.
        dilations: from entry to entry of a window; by default 1.
        groups: parts of the channels.
        output_padding: entries that the result has more, behind.

    Returns:
        Shape (batch, outputs, *lengths), each length stride * (n - 1) + dilation * (kernel - 1) + 1 - pads + more.

    Raises:
        ShapeError: if the shapes do not fit, or there are more than three lengths.
    """
    axes = require_image("transposed convolution", x)
    if axes > 3:
        raise ShapeError("transposed convolution: an image may have up to three lengths")
    fits = np.ndim(W) > 2 and np.shape(W)[0] == np.shape(x)[1] and np.shape(x)[1] % groups == 0
    _require_kernel(x, W, axes, fits, groups)
    batch, inputs, *counts = np.shape(x)
    outputs, sizes = np.shape(W)[1], np.shape(W)[2:]
    pads = [(0, 0)] * axes if pads is None else pads
    strides, dilations, more = each(strides, axes), each(dilations, axes), each(output_padding, axes, 0)
    windows, lengths = [], []
    for n, size, stride, dilation, (before, after), extra in zip(
        counts, sizes, strides, dilations, pads, more, strict=True
    ):
        reach = stride * (n - 1) + dilation * (size - 1) + 1
        length = reach - before - after + extra
        if length < 1:
            raise ShapeError(f"transposed convolution: pads {list(pads)} leave nothing of an axis of {reach} entries")
        windows.append(Windows(size, stride, dilation, before, max(reach - before - length, 0), n))
        lengths.append(length)
    flat = np.reshape(channels_last(x), (-1, groups, inputs // groups))
    # (inputs, outputs, *kernel) as (groups, inputs, *kernel, outputs).
    kernel = np.reshape(channels_last(W), (groups, inputs // groups, math.prod(sizes) * outputs))
    y = np.reshape(flat, (-1, inputs)) @ kernel[0] if groups == 1 else np.einsum("pgi,gik->pgk", flat, kernel)
    y = _folded(y, windows, tuple(lengths), batch, (groups, outputs))
    y = np.reshape(y, (batch, *lengths, groups * outputs))
    return channels_first(y if b is None else y + b)


def _folded(y: Any, windows: list[Windows], lengths: tuple[int, ...], batch: int, last: tuple[int, int]) -> Any:
    """Entries of windows, (batch * counts, groups, sizes * outputs), summed where they lie: two axes, then a third."""
    groups, outputs = last
    if len(windows) == 1:
        windows, lengths = [one_each(1), *windows], (1, *lengths)
    down, across = windows[-2:]
    deep = windows[0] if len(windows) == 3 else one_each(1)
    images, entries = batch * deep.count, down.size * across.size
    y = np.reshape(y, (images, down.count, across.count, groups, deep.size, entries, outputs))
    # Entries of the last two axes stand in front of those of the first, which are channels meanwhile.
    y = np.reshape(np.swapaxes(y, 4, 5), (images, down.count, across.count, groups, -1)) if deep.size > 1 else y
    y = np.reshape(y, (images, down.count, across.count, groups, entries * deep.size * outputs))
    y = fold(y, down, across, (images, *lengths[-2:], groups, deep.size * outputs))
    if len(windows) == 2:
        return y
    inside = math.prod(lengths[-2:]) * groups
    y = np.reshape(y, (batch, deep.count, inside, deep.size * outputs))
    return fold(y, deep, one_each(inside), (batch, lengths[0], inside, outputs))


def _require_kernel(x: Any, W: Any, axes: int, fits: bool, groups: int) -> None:
    if np.ndim(W) != axes + 2 or not fits:
        parted = f", in {groups} groups" if groups > 1 else ""
        raise ShapeError(
            f"convolution: an image of shape {list(np.shape(x))} and a kernel of shape {list(np.shape(W))}{parted} do "
            f"not fit: they must be (batch, channels, *lengths) and two axes of channels before the kernel's lengths"
        )
