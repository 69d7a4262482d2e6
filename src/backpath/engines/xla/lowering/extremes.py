"""Largest and smallest entries, as functions of JAX with derivatives of their own.

JAX tells the winner by ``x == max(x)``. XLA may compute x twice, in two fusions that round differently; then nothing
equals the maximum, and the gradient is lost. Here entries are compared with one another, and those that tie share the
derivative equally, as in the primitives; where nothing equals a maximum over many, its first place has it all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial, reduce
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from backpath.engines.xla.lowering.table import LOWERINGS, lowers
from backpath.ops.windows import Windows

MOST_APART = 64
"""Entries of a window of which each is an array of its own; larger windows are reduced by one operation."""

MOST_IN_PAIRS = 16
"""Entries of a window that are compared each with each."""


def places(x: Any, rows: Windows, columns: Windows) -> Iterator[Any]:
    """The entries of all windows at each place, of an image that has its zeros."""
    for k in range(rows.size):
        for m in range(columns.size):
            yield x[:, rows.at(k), columns.at(m)]


def shares(entries: Sequence[Any], largest: Any, dtype: Any) -> list[Any]:
    """The part of the derivative of a maximum that each of these has."""
    if len(entries) > MOST_IN_PAIRS:
        wins = [one == largest for one in entries]
    else:
        others = [[other for m, other in enumerate(entries) if m != k] for k in range(len(entries))]
        wins = [
            reduce(jnp.logical_and, [one >= other for other in rest], jnp.ones(one.shape, bool))
            for one, rest in zip(entries, others, strict=True)
        ]
    count = jnp.maximum(reduce(jnp.add, [win.astype(dtype) for win in wins]), 1)
    return [win.astype(dtype) / count for win in wins]


@lowers("relu")
def _relu(x: Any) -> Any:
    return jax.nn.relu(x)


def _chosen(choose: Callable[[Any, Any], Any], wins: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """One of two entries, at a tie half of each."""

    @jax.custom_jvp
    def chosen(a: Any, b: Any) -> Any:
        return choose(a, b)

    @chosen.defjvp
    def slope(operands: Any, tangents: Any) -> Any:
        (a, b), (s, t) = operands, tangents
        y = chosen(a, b)
        first = jnp.where(wins(a, b), 1.0, jnp.where(wins(b, a), 0.0, 0.5)).astype(y.dtype)
        return y, first * s + (1 - first) * t

    def lowering(a: Any, b: Any) -> Any:
        dtype = jnp.result_type(a, b)
        return chosen(jnp.asarray(a, dtype), jnp.asarray(b, dtype)) if dtype.kind == "f" else choose(a, b)

    return lowering


LOWERINGS["maximum"] = _chosen(jnp.maximum, jnp.greater)
LOWERINGS["minimum"] = _chosen(jnp.minimum, jnp.less)


@partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def _largest(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return jnp.max(x, axis=axes, keepdims=keepdims)


@_largest.defjvp
def _largest_slope(axes: tuple[int, ...], keepdims: bool, operands: Any, tangents: Any) -> Any:
    (x,), (t,) = operands, tangents
    y = _largest(x, axes, keepdims)
    if not axes:
        return y, t
    wins = x == jnp.max(x, axis=axes, keepdims=True)
    share = wins.astype(x.dtype) / jnp.maximum(jnp.sum(wins, axis=axes, keepdims=True), 1).astype(x.dtype)
    lost = jnp.logical_not(jnp.any(wins, axis=axes, keepdims=True))
    share = jnp.where(lost, _first(x, axes), share)
    return y, jnp.sum(share * t, axis=axes, keepdims=keepdims)


def _first(x: Any, axes: tuple[int, ...]) -> Any:
    """1 at the first largest entry along some axes, 0 elsewhere."""
    apart = [k for k in range(x.ndim) if k not in axes]
    order = [*apart, *axes]
    lead, rest = [x.shape[k] for k in apart], [x.shape[k] for k in axes]
    flat = lax.reshape(jnp.transpose(x, order), (*lead, math.prod(rest)))
    one = jax.nn.one_hot(jnp.argmax(flat, axis=-1), flat.shape[-1], dtype=x.dtype)
    return jnp.transpose(one.reshape(*lead, *rest), [order.index(k) for k in range(x.ndim)])


@lowers("max")
def _max(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return _largest(x, tuple(axes), keepdims) if x.dtype.kind == "f" else jnp.max(x, axis=axes, keepdims=keepdims)


@partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def _pooled(x: Any, rows: Windows, columns: Windows) -> Any:
    return reduce(jnp.maximum, places(x, rows, columns))


@_pooled.defjvp
def _pooled_slope(rows: Windows, columns: Windows, operands: Any, tangents: Any) -> Any:
    (x,), (t,) = operands, tangents
    y = _pooled(x, rows, columns)
    parts = shares(list(places(x, rows, columns)), y, x.dtype)
    return y, reduce(jnp.add, [part * s for part, s in zip(parts, places(t, rows, columns), strict=True)])


@lowers("max_pool")
def _max_pool(x: Any, rows: Windows, columns: Windows) -> Any:
    if rows.size * columns.size <= MOST_APART:
        return _pooled(x, rows, columns) if x.dtype.kind == "f" else reduce(jnp.maximum, places(x, rows, columns))
    lowest = -jnp.inf if x.dtype.kind == "f" else jnp.iinfo(x.dtype).min
    ones = (1,) * (x.ndim - 3)
    pooled = lax.reduce_window(
        x,
        jnp.asarray(lowest, x.dtype),
        lax.max,
        (1, rows.size, columns.size, *ones),
        (1, rows.stride, columns.stride, *ones),
        "VALID",
        window_dilation=(1, rows.dilation, columns.dilation, *ones),
    )
    return pooled[:, : rows.count, : columns.count]
