"""Which traceable function answers for which function of NumPy (and SciPy): tables that the rules fill.

Ufuncs stand by name, so that SciPy's need not be imported to be recognised.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

UFUNCS: dict[str, Callable[..., Any]] = {}
REDUCTIONS: dict[str, Callable[..., Any]] = {}
METHODS: dict[str, Callable[..., Any]] = {}
FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {}


def implements(*functions: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: the decorated function is what NumPy's ``functions`` do to a traced value."""

    def register(implementation: Callable[..., Any]) -> Callable[..., Any]:
        for function in functions:
            FUNCTIONS[function] = implementation
        return implementation

    return register
