"""Primitives of JAX along axes: sums, extremes, windows, order."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.importers import operations
from backpath.importers.jaxpr.table import LAX, lax
from backpath.ops import spec_of


@lax("reduce_sum")
def total(x: Any, axes: Any, **settings: Any) -> Any:
    """``reduce_sum``."""
    return np.sum(x, axis=tuple(axes)).astype(spec_of(x).dtype)


def _along(function: Any) -> Any:
    """What a primitive does that reduces along ``axes`` as a function of NumPy's does."""
    return lambda x, axes, **settings: function(x, axis=tuple(axes))


lax("reduce_max", "reduce_or")(_along(np.max))
lax("reduce_min", "reduce_and")(_along(np.min))
lax("reduce_prod")(_along(np.prod))


@lax("argmax")
def argmax(x: Any, axes: Any, index_dtype: Any, **settings: Any) -> Any:
    """``argmax``."""
    return np.argmax(x, axis=axes[0]).astype(index_dtype)


@lax("argmin")
def argmin(x: Any, axes: Any, index_dtype: Any, **settings: Any) -> Any:
    """``argmin``."""
    return np.argmin(x, axis=axes[0]).astype(index_dtype)


def _turned(x: Any, axis: int, reverse: bool) -> Any:
    return np.flip(x, axis) if reverse else x


@lax("cumsum")
def cumsum(x: Any, axis: int, reverse: bool = False, **settings: Any) -> Any:
    """``cumsum``."""
    return _turned(np.cumsum(_turned(x, axis, reverse), axis=axis), axis, reverse).astype(spec_of(x).dtype)


@lax("cumprod")
def cumprod(x: Any, axis: int, reverse: bool = False, **settings: Any) -> Any:
    """``cumprod``."""
    return _turned(np.cumprod(_turned(x, axis, reverse), axis=axis), axis, reverse)


@lax("cumlogsumexp")
def cumlogsumexp(x: Any, axis: int, reverse: bool = False, **settings: Any) -> Any:
    """``cumlogsumexp``."""
    top = np.max(x, axis=axis, keepdims=True)
    return top + np.log(cumsum(np.exp(x - top), axis, reverse))


@lax("sort")
def sort(*operands: Any, dimension: int, num_keys: int = 1, **settings: Any) -> Any:
    """``sort``."""
    order = np.argsort(operands[num_keys - 1], axis=dimension, kind="stable")
    # The last key first, since each order keeps what the ones before it made.
    for key in reversed(operands[: num_keys - 1]):
        again = np.argsort(np.take_along_axis(key, order, dimension), axis=dimension, kind="stable")
        order = np.take_along_axis(order, again, dimension)
    return tuple(np.take_along_axis(x, order, dimension) for x in operands)


@lax("top_k")
def top_k(x: Any, k: int, **settings: Any) -> Any:
    """``top_k``."""
    order = np.argsort(-x, axis=-1, kind="stable")[..., :k]
    return np.take_along_axis(x, order, -1), order.astype(np.int32)


# Windows.
def _pooled(x: Any, pool: Any, settings: Any) -> Any:
    """A pool over the axes that windows are longer than 1 along; the others stand in front."""
    sizes, strides, pads = (settings[k] for k in ("window_dimensions", "window_strides", "padding"))
    dilations, spread = settings.get("window_dilation") or (1,) * len(sizes), settings.get("base_dilation")
    if spread and any(n != 1 for n in spread):
        raise ShapeError("reduce_window with a base dilation is not supported")
    plain = [(1, 1, (0, 0), 1)] * len(sizes)
    each = list(zip(sizes, strides, map(tuple, pads), dilations, strict=True))
    along = [k for k in range(len(sizes)) if each[k] != plain[k]]
    if not along:
        return x
    others = [k for k in range(len(sizes)) if k not in along]
    # A batch and channels, where there are two, are the axes that images have anyway.
    images = np.transpose(x, (*others, *along))
    lead = np.shape(images)[: len(others)]
    split = 1 if len(others) == 2 else len(others)
    fronts = (int(np.prod(lead[:split])), int(np.prod(lead[split:])))
    images = np.reshape(images, (*fronts, *np.shape(images)[len(others) :]))
    lengths, steps, apart = ([part[k] for k in along] for part in (sizes, strides, dilations))
    found = pool(images, lengths, steps, [tuple(pads[k]) for k in along], apart)
    found = np.reshape(found, (*lead, *np.shape(found)[2:]))
    order = [*others, *along]
    return np.transpose(found, tuple(order.index(k) for k in range(len(order))))


@lax("reduce_window_max")
def window_max(x: Any, **settings: Any) -> Any:
    """``reduce_window_max``."""
    return _pooled(x, operations.max_pool, settings)


@lax("reduce_window_min")
def window_min(x: Any, **settings: Any) -> Any:
    """``reduce_window_min``."""
    return -_pooled(-x, operations.max_pool, settings)


@lax("reduce_window_sum")
def window_sum(x: Any, **settings: Any) -> Any:
    """``reduce_window_sum``."""

    def pool(images: Any, sizes: Any, strides: Any, pads: Any, dilations: Any) -> Any:
        return operations.mean_pool(images, sizes, strides, pads, dilations, divisor=1)

    return _pooled(x, pool, settings)


LAX["cummax"] = lambda x, axis, reverse=False, **settings: _running(x, axis, reverse, np.maximum)
LAX["cummin"] = lambda x, axis, reverse=False, **settings: _running(x, axis, reverse, np.minimum)


def _running(x: Any, axis: int, reverse: bool, best: Any) -> Any:
    """The best so far, one after another."""
    x = _turned(x, axis, reverse)
    lead = (slice(None),) * axis
    found = [x[(*lead, slice(0, 1))]]
    for k in range(1, np.shape(x)[axis]):
        found.append(best(found[-1], x[(*lead, slice(k, k + 1))]))
    return _turned(np.concatenate(found, axis=axis), axis, reverse)
