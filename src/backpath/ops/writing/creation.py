"""How fresh arrays are made: copies, arrays like a traced one, and NumPy's creation with ``like=``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.ops.dispatch import METHODS, implements
from backpath.ops.tracing.variable import Variable, settled
from backpath.ops.writing.buffer import Buffer, buffer_of


@implements(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Buffer:
    """``np.copy``: the same entries, to be written into."""
    return buffer_of(a)


def _like(make: Callable[..., np.ndarray]) -> Callable[..., Buffer]:
    def made(a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device=None) -> Any:
        return buffer_of(make(a.shape if shape is None else shape, a.dtype if dtype is None else dtype))

    return made


@implements(np.full_like)
def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device=None
) -> Buffer:
    """``np.full_like``; the number it is filled with may be traced."""
    return full(a.shape if shape is None else shape, fill_value, a.dtype if dtype is None else dtype)


@implements(np.full)
def full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device=None) -> Buffer:
    """``np.full(..., like=x)``; the number it is filled with may be traced."""
    fill = settled(fill_value)
    fill = fill if isinstance(fill, Variable) else np.asarray(fill)
    made = buffer_of(np.zeros(shape, fill.dtype if dtype is None else dtype))
    made[...] = fill
    return made


@implements(np.array, np.asarray, np.asanyarray)
def array(object: Any, dtype: Any = None, **_: Any) -> Buffer:
    """``np.array([a, b], like=x)``: several values as one array."""
    value = _stacked(object)
    return buffer_of(value if dtype is None else value.astype(dtype))


def _stacked(parts: Any) -> Any:
    parts = settled(parts)
    if isinstance(parts, (list, tuple)) and parts:
        arrays = [_stacked(part) for part in parts]
        dtype = np.result_type(*[a.dtype for a in arrays])
        return np.stack([a.astype(dtype) for a in arrays])
    return parts if isinstance(parts, Variable) else np.asarray(parts)


def _plain(make: Callable[..., Any]) -> Callable[..., Buffer]:
    return lambda *args, **kwargs: buffer_of(make(*args, **kwargs))


# Entries that np.empty leaves undefined are zeros.
implements(np.zeros_like, np.empty_like, constant=True)(_like(np.zeros))
implements(np.ones_like, constant=True)(_like(np.ones))
implements(np.zeros, np.empty, constant=True)(_plain(np.zeros))
for _make in (np.ones, np.eye, np.identity, np.arange):
    implements(_make, constant=True)(_plain(_make))
METHODS["copy"] = copy
METHODS["settled"] = settled
