"""Normalizations of images with channels in front, and of trailing axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.ops import spec_of, standardize


def by_channel(v: Any, ndim: int) -> Any:
    """A number for each channel, shape (channels,), in the shape that meets images of so many axes."""
    return np.reshape(v, (-1, *(1,) * (ndim - 2))) if ndim > 1 else v


def batch_norm(x: Any, gain: Any, shift: Any, mean: Any, variance: Any, epsilon: float = 1e-5) -> Any:
    """(x - mean) / sqrt(variance + epsilon) * gain + shift with statistics that are given, one for each channel."""
    slope = 1.0 / np.sqrt(variance + epsilon)
    slope = slope if gain is None else gain * slope
    offset = -mean * slope if shift is None else shift - mean * slope
    return x * by_channel(slope, np.ndim(x)) + by_channel(offset, np.ndim(x))


def batch_statistics(x: Any) -> tuple[Any, Any]:
    """Mean and variance of each channel over the batch and all places."""
    axes = (0, *range(2, np.ndim(x)))
    return np.mean(x, axis=axes), np.var(x, axis=axes)


def batch_norm_of_batch(x: Any, gain: Any, shift: Any, epsilon: float = 1e-5) -> Any:
    """:func:`batch_norm` with the statistics of the batch itself, as in training."""
    last = np.moveaxis(x, 1, -1)
    flat = standardize(np.reshape(last, (-1, np.shape(last)[-1])), 0, epsilon)
    y = np.moveaxis(np.reshape(flat, np.shape(last)), -1, 1)
    y = y if gain is None else y * by_channel(gain, np.ndim(x))
    return y if shift is None else y + by_channel(shift, np.ndim(x))


def layer_norm(x: Any, axes: int = 1, gain: Any = None, shift: Any = None, epsilon: float = 1e-5) -> Any:
    """The last ``axes`` axes together with mean 0 and variance 1; times gain, plus shift."""
    shape = np.shape(x)
    y = standardize(np.reshape(x, (*shape[: len(shape) - axes], -1)), -1, epsilon)
    y = np.reshape(y, shape)
    y = y if gain is None else y * gain
    return y if shift is None else y + shift


def group_norm(x: Any, groups: int, gain: Any = None, shift: Any = None, epsilon: float = 1e-5) -> Any:
    """Parts of the channels, each with mean 0 and variance 1 over all its places; gain and shift by channel.

    With as many groups as channels it is instance normalization.
    """
    batch, channels = np.shape(x)[:2]
    if channels % groups:
        raise ShapeError(f"group_norm: {channels} channels do not divide into {groups} groups")
    y = np.reshape(standardize(np.reshape(x, (batch, groups, -1)), -1, epsilon), np.shape(x))
    y = y if gain is None else y * by_channel(gain, np.ndim(x))
    return y if shift is None else y + by_channel(shift, np.ndim(x))


def rms_norm(x: Any, axes: int = 1, gain: Any = None, epsilon: float = 1e-5) -> Any:
    """x / sqrt(mean of squares over the last ``axes`` axes + epsilon); times gain."""
    last = tuple(range(np.ndim(x) - axes, np.ndim(x)))
    y = x * (1.0 / np.sqrt(np.mean(np.square(x), axis=last, keepdims=True) + epsilon))
    return y if gain is None else y * gain


def local_response_norm(
    x: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0, before: int | None = None
) -> Any:
    """x / (bias + alpha / size * sum of squares over ``size`` channels around each) ** beta.

    Args:
        x: shape (batch, channels, *lengths).
        size: how many channels are summed.
        alpha: a weight.
        beta: a power.
        bias: added to the sum.
        before: how many of them stand in front; by default (size - 1) // 2.
    """
    before = (size - 1) // 2 if before is None else before
    channels = np.shape(x)[1]
    places = np.arange(channels)
    near = (places >= places[:, None] - before) & (places < places[:, None] - before + size)
    last = np.moveaxis(np.square(x), 1, -1)
    sums = np.moveaxis(last @ near.T.astype(spec_of(x).dtype), -1, 1)
    return x * (bias + (alpha / size) * sums) ** -beta


def mean_variance_norm(x: Any, axes: tuple[int, ...], epsilon: float = 1e-9) -> Any:
    """(x - mean) / (standard deviation + epsilon) over the axes."""
    deviations = x - np.mean(x, axis=axes, keepdims=True)
    return deviations / (np.sqrt(np.mean(np.square(deviations), axis=axes, keepdims=True)) + epsilon)


def power_normalize(x: Any, axis: int, p: float = 2.0) -> Any:
    """x over its p-norm along an axis; 0 where that is 0."""
    norm = np.sum(np.abs(x), axis=axis, keepdims=True) if p == 1 else power_norm(x, (axis,), p)
    is_zero = norm == 0
    return np.where(is_zero, 0.0, x / np.where(is_zero, 1.0, norm)).astype(spec_of(x).dtype)


def power_norm(x: Any, axes: tuple[int, ...], p: float = 2.0) -> Any:
    """The p-norm over the axes, which become 1."""
    if p == 2:
        return np.sqrt(np.sum(np.square(x), axis=axes, keepdims=True))
    return np.sum(np.abs(x) ** p, axis=axes, keepdims=True) ** (1.0 / p)
