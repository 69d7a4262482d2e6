"""Which traceable function answers for which function of NumPy (and SciPy): tables that the rules fill.

Ufuncs stand by name, so that SciPy's need not be imported to be recognised. docs/numpy.md is made from these tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from inspect import signature
from typing import Any

import numpy as np

from backpath.graph import BackpathError, ShapeError, TraceError

UFUNCS: dict[str, Callable[..., Any]] = {}
REDUCTIONS: dict[str, Callable[..., Any]] = {}
ACCUMULATIONS: dict[str, Callable[..., Any]] = {}
METHODS: dict[str, Callable[..., Any]] = {}
FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {}

CONSTANT: set[Callable[..., Any]] = set()
"""Functions of ``FUNCTIONS`` whose values do not change with small changes of their operands."""

REFUSED: dict[str, str] = {}
"""By the name of a function or method of NumPy: why it cannot be traced, and what to write instead."""


def since(name: str) -> list[Callable[..., Any]]:
    """NumPy's function of that name, where this NumPy is new enough to have it."""
    return [getattr(np, name)] if hasattr(np, name) else []


def implements(*functions: Callable[..., Any], constant: bool = False) -> Callable[..., Callable[..., Any]]:
    """Decorator: the decorated function is what NumPy's ``functions`` do to a traced value.

    Args:
        functions: of NumPy or SciPy.
        constant: whether the value is piecewise constant, or made of shapes and types alone.
    """

    def register(implementation: Callable[..., Any]) -> Callable[..., Any]:
        for function in functions:
            FUNCTIONS[function] = implementation
            if constant:
                CONSTANT.add(function)
        return implementation

    return register


def call(name: str, implementation: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """What the implementation of ``name`` returns; what it cannot take is refused in words of ours.

    Raises:
        TraceError: if it does not know a keyword.
        ShapeError: if the arguments do not fit one another.
    """
    _refuse_foreign(name, (*args, *kwargs.values()))
    try:
        return implementation(*args, **kwargs)
    except BackpathError:
        raise
    except TypeError:
        _refuse_unknown(name, implementation, args, kwargs)
        raise
    except (ValueError, IndexError) as error:
        if not _raised_here(error):
            raise
        raise ShapeError(f"{name}: {error}") from None


FOREIGN: Mapping[str, str] = {
    "pandas": "its labels would be lost: write .to_numpy() of it",
    "polars": "write .to_numpy() of it",
    "numpy.matrix": "its * is a matrix product, an array's is not: write np.asarray of it",
    "numpy.ma": "its mask would be lost: write .filled(...) of it, or np.where(mask, a, b)",
}
"""Arrays with rules of their own, by the beginning of where their types come from."""


def _refuse_foreign(name: str, operands: tuple[Any, ...]) -> None:
    for x in operands:
        if isinstance(x, (list, tuple)):
            _refuse_foreign(name, tuple(x))
        elif why := _foreign(type(x)):
            raise TraceError(f"{name}: {why}")


@cache
def _foreign(kind: type) -> str:
    """Why arrays of that type are refused, or nothing."""
    named = f"{kind.__module__}.{kind.__qualname__}"
    reasons = [why for library, why in FOREIGN.items() if f"{named}.".startswith(f"{library}.")]
    return f"a {named} met a traced value; {reasons[0]}" if reasons else ""


def _refuse_unknown(name: str, implementation: Callable[..., Any], args: tuple[Any, ...], kwargs: Any) -> None:
    try:
        signature(implementation).bind(*args, **kwargs)
    except TypeError as error:
        known = ", ".join(signature(implementation).parameters)
        raise TraceError(f"{name} of a traced value: {error}; it takes {known}") from None


def _raised_here(error: Exception) -> bool:
    """Whether the files that the error passed through are ours and NumPy's, and none of the user's."""
    frame = error.__traceback__
    while frame is not None:
        module = frame.tb_frame.f_globals.get("__name__", "")
        if module.split(".")[0] not in ("backpath", "numpy"):
            return False
        frame = frame.tb_next
    return True
