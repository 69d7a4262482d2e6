"""Loops over arrays, compiled where there are many edges to go through."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

FEW = 2**13
"""Edges that Python goes through in less time than Numba takes to import."""


def compiled(function: Callable[..., Any], edges: int) -> Callable[..., Any]:
    """``function``, to be called on arrays of so many edges: as it stands for few of them, else compiled by Numba."""
    return _quiet(function) if edges <= FEW else _by_numba(function)


@cache
def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """Overflow and nan go through without a warning, as they do in compiled code."""
    return np.errstate(all="ignore")(function)


@cache
def _by_numba(function: Callable[..., Any]) -> Callable[..., Any]:
    import numba

    return numba.njit(cache=True, nogil=True)(function)
