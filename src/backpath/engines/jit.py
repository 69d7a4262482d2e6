"""How the compiled engine's functions are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}}
"""Of fast mathematics only the contraction of a product and a sum is allowed: NaN and infinity stay what they are."""


def compiled(function: Callable[..., Any]) -> Any:
    """The function compiled on its first use, within the one that is kept on disk and calls it."""
    return numba.njit(nogil=True, **OPTIONS)(function)


def apart(function: Callable[..., Any], *words: Any) -> Callable[..., Any]:
    """The function under a name of its own, by which Numba keeps one compiled form of it on disk.

    Of several forms under one name, two processes that compile at the same time may write two into one file, and the
    next one would run one in place of the other.
    """
    function.__qualname__ = "_".join(map(str, words))
    return function
