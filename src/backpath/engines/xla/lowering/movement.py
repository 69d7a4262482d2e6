"""Entries moved: shapes, slices, rows by number, joins, and their transposes."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
from jax import lax

from backpath.engines.xla.lowering.table import lowers

Shape = tuple[int, ...]


@lowers("reshape")
def _reshape(x: Any, shape: Shape) -> Any:
    return jnp.reshape(x, shape)


@lowers("transpose")
def _transpose(x: Any, axes: tuple[int, ...]) -> Any:
    return jnp.transpose(x, axes)


@lowers("broadcast_to")
def _broadcast_to(x: Any, shape: Shape) -> Any:
    return jnp.broadcast_to(x, shape)


@lowers("index")
def _index(x: Any, index: Any) -> Any:
    return x[index]


@lowers("scatter")
def _scatter(x: Any, index: Any, shape: Shape) -> Any:
    """Slices are put into their place by padding, which fuses; the rest is added up entry by entry."""
    places = index if isinstance(index, tuple) else (index,)
    if all(isinstance(part, slice) for part in places) and x.ndim == len(shape):
        parts = zip((*places, *(slice(None),) * len(shape)), shape, strict=False)
        widths = [width for part, n in parts if (width := _around(part, n))]
        if len(widths) == len(shape):
            return lax.pad(x, jnp.zeros((), x.dtype), widths)
    return jnp.zeros(shape, x.dtype).at[index].add(x)


def _around(part: slice, length: int) -> tuple[int, int, int] | None:
    """How many zeros come before, after and between entries that fill a slice; None where it goes backwards."""
    taken = range(length)[part]
    if not taken or taken.step < 0:
        return None
    return taken[0], length - 1 - taken[-1], taken.step - 1


@lowers("take")
def _take(x: Any, rows: Any) -> Any:
    # Rows that are not there are nan, as in the compiled engine.
    return x.at[rows].get(mode="fill")


@lowers("add_rows")
def _add_rows(x: Any, rows: Any, shape: Shape) -> Any:
    return jnp.zeros(shape, x.dtype).at[rows].add(x)


@lowers("pick")
def _pick(x: Any, positions: Any) -> Any:
    return jnp.reshape(x, -1)[positions]


@lowers("place")
def _place(x: Any, positions: Any, shape: Shape) -> Any:
    return jnp.zeros(math.prod(shape), x.dtype).at[positions].add(x).reshape(shape)


@lowers("counted")
def _counted(positions: Any, size: int) -> Any:
    return jnp.where(positions < 0, positions + size, positions)


@lowers("concatenate")
def _concatenate(*xs: Any, axis: int) -> Any:
    dtype = jnp.result_type(*xs)
    return jnp.concatenate([x.astype(dtype) for x in xs], axis)


@lowers("pad")
def _pad(x: Any, width: tuple[tuple[int, int], ...], value: float) -> Any:
    return jnp.pad(x, width, constant_values=value)
