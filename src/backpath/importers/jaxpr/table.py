"""Which traceable function stands for which primitive of JAX, by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

LAX: dict[str, Callable[..., Any]] = {}
"""By name, such as ``"dot_general"``; each takes the operands, and JAX's settings by keyword."""


def lax(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: the function stands for these primitives."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            LAX[name] = function
        return function

    return register
