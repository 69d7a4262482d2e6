"""Entries taken from positions and written to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.importers import operations as op
from backpath.importers.onnx_reading.rules import Call, NotKnownError, as_type, axis_in, dtype_of, rule
from backpath.ops import Variable


def _whole(positions: Any) -> Any:
    """Positions as whole numbers; a table's are looked up in real ones where a model's X is real."""
    return positions if dtype_of(positions).kind in "iu" else positions.astype(np.int64)


@rule("Gather")
def gather(c: Call) -> Any:
    """Entries along an axis."""
    if isinstance(c[0], np.ndarray) and isinstance(c[1], np.ndarray) and c[0].size:
        axis = axis_in(c.get("axis", 0), c[0].ndim)
        c.room((*c[1].shape, *c[0].shape[:axis], *c[0].shape[axis + 1 :]))
    return op.gather(c[0], _whole(c[1]), axis_in(c.get("axis", 0), np.ndim(c[0])))


@rule("GatherElements")
def gather_elements(c: Call) -> Any:
    """See ``operations.gather_along``."""
    return op.gather_along(c[0], _whole(c[1]), c.get("axis", 0))


@rule("GatherND")
def gather_nd(c: Call) -> Any:
    """See ``operations.gather_nd``."""
    return op.gather_nd(c[0], _whole(c[1]), c.get("batch_dims", 0))


def _reduction(c: Call) -> str:
    """What becomes of an entry that is written to; products and extremes are made at known places alone."""
    name = c.get("reduction", "none")
    if name not in ("none", "add") and isinstance(c[1], Variable):
        raise NotKnownError(c[1], "where it writes")
    return name


@rule("ScatterElements", "Scatter")
def scatter_elements(c: Call) -> Any:
    """See ``operations.scatter_along``."""
    return as_type(op.scatter_along(c[0], _whole(c[1]), c[2], c.get("axis", 0), _reduction(c)), dtype_of(c[0]))


@rule("ScatterND")
def scatter_nd(c: Call) -> Any:
    """See ``operations.scatter_nd``."""
    return as_type(op.scatter_nd(c[0], _whole(c[1]), c[2], _reduction(c)), dtype_of(c[0]))


@rule("TopK")
def top(c: Call) -> Any:
    """See ``operations.top``."""
    k = int(np.ravel(c.known(1, "k"))[0])
    values, where = op.top(c[0], k, c.get("axis", -1), bool(c.get("largest", 1)))
    return values, as_type(where, np.dtype(np.int64))


@rule("OneHot")
def one_hot(c: Call) -> Any:
    """See ``operations.one_hot``."""
    depth = int(np.ravel(c.known(1, "depth"))[0])
    c.room((*np.shape(c[0]), depth))
    values = c[2]
    return op.one_hot(c[0], depth, values[1], values[0], c.get("axis", -1))
