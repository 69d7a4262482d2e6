"""Windows over images, where they are not part of a convolution: laid out, and put back."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

from backpath.engines.xla.lowering.extremes import places, shares
from backpath.engines.xla.lowering.table import lowers
from backpath.ops.windows import Windows


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
    return jnp.concatenate(list(places(jnp.pad(x, sides), rows, columns)), -1)


@lowers("fold")
def _fold(y: Any, rows: Windows, columns: Windows, shape: tuple[int, ...]) -> Any:
    room = shape[0], rows.room(shape[1]), columns.room(shape[2]), *shape[3:]
    channels, total = shape[-1], jnp.zeros(room, y.dtype)
    for k in range(rows.size):
        for m in range(columns.size):
            first = (k * columns.size + m) * channels
            total = total + _back(y[..., first : first + channels], rows, columns, k, m, room)
    return total[:, rows.before : rows.before + shape[1], columns.before : columns.before + shape[2]]


@lowers("max_unpool")
def _max_unpool(s: Any, x: Any, y: Any, rows: Windows, columns: Windows) -> Any:
    total = jnp.zeros(x.shape, s.dtype)
    for number, share in enumerate(shares(list(places(x, rows, columns)), y, s.dtype)):
        k, m = divmod(number, columns.size)
        total = total + _back(jnp.where(share > 0, share * s, 0), rows, columns, k, m, x.shape)
    return total
