"""Known numbers as they are when they are read: no later change reaches a graph.

An array that a trace reads is copied there and then, unless nobody can change it; the copy cannot be changed either.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.graph import TraceError
from backpath.ops.tracing.trees import NUMBERS
from backpath.ops.tracing.variable import Variable


def read(x: Any) -> Any:
    """An argument as it is now: arrays frozen; traced values and exact numbers, which never change, as they are."""
    if isinstance(x, Variable):
        return x.settled()
    exact = getattr(getattr(x, "dtype", None), "kind", "") == "O" and type(x) is not np.ndarray
    return x if exact else frozen(x)


def frozen(x: Any) -> Any:
    """``x`` as an array that never changes: itself if it is one, else a copy; a NumPy scalar stays as it is.

    Raises:
        TraceError: if ``x`` is no array of real numbers, or of a class whose arithmetic is not that of arrays.
    """
    if isinstance(x, np.generic) and x.dtype.kind in NUMBERS:
        return x
    if isinstance(x, (np.matrix, np.ma.MaskedArray)):
        raise TraceError(
            f"{type(x).__name__} has an arithmetic of its own, which a traced value does not follow: pass an array, "
            f"np.asarray(x), and write @ for products, and np.where(mask, a, b) for masks"
        )
    array = np.asarray(x)
    if array.dtype.kind not in NUMBERS:
        raise TraceError(
            f"an operand is neither a number nor an array of numbers, but {_described(x)}, and cannot be traced: "
            f"pass numbers (several traced values as one array are np.stack([a, b]))"
        )
    if not changeable(array):
        return array
    copy = array.copy(order="K")
    copy.flags.writeable = False
    return copy


def frozen_parameter(value: Any) -> Any:
    """A primitive's parameter that never changes: arrays frozen, and those in tuples, such as an index."""
    if isinstance(value, np.ndarray):
        return frozen(value) if value.dtype.kind in NUMBERS else value
    if type(value) is tuple and any(isinstance(part, np.ndarray) for part in value):
        return tuple([frozen_parameter(part) for part in value])
    return value


def unchanged(x: Any, read: Any) -> bool:
    """Whether ``x`` still is, bit by bit, the array ``read`` that :func:`frozen` made of it."""
    x = np.asarray(x)
    if x is read:
        return True
    if (x.shape, x.dtype) != (read.shape, read.dtype):
        return False
    if x.flags.c_contiguous and read.flags.c_contiguous and x.size:
        return memoryview(x).cast("B") == memoryview(read).cast("B")
    return x.tobytes() == read.tobytes()


class _Held:
    """An array behind its interface, at which NumPy's views of views end: they are views of what was made of it."""

    __slots__ = ("__array_interface__", "array")

    def __init__(self, array: np.ndarray):
        self.array = array
        interface = array.__array_interface__
        self.__array_interface__ = {**interface, "data": (interface["data"][0], True)}


def locked(x: Any) -> Any:
    """An array as one that cannot be written into, nor its views, so that it need not be copied; others as they are."""
    if type(x) is not np.ndarray or x.dtype.kind not in NUMBERS or not x.size or not x.flags.writeable:
        return x
    return np.asarray(_Held(x))


def changeable(x: Any) -> bool:
    """Whether somebody can write into ``x``: through it, or through an array that it is a view of."""
    while isinstance(x, np.ndarray):
        if x.flags.writeable:
            return True
        x = x.base
    return False


def _described(x: Any) -> str:
    if x is None or isinstance(x, (str, bytes)):
        return repr(x)[:40]
    return f"an array of {x.dtype}" if isinstance(x, np.ndarray) else f"a {type(x).__name__}"
