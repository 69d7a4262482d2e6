"""What is told from many entries: sums, places of extremes, running sums, order."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from backpath.engines.xla.lowering.table import lowers

Axes = tuple[int, ...]


@lowers("sum")
def _sum(x: Any, axes: Axes, keepdims: bool) -> Any:
    # Narrow integers are summed in wide ones, as by NumPy.
    wide = jnp.promote_types(x.dtype, int) if x.dtype.kind in "bi" else x.dtype
    wide = jnp.promote_types(x.dtype, jnp.uint64) if x.dtype.kind == "u" else wide
    return jnp.sum(x, axis=axes, keepdims=keepdims, dtype=wide)


@lowers("argmax")
def _argmax(x: Any, axis: int | None) -> Any:
    return jnp.argmax(x, axis=axis)


@lowers("argmin")
def _argmin(x: Any, axis: int | None) -> Any:
    return jnp.argmin(x, axis=axis)


@lowers("cumsum")
def _cumsum(x: Any, axis: int, reverse: bool) -> Any:
    return jnp.flip(jnp.cumsum(jnp.flip(x, axis), axis), axis) if reverse else jnp.cumsum(x, axis)


@lowers("argsort")
def _argsort(x: Any, axis: int) -> Any:
    return jnp.argsort(x, axis=axis, stable=True)


@lowers("argpartition")
def _argpartition(x: Any, kth: Any, axis: int) -> Any:
    """All in order is one partition of many."""
    return jnp.argsort(x, axis=axis, stable=True)


@lowers("searchsorted")
def _searchsorted(a: Any, v: Any, side: str) -> Any:
    return jnp.searchsorted(a, v, side=side)
