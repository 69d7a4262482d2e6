"""How the compiled engine's functions are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
"""Of fast mathematics only the contraction of a product and a sum is allowed: NaN and infinity stay what they are."""


def compiled(function: Callable[..., Any]) -> Any:
    """The function as part of each kernel that calls it: to pass so many words would take longer than the work."""
    return numba.njit(inline="always", **OPTIONS)(function)


def apart(function: Callable[..., Any]) -> Any:
    """The function beside the kernel that calls it from more than one place, compiled once."""
    return numba.njit(**OPTIONS)(function)
