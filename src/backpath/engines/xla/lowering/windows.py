"""Windows over images, where they are not part of a convolution: laid out, put back, and their largest entries."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any

import jax.numpy as jnp
from jax import lax

from backpath.engines.xla.lowering.table import lowers
from backpath.ops.windows import Windows

MOST_APART = 64
"""Entries of a window of which each is an array of its own; larger windows are reduced by one operation."""


def _places(x: Any, rows: Windows, columns: Windows) -> Iterator[Any]:
    """The entries of all windows at each place, of an image that has its zeros."""
    for k in range(rows.size):
        for m in range(columns.size):
            yield x[:, rows.at(k), columns.at(m)]


def _back(part: Any, rows: Windows, columns: Windows, k: int, m: int, room: tuple[int, ...]) -> Any:
    """Zeros of an image's shape with such entries in their places."""
    widths = [(0, 0, 0)] * len(room)
    for axis, (place, windows) in enumerate(((rows.at(k), rows), (columns.at(m), columns)), 1):
        last = place.start + windows.stride * (windows.count - 1)
        widths[axis] = place.start, room[axis] - 1 - last, windows.stride - 1
    return lax.pad(part, jnp.zeros((), part.dtype), widths)


@lowers("unroll")
def _unroll(x: Any, rows: Windows, columns: Windows) -> Any:
    sides = [(0, 0), (rows.before, rows.after), (columns.before, columns.after), *[(0, 0)] * (x.ndim - 3)]
    return jnp.concatenate(list(_places(jnp.pad(x, sides), rows, columns)), -1)


@lowers("fold")
def _fold(y: Any, rows: Windows, columns: Windows, shape: tuple[int, ...]) -> Any:
    room = shape[0], rows.room(shape[1]), columns.room(shape[2]), *shape[3:]
    channels, total = shape[-1], jnp.zeros(room, y.dtype)
    for k in range(rows.size):
        for m in range(columns.size):
            first = (k * columns.size + m) * channels
            total = total + _back(y[..., first : first + channels], rows, columns, k, m, room)
    return total[:, rows.before : rows.before + shape[1], columns.before : columns.before + shape[2]]


@lowers("max_pool")
def _max_pool(x: Any, rows: Windows, columns: Windows) -> Any:
    if rows.size * columns.size <= MOST_APART:
        return reduce(jnp.maximum, _places(x, rows, columns))
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


@lowers("max_unpool")
def _max_unpool(s: Any, x: Any, y: Any, rows: Windows, columns: Windows) -> Any:
    wins = [place == y for place in _places(x, rows, columns)]
    share = s / reduce(jnp.add, [win.astype(s.dtype) for win in wins])
    total = jnp.zeros(x.shape, share.dtype)
    for number, win in enumerate(wins):
        k, m = divmod(number, columns.size)
        total = total + _back(jnp.where(win, share, 0), rows, columns, k, m, x.shape)
    return total
