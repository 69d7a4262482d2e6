"""Loops over arrays, compiled once there is enough to go through."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

PAYS = 2**18
"""Edges that Python goes through in the time that Numba takes to import."""

_gone = 0
"""Edges gone through until now, by all loops."""


def compiled(function: Callable[..., Any], edges: int) -> Callable[..., Any]:
    """``function``, to be called on arrays of so many edges: as it stands, or by Numba once that has come to pay."""
    global _gone
    _gone += edges
    return _quiet(function) if _gone <= PAYS else _by_numba(function)


@cache
def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """Overflow and nan go through without a warning, as they do in compiled code."""
    return np.errstate(all="ignore")(function)


@cache
def _by_numba(function: Callable[..., Any]) -> Callable[..., Any]:
    import numba

    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # There is no folder that a cache could be kept in.
        return numba.njit(nogil=True)(function)
