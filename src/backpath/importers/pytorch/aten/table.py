"""Which traceable function stands for which operation of ATen, by its name and overload."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.ops import spec_of

ATEN: dict[str, Callable[..., Any]] = {}
"""By name, such as ``"add.Tensor"``; each takes what PyTorch's schema says, without layouts and devices."""

WHOLE = np.dtype(np.float32)
"""What PyTorch makes of whole numbers where an operation gives real ones."""


def aten(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: the function stands for these operations."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            ATEN[name] = function
        return function

    return register


def is_array(x: Any) -> bool:
    """Whether ``x`` is an array, known or traced; sizes and settings are Python's numbers."""
    return hasattr(x, "dtype") and hasattr(x, "shape")


def kind(x: Any) -> str:
    """``"f"``, ``"i"`` or ``"b"``, of arrays and of Python's numbers."""
    found = spec_of(x).dtype.kind
    return "i" if found == "u" else found


def real(x: Any) -> Any:
    """``x`` as real numbers: whole numbers and flags become float32."""
    if kind(x) == "f":
        return x
    return x.astype(WHOLE) if is_array(x) else float(x)


def matched(*operands: Any) -> list[Any]:
    """Operands of one type, as PyTorch promotes them.

    Real numbers win over whole ones and these over flags; among equals an array of no axes gives way to others.
    """
    kinds = "bif"
    top = max((kind(x) for x in operands), key=kinds.index)
    arrays = [x for x in operands if is_array(x)]
    highest = [x for x in arrays if kind(x) == top]
    ranked = [x for x in highest if np.ndim(x)] or highest
    if ranked:
        dtype = np.result_type(*[spec_of(x).dtype for x in ranked])
    else:
        dtype = WHOLE if top == "f" else np.dtype(np.int64)
    return [x.astype(dtype) if is_array(x) and spec_of(x).dtype != dtype else x for x in operands]
