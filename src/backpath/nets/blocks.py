"""Parts of networks other than dense layers, as traceable functions of arrays.

A model written with them is differentiated, checked and explained like any function.
Images are (batch, height, width, channels), sequences (..., length, features).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.nets.windows import Padding, Pair, over_image, pair
from backpath.ops import Windows, max_in_windows, softmax, spec_of, standardize, unroll

NEVER = -1e30
"""A score whose softmax is 0, and that is finite."""


def residual(branch: Callable[[Any], Any], x: Any) -> Any:
    """x + branch(x): a skip beside a branch (He and others, 2016).

    Raises:
        ShapeError: if the branch changes the shape.
    """
    y = branch(x)
    if np.shape(y) != np.shape(x):
        raise ShapeError(f"residual: the branch makes {list(np.shape(y))} of {list(np.shape(x))}; both must be equal")
    return x + y


def convolution(
    x: Any,
    W: Any,
    b: Any | None = None,
    *,
    stride: int | Pair = 1,
    padding: Padding = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Any:
    """Two-dimensional convolution, without turning the kernel around, as networks have it.

    Windows are laid out as rows, which one matrix product takes to all outputs.

    Args:
        x: shape (batch, height, width, inputs).
        W: shape (kernel height, kernel width, inputs / groups, outputs).
        b: shape (outputs,).
        stride: from window to window, both ways, or one for each way.
        padding: zeros around the image: ``"same"``, ``"valid"``, or how many on each side.
        dilation: from entry to entry of a window.
        groups: parts of the channels, in order, each of which sees its own part of the inputs alone.

    Returns:
        Shape (batch, output height, output width, outputs).

    Raises:
        ShapeError: if the shapes do not fit.
    """
    if np.ndim(x) != 4 or np.ndim(W) != 4 or np.shape(x)[3] != np.shape(W)[2] * groups or np.shape(W)[3] % groups:
        parted = f", of which {groups} groups" if groups > 1 else ""
        raise ShapeError(
            f"convolution: x has shape {list(np.shape(x))} and W {list(np.shape(W))}{parted}; they must be (batch, "
            f"height, width, inputs) and (kernel height, kernel width, inputs{' / groups' * (groups > 1)}, outputs)"
        )
    rows, columns, inputs, outputs = np.shape(W)
    batch, height, width, _ = np.shape(x)
    down, across = over_image(height, width, (rows, columns), pair(stride), pair(dilation), padding)
    seen = rows * columns * inputs
    if groups == 1:
        y = np.reshape(unroll(x, down, across), (-1, seen)) @ np.reshape(W, (seen, outputs))
    else:
        apart = np.reshape(x, (batch, height, width, groups, inputs))
        flat = np.reshape(unroll(apart, down, across), (-1, groups, seen))
        y = np.einsum("pgk,kgd->pgd", flat, np.reshape(W, (seen, groups, outputs // groups)))
    y = np.reshape(y, (batch, down.count, across.count, outputs))
    return y if b is None else y + b


def max_pool(x: Any, size: int | Pair, stride: int | Pair | None = None) -> Any:
    """The largest entry of each window, channel by channel; entries that tie share the derivative equally.

    Args:
        x: shape (batch, height, width, channels).
        size: of the windows.
        stride: between them; by default ``size``.
    """
    return max_in_windows(x, *_pools(x, size, stride))


def mean_pool(x: Any, size: int | Pair, stride: int | Pair | None = None) -> Any:
    """The mean of each window, channel by channel; see :func:`max_pool`."""
    down, across = _pools(x, size, stride)
    apart = (np.shape(x)[0], down.count, across.count, down.size * across.size, np.shape(x)[3])
    return np.mean(np.reshape(unroll(x, down, across), apart), axis=3)


def _pools(x: Any, size: int | Pair, stride: int | Pair | None) -> tuple[Windows, Windows]:
    if np.ndim(x) != 4:
        raise ShapeError(f"pooling: x has shape {list(np.shape(x))}; it must be (batch, height, width, channels)")
    height, width = np.shape(x)[1:3]
    return over_image(height, width, pair(size), pair(size if stride is None else stride))


def layer_norm(x: Any, gain: Any = 1.0, bias: Any = 0.0, epsilon: float = 1e-5) -> Any:
    """The last axis with mean 0 and variance 1, then times ``gain`` plus ``bias`` (Ba and others, 2016)."""
    return standardize(x, -1, epsilon) * gain + bias


def over_batch(x: Any, epsilon: float = 1e-5) -> Any:
    """Each entry of the last axis with mean 0 and variance 1 over all other axes (Ioffe and Szegedy, 2015)."""
    flat = np.reshape(x, (math.prod(np.shape(x)[:-1]), np.shape(x)[-1]))
    return np.reshape(standardize(flat, 0, epsilon), np.shape(x))


def statistics_of(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each entry of the last axis over all other axes, in double precision."""
    axes = tuple(range(x.ndim - 1))
    return x.mean(axes, dtype=float), x.var(axes, dtype=float)


def dropped(x: Any, rate: float, drawn: Any) -> Any:
    """Each entry 0 with a probability, the others larger in proportion (Srivastava and others, 2014).

    Args:
        x: any shape.
        rate: the probability, less than 1.
        drawn: numbers uniform in [0, 1), of the shape of x or one that goes with it.
    """
    kept = (drawn >= rate).astype(spec_of(x).dtype)
    return x * (kept * (1.0 / (1.0 - rate)))


def attention(
    x: Any,
    W_query: Any,
    W_key: Any,
    W_value: Any,
    biases: tuple[Any, Any] | None = None,
    *,
    heads: int = 1,
    causal: bool = False,
) -> Any:
    """Self-attention: softmax(Q K^T / sqrt(d)) V in each head, the heads beside each other (Vaswani and others, 2017).

    Args:
        x: shape (..., length, features).
        W_query: shape (features, heads * d).
        W_key: shape (features, heads * d).
        W_value: shape (features, outputs).
        biases: of queries and of values; those of keys would change nothing.
        heads: parts of the queries', keys' and outputs' columns, in order.
        causal: whether a place sees none of those after it.

    Returns:
        Shape (..., length, outputs).

    Raises:
        ShapeError: if the columns do not divide into heads.
    """
    if np.shape(W_query)[1] % heads or np.shape(W_value)[1] % heads:
        raise ShapeError(
            f"attention: {heads} heads do not divide {np.shape(W_query)[1]} queries and {np.shape(W_value)[1]} outputs"
        )
    queries, keys, values = x @ W_query, x @ W_key, x @ W_value
    if biases is not None:
        queries, values = queries + biases[0], values + biases[1]
    queries = queries * (1.0 / math.sqrt(np.shape(W_query)[1] // heads))
    queries, keys, values = (_parted(part, heads) for part in (queries, keys, values))
    scores = queries @ np.swapaxes(keys, -1, -2)
    if causal:
        length = np.shape(x)[-2]
        seen = np.arange(length)[:, None] >= np.arange(length)
        scores = np.where(seen, scores, np.asarray(NEVER, spec_of(scores).dtype))
    return _joined(softmax(scores, axis=-1) @ values, heads)


def _parted(x: Any, heads: int) -> Any:
    """(..., length, heads * d) as (..., heads, length, d)."""
    if heads == 1:
        return x
    *lead, length, width = np.shape(x)
    return np.swapaxes(np.reshape(x, (*lead, length, heads, width // heads)), -2, -3)


def _joined(x: Any, heads: int) -> Any:
    if heads == 1:
        return x
    x = np.swapaxes(x, -2, -3)
    *lead, _, width = np.shape(x)
    return np.reshape(x, (*lead, heads * width))
