"""Questions about shapes and types, which have answers while the graph is made, and arrays made after them."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.ops.dispatch import implements

implements(np.shape, constant=True)(lambda a: a.shape)
implements(np.ndim, constant=True)(lambda a: a.ndim)
implements(np.iscomplexobj, constant=True)(lambda x: False)
implements(np.isrealobj, constant=True)(lambda x: True)
implements(np.common_type, constant=True)(lambda *arrays: np.common_type(*map(_stand_in, arrays)))
implements(np.result_type, constant=True)(lambda *arrays_and_dtypes: np.result_type(*map(_type, arrays_and_dtypes)))
implements(np.min_scalar_type, constant=True)(lambda a: a.dtype)
implements(np.diag_indices_from, constant=True)(lambda arr: np.diag_indices_from(_stand_in(arr)))
implements(np.tril_indices_from, constant=True)(lambda arr, k=0: np.tril_indices_from(_stand_in(arr), k))
implements(np.triu_indices_from, constant=True)(lambda arr, k=0: np.triu_indices_from(_stand_in(arr), k))


@implements(np.can_cast, constant=True)
def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    """``np.can_cast``."""
    return np.can_cast(_type(from_), to, casting)


@implements(np.size, constant=True)
def size(a: Any, axis: Any = None) -> int:
    """``np.size``."""
    return np.size(_stand_in(a), axis)


@implements(np.einsum_path, constant=True)
def einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: Any = False) -> Any:
    """``np.einsum_path``, which asks for shapes alone."""
    return np.einsum_path(*map(_stand_in, operands), optimize=optimize, einsum_call=einsum_call)


def _stand_in(x: Any) -> Any:
    """An array of the same shape and type that takes no memory."""
    return np.broadcast_to(np.zeros((), x.dtype), x.shape) if hasattr(x, "shape") and not isinstance(x, type) else x


def _type(x: Any) -> Any:
    return x if isinstance(x, type) else getattr(x, "dtype", x)
