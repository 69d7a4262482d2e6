"""Operands made ready: lists and numbers as arrays, and several axes as one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from backpath.ops.movement import reshape, transpose


def as_array(x: Any, dtype: Any = None) -> Any:
    """An array, traced or known, as it is; of anything else an array, of ``dtype`` if that is said."""
    return x if hasattr(x, "dtype") else np.asarray(x, dtype)


def axes_last(x: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """The axes that are meant as one last axis, and the shape of a reduction that keeps them as 1."""
    axes = tuple(range(np.ndim(x))) if axis is None else normalize_axis_tuple(axis, np.ndim(x))
    shape = np.shape(x)
    rest = tuple(k for k in range(np.ndim(x)) if k not in axes)
    count = int(np.prod([shape[k] for k in axes], dtype=int))
    rows = reshape(transpose(x, (*rest, *axes)), (*(shape[k] for k in rest), count))
    return rows, tuple(1 if k in axes else n for k, n in enumerate(shape))
