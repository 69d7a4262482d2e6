"""Primitives of JAX that multiply and sum: products of all kinds, and convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.importers import operations
from backpath.importers.jaxpr.shapes import spread
from backpath.importers.jaxpr.table import lax

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@lax("dot_general")
def dot_general(x: Any, y: Any, dimension_numbers: Any, **settings: Any) -> Any:
    """Batch axes, then those of ``x`` that are left, then those of ``y``."""
    (summed_x, summed_y), (batch_x, batch_y) = dimension_numbers
    left = list(LETTERS[: np.ndim(x)])
    right = list(LETTERS[np.ndim(x) : np.ndim(x) + np.ndim(y)])
    for a, b in (*zip(summed_x, summed_y, strict=True), *zip(batch_x, batch_y, strict=True)):
        right[b] = left[a]
    batch = [left[a] for a in batch_x]
    free = [left[a] for a in range(np.ndim(x)) if a not in (*batch_x, *summed_x)]
    others = [right[b] for b in range(np.ndim(y)) if b not in (*batch_y, *summed_y)]
    if not batch and len(summed_x) == 1 and tuple(summed_x) == (np.ndim(x) - 1,) and tuple(summed_y) == (0,):
        # One product of two matrices is faster than many with the same right side.
        rows = np.reshape(x, (-1, np.shape(x)[-1])) if np.ndim(x) > 2 else x
        columns = np.reshape(y, (np.shape(y)[0], -1)) if np.ndim(y) > 2 else y
        return np.reshape(rows @ columns, (*np.shape(x)[:-1], *np.shape(y)[1:]))
    return np.einsum(f"{''.join(left)},{''.join(right)}->{''.join([*batch, *free, *others])}", x, y)


@lax("conv_general_dilated")
def convolution(
    x: Any, W: Any, window_strides: Any, padding: Any, lhs_dilation: Any, rhs_dilation: Any, dimension_numbers: Any,
    feature_group_count: int = 1, batch_group_count: int = 1, **settings: Any,
) -> Any:  # fmt: skip
    """By way of images and kernels with their channels in front."""
    if batch_group_count != 1:
        raise ShapeError("a convolution whose batch is in groups is not supported")
    x = np.transpose(x, tuple(dimension_numbers.lhs_spec))
    W = np.transpose(W, tuple(dimension_numbers.rhs_spec))
    if any(n != 1 for n in lhs_dilation):
        x = spread(x, 0, (1, 1, *lhs_dilation))
    pads = [tuple(p) for p in padding]
    if any(n < 0 for p in pads for n in p):
        x = operations.pad(x, [(0, 0), (0, 0), *[(min(a, 0), min(b, 0)) for a, b in pads]])
        pads = [(max(a, 0), max(b, 0)) for a, b in pads]
    settings = {"strides": window_strides, "pads": pads, "dilations": rhs_dilation, "groups": feature_group_count}
    y = operations.convolution(x, W, **settings) if pads else _without_lengths(x, W, feature_group_count)
    return np.transpose(y, tuple(np.argsort(dimension_numbers.out_spec)))


def _without_lengths(x: Any, W: Any, groups: int) -> Any:
    return operations.convolution(x[..., None], W[..., None], groups=groups)[..., 0]
