"""Parts of networks other than dense layers, as traceable functions of arrays.

A model written with them is differentiated, checked and explained like any function.
Images are (batch, height, width, channels), sequences (length, features).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.ops import softmax, standardize


def residual(branch: Callable[[Any], Any], x: Any) -> Any:
    """x + branch(x): a skip beside a branch (He and others, 2016).

    Raises:
        ShapeError: if the branch changes the shape.
    """
    y = branch(x)
    if np.shape(y) != np.shape(x):
        raise ShapeError(f"residual: the branch makes {list(np.shape(y))} of {list(np.shape(x))}; both must be equal")
    return x + y


def convolution(x: Any, W: Any, b: Any | None = None, *, stride: int = 1, padding: int = 0) -> Any:
    """Two-dimensional convolution, without turning the kernel around, as networks have it.

    Windows are gathered into rows (im2col), which one matrix product takes to all outputs.

    Args:
        x: shape (batch, height, width, inputs).
        W: shape (kernel height, kernel width, inputs, outputs).
        b: shape (outputs,).
        stride: of the windows, both ways.
        padding: zeros around the image, on each side.

    Returns:
        Shape (batch, output height, output width, outputs).

    Raises:
        ShapeError: if the shapes do not fit.
    """
    if np.ndim(x) != 4 or np.ndim(W) != 4 or np.shape(x)[3] != np.shape(W)[2]:
        raise ShapeError(
            f"convolution: x has shape {list(np.shape(x))} and W {list(np.shape(W))}; they must be (batch, height, "
            f"width, inputs) and (kernel height, kernel width, inputs, outputs)"
        )
    rows, columns, inputs, outputs = np.shape(W)
    windows = _windows(x, rows, columns, stride, padding)
    batch, height, width = np.shape(windows)[:3]
    flat = np.reshape(windows, (batch * height * width, rows * columns * inputs))
    y = np.reshape(flat @ np.reshape(W, (rows * columns * inputs, outputs)), (batch, height, width, outputs))
    return y if b is None else y + b


def max_pool(x: Any, size: int, stride: int | None = None) -> Any:
    """The largest entry of each window of ``size`` by ``size``, channel by channel; ties share the derivative.

    Args:
        x: shape (batch, height, width, channels).
        size: of the windows.
        stride: between them; by default ``size``.
    """
    return np.max(_windows(x, size, size, stride or size, 0), axis=(3, 4))


def mean_pool(x: Any, size: int, stride: int | None = None) -> Any:
    """The mean of each window of ``size`` by ``size``, channel by channel; see :func:`max_pool`."""
    return np.mean(_windows(x, size, size, stride or size, 0), axis=(3, 4))


def layer_norm(x: Any, gain: Any = 1.0, bias: Any = 0.0, epsilon: float = 1e-5) -> Any:
    """The last axis with mean 0 and variance 1, then times ``gain`` plus ``bias`` (Ba and others, 2016)."""
    return standardize(x, -1, epsilon) * gain + bias


def attention(x: Any, W_query: Any, W_key: Any, W_value: Any) -> Any:
    """Single-head self-attention: softmax(Q K^T / sqrt(d)) V (Vaswani and others, 2017).

    Args:
        x: shape (length, features).
        W_query: shape (features, d).
        W_key: shape (features, d).
        W_value: shape (features, outputs).

    Returns:
        Shape (length, outputs).
    """
    queries, keys = x @ W_query, x @ W_key
    scores = queries @ np.transpose(keys) / math.sqrt(np.shape(W_query)[1])
    return softmax(scores, axis=-1) @ (x @ W_value)


def _windows(x: Any, rows: int, columns: int, stride: int, padding: int) -> Any:
    """Every window of an image: shape (batch, output height, output width, rows, columns, channels)."""
    if padding:
        x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    height, width = np.shape(x)[1:3]
    if height < rows or width < columns or stride < 1:
        raise ShapeError(
            f"windows of {rows} by {columns} with stride {stride} do not fit an image of {height} by {width}"
        )
    top = np.arange(0, height - rows + 1, stride)[:, None, None, None] + np.arange(rows)[:, None]
    left = np.arange(0, width - columns + 1, stride)[:, None, None] + np.arange(columns)
    return x[:, top, left]
