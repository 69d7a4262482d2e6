"""Operations of ATen over windows of images: convolutions, pools, patches, pads, other sizes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from backpath.importers import operations
from backpath.importers.operations import Resizing
from backpath.importers.operations.rearranging import depth_to_space, space_to_depth
from backpath.importers.operations.spans import each, windows_along
from backpath.importers.pytorch.aten.table import ATEN, aten
from backpath.ops import scatter, unroll

Numbers = int | Sequence[int]


def _pads(padding: Numbers, axes: int) -> list[tuple[int, int]]:
    return [(n, n) for n in _each(padding, axes)]


def _each(value: Numbers, axes: int) -> tuple[int, ...]:
    """One number for each axis; PyTorch writes one for all also as a list of one."""
    if isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    return each(value, axes)


def _batched(operation: Callable[..., Any], axes: int) -> Callable[..., Any]:
    """The operation on one image too, which comes without an axis for the batch."""

    def either(x: Any, *rest: Any, **settings: Any) -> Any:
        if np.ndim(x) == axes + 1:
            found = operation(np.expand_dims(x, 0), *rest, **settings)
            return tuple(y[0] for y in found) if isinstance(found, tuple) else found[0]
        return operation(x, *rest, **settings)

    return either


# Convolutions.
@aten("convolution.default")
def convolution(
    x: Any, weight: Any, bias: Any, stride: Numbers, padding: Numbers, dilation: Numbers, transposed: bool,
    output_padding: Numbers, groups: int,
) -> Any:  # fmt: skip
    """``aten.convolution.default``."""
    axes = np.ndim(weight) - 2
    if np.ndim(x) == axes + 1:
        rest = weight, bias, stride, padding, dilation, transposed, output_padding, groups
        return convolution(np.expand_dims(x, 0), *rest)[0]
    settings: dict[str, Any] = {
        "strides": _each(stride, axes), "pads": _pads(padding, axes), "dilations": _each(dilation, axes),
        "groups": groups,
    }  # fmt: skip
    if transposed:
        more = _each(output_padding, axes)
        return operations.transposed_convolution(x, weight, bias, output_padding=more, **settings)
    return operations.convolution(x, weight, bias, **settings)


@aten("conv1d.default", "conv2d.default", "conv3d.default")
def plain_convolution(
    x: Any, weight: Any, bias: Any = None, stride: Numbers = 1, padding: Numbers = 0, dilation: Numbers = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    """``aten.conv1d.default``, ``aten.conv2d.default``, ``aten.conv3d.default``."""
    return convolution(x, weight, bias, stride, padding, dilation, False, 0, groups)


@aten("conv1d.padding", "conv2d.padding", "conv3d.padding")
def padded_convolution(
    x: Any, weight: Any, bias: Any = None, stride: Numbers = 1, padding: str = "valid", dilation: Numbers = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    """``aten.conv1d.padding``, ``aten.conv2d.padding``, ``aten.conv3d.padding``."""
    axes = np.ndim(weight) - 2
    around = [0] * axes if padding == "valid" else [
        d * (n - 1) for d, n in zip(_each(dilation, axes), np.shape(weight)[2:], strict=True)
    ]  # fmt: skip
    strides, dilations = _each(stride, axes), _each(dilation, axes)
    pads = [(n // 2, n - n // 2) for n in around]
    return operations.convolution(x, weight, bias, strides=strides, pads=pads, dilations=dilations, groups=groups)


@aten("conv_transpose1d.default", "conv_transpose2d.input", "conv_transpose3d.input")
def transposed_convolution(
    x: Any, weight: Any, bias: Any = None, stride: Numbers = 1, padding: Numbers = 0, output_padding: Numbers = 0,
    groups: int = 1, dilation: Numbers = 1,
) -> Any:  # fmt: skip
    """``aten.conv_transpose1d.default``, ``aten.conv_transpose2d.input``, ``aten.conv_transpose3d.input``."""
    return convolution(x, weight, bias, stride, padding, dilation, True, output_padding, groups)


# Pools.
def _max_pool(axes: int) -> Callable[..., Any]:
    def pool(
        x: Any, size: Numbers, stride: Numbers = (), padding: Numbers = 0, dilation: Numbers = 1, ceil: bool = False
    ) -> Any:
        sizes = _each(size, axes)
        strides = _each(stride, axes) if stride != () and stride != [] else sizes
        return operations.max_pool(x, sizes, strides, _pads(padding, axes), _each(dilation, axes), ceil)

    return _batched(pool, axes)


def _max_pool_with_indices(axes: int) -> Callable[..., Any]:
    def pool(
        x: Any, size: Numbers, stride: Numbers = (), padding: Numbers = 0, dilation: Numbers = 1, ceil: bool = False
    ) -> Any:
        sizes = _each(size, axes)
        strides = _each(stride, axes) if stride != () and stride != [] else sizes
        settings = sizes, strides, _pads(padding, axes), _each(dilation, axes), ceil
        return operations.max_pool_with_positions(x, *settings)

    return _batched(pool, axes)


def _mean_pool(axes: int) -> Callable[..., Any]:
    def pool(
        x: Any, size: Numbers, stride: Numbers = (), padding: Numbers = 0, ceil: bool = False,
        count_include_pad: bool = True, divisor: int | None = None,
    ) -> Any:  # fmt: skip
        sizes = _each(size, axes)
        strides = _each(stride, axes) if stride != () and stride != [] else sizes
        pads = _pads(padding, axes)
        return operations.mean_pool(x, sizes, strides, pads, None, ceil, count_include_pad, divisor)

    return _batched(pool, axes)


def _adaptive(axes: int, largest: bool) -> Callable[..., Any]:
    def pool(x: Any, size: Any) -> Any:
        asked = size if isinstance(size, (list, tuple)) else (size,) * axes
        lengths = [n if m is None else m for n, m in zip(np.shape(x)[2:], asked, strict=True)]
        return operations.adaptive_pool(x, lengths, largest)

    return _batched(pool, axes)


for _axes in (1, 2, 3):
    ATEN[f"max_pool{_axes}d.default"] = _max_pool(_axes)
    ATEN[f"max_pool{_axes}d_with_indices.default"] = _max_pool_with_indices(_axes)
    ATEN[f"avg_pool{_axes}d.default"] = _mean_pool(_axes)
    ATEN[f"adaptive_avg_pool{_axes}d.default"] = ATEN[f"_adaptive_avg_pool{_axes}d.default"] = _adaptive(_axes, False)
    _largest = _adaptive(_axes, True)
    ATEN[f"adaptive_max_pool{_axes}d.default"] = lambda x, size, pool=_largest: (pool(x, size), np.zeros((0,), int))


# Patches.
@aten("im2col.default")
def patches(x: Any, size: Numbers, dilation: Numbers, padding: Numbers, stride: Numbers) -> Any:
    """Shape (batch, channels * entries of a window, windows)."""
    sizes = _each(size, 2)
    down, across = windows_along(np.shape(x)[2:], sizes, _each(stride, 2), _each(dilation, 2), _pads(padding, 2))
    batch, channels = np.shape(x)[:2]
    rolled = unroll(np.moveaxis(x, 1, -1), down, across)
    apart = np.reshape(rolled, (batch, down.count * across.count, sizes[0] * sizes[1], channels))
    return np.reshape(np.transpose(apart, (0, 3, 2, 1)), (batch, channels * sizes[0] * sizes[1], -1))


@aten("col2im.default")
def image(x: Any, lengths: Numbers, size: Numbers, dilation: Numbers, padding: Numbers, stride: Numbers) -> Any:
    """``aten.col2im.default``."""
    settings = _each(lengths, 2), _each(size, 2), _each(stride, 2), _pads(padding, 2), _each(dilation, 2)
    return operations.columns_to_image(x, *settings)


@aten("pixel_shuffle.default")
def pixel_shuffle(x: Any, factor: int) -> Any:
    """``aten.pixel_shuffle.default``."""
    return depth_to_space(x, factor, channels_slowest=True)


@aten("pixel_unshuffle.default")
def pixel_unshuffle(x: Any, factor: int) -> Any:
    """``aten.pixel_unshuffle.default``."""
    return space_to_depth(x, factor, channels_slowest=True)


@aten("channel_shuffle.default")
def channel_shuffle(x: Any, groups: int) -> Any:
    """``aten.channel_shuffle.default``."""
    batch, channels, *rest = np.shape(x)
    apart = np.reshape(x, (batch, groups, channels // groups, *rest))
    return np.reshape(np.swapaxes(apart, 1, 2), np.shape(x))


# Pads: PyTorch counts them from the last axis.
PADDING = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@aten("pad.default")
def pad(x: Any, pads: Sequence[int], mode: str = "constant", value: float | None = None) -> Any:
    """``aten.pad.default``."""
    pairs = [(pads[k], pads[k + 1]) for k in range(0, len(pads), 2)][::-1]
    around = [(0, 0)] * (np.ndim(x) - len(pairs)) + pairs
    return operations.pad(x, around, PADDING[mode], 0 if value is None else value)


@aten("constant_pad_nd.default")
def constant_pad(x: Any, pads: Sequence[int], value: float = 0) -> Any:
    """``aten.constant_pad_nd.default``."""
    return pad(x, pads, "constant", value)


for _word, _mode in (("reflection", "reflect"), ("replication", "replicate")):
    for _axes in (1, 2, 3):
        ATEN[f"{_word}_pad{_axes}d.default"] = lambda x, pads, mode=_mode: pad(x, pads, mode)


# Other sizes.
def _resized(x: Any, size: Any, factors: Any, how: Resizing) -> Any:
    lengths = np.shape(x)[2:]
    if size is None:
        size = [int(n * f) for n, f in zip(lengths, factors, strict=True)]
    scales = None if factors is None or how.coordinates == "align_corners" else list(factors)
    return operations.resize(x, range(2, np.ndim(x)), [int(n) for n in size], how, scales)


def _linear(mode: str) -> Callable[..., Any]:
    def resized(x: Any, size: Any, align_corners: bool, factors: Any = None) -> Any:
        return _resized(x, size, factors, Resizing(mode, "align_corners" if align_corners else "half_pixel"))

    return resized


@aten(*[f"upsample_nearest{n}d.vec" for n in (1, 2, 3)])
def nearest(x: Any, size: Any, factors: Any = None) -> Any:
    """Each entry of the result as the one of the source at or before its place."""
    return _resized(x, size, factors, Resizing("nearest", "asymmetric", "floor"))


for _name, _kind in (
    ("linear1d", "linear"),
    ("bilinear2d", "linear"),
    ("trilinear3d", "linear"),
    ("bicubic2d", "cubic"),
):
    ATEN[f"upsample_{_name}.vec"] = _linear(_kind)


@aten("grid_sampler_2d.default", "grid_sampler.default")
def grid_sample(x: Any, grid: Any, mode: int, padding: int, align_corners: bool) -> Any:
    """``aten.grid_sampler_2d.default``, ``aten.grid_sampler.default``."""
    words = ("linear", "nearest", "cubic")[mode], ("zeros", "border", "reflection")[padding]
    return operations.sampled(x, grid, *words, align_corners)


def _unpool(axes: int) -> Callable[..., Any]:
    """Entries at their places in larger images, zeros elsewhere."""

    def unpooled(x: Any, indices: Any, size: Sequence[int], *rest: Any) -> Any:
        batch, channels = np.shape(x)[:2]
        lengths = tuple(int(n) for n in size)[-axes:]
        flat, where = (np.reshape(a, (batch, channels, -1)) for a in (x, indices))
        index = np.arange(batch)[:, None, None], np.arange(channels)[None, :, None], where
        placed = scatter(flat, index, (batch, channels, math.prod(lengths)))
        return np.reshape(placed, (batch, channels, *lengths))

    return _batched(unpooled, axes)


ATEN["max_unpool2d.default"], ATEN["max_unpool3d.default"] = _unpool(2), _unpool(3)
