"""SciPy's functions of entries as primitives. SciPy is imported when one is first evaluated, not before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import TraceError
from backpath.ops.dispatch import UFUNCS
from backpath.ops.elementwise import FactorRule, elementwise, floating
from backpath.ops.primitive import Primitive
from backpath.ops.tracing.recording import apply
from backpath.ops.tracing.variable import Variable


def value_of(name: str) -> Callable[..., Any]:
    """SciPy's ufunc of that name, with results in the operands' own floating-point type."""

    def value(*operands: Any) -> Any:
        import scipy.special

        result = getattr(scipy.special, name)(*operands)
        known = [x.dtype for x in operands if hasattr(x, "dtype")]
        return np.asarray(result).astype(floating(*known) if known else float, copy=False)[()]

    return value


@dataclass(frozen=True, slots=True)
class Unknown:
    """In place of the rule of an operand by which no derivative is known: a traced value is refused there."""

    function: str
    argument: str

    def refuse(self, operand: Any) -> None:
        """Raise where the operand is traced."""
        if isinstance(operand, Variable):
            raise TraceError(
                f"{self.function} has no derivative by {self.argument} here, for there is none in special functions: "
                f"give {self.argument} as a known number, and differentiate by the other operands"
            )


def special(
    name: str,
    *z: FactorRule | Unknown | None,
    value: Callable[..., Any] | None = None,
    ufunc: str | None = None,
    **facts: Any,
) -> Primitive:
    """Define the primitive that answers for SciPy's ufunc ``name``, with one factor rule per operand.

    ``ufunc`` is what SciPy calls it, where that is another name.
    """
    unknown = [rule if isinstance(rule, Unknown) else None for rule in z]
    rules = [None if isinstance(rule, Unknown) else rule for rule in z]
    primitive = elementwise(name, value or value_of(name), *rules, **{"analytic": False, "steep": True, **facts})

    def function(*operands: Any) -> Any:
        for rule, operand in zip(unknown, operands, strict=False):
            if rule is not None:
                rule.refuse(operand)
        return apply(primitive, *operands)

    UFUNCS[ufunc or name] = function
    return primitive
