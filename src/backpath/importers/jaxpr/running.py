"""Equations run on arrays or traced values, with the functions of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

# These fill the table.
from backpath.importers.jaxpr import pointwise, products, reductions, shapes
from backpath.importers.jaxpr.equations import Equation, Equations, Value
from backpath.importers.jaxpr.table import LAX
from backpath.ops import Variable, scope, spec_of

__all__ = ["Run", "pointwise", "products", "reductions", "shapes", "unsupported"]


def unsupported(equations: Equations) -> dict[str, list[str]]:
    """Primitives that the table has not, each with where it occurs."""
    found: dict[str, list[str]] = {}
    for equation in equations.every():
        if equation.op == "while":
            found.setdefault("while, a loop whose number of turns depends on values", []).append(equation.where)
        elif equation.op not in LAX and equation.op not in ("scan", "cond"):
            found.setdefault(equation.op, []).append(equation.where)
    return found


class Run:
    """One run of equations.

    Args:
        own: the type in which the function holds real numbers.
        precision: the type that stands for it in this run.
        seen: told of each value of an equation outside of loops: the equation, and what it made.
    """

    def __init__(
        self, own: np.dtype, precision: np.dtype, seen: Callable[[Equation, Sequence[Any]], None] | None = None
    ):
        self.own, self.precision, self.seen = own, precision, seen

    def __call__(self, f: Equations, arguments: Sequence[Any]) -> list[Any]:
        """What the function gives for these arguments."""
        return self._function(f, arguments, self.seen)

    def _function(self, f: Equations, arguments: Sequence[Any], seen: Any = None) -> list[Any]:
        known: dict[int, Any] = {number: self._typed(value) for number, value in f.constants.items()}
        known.update(zip(f.arguments, arguments, strict=True))
        for equation in f.equations:
            operands = [self._value(x, known) for x in equation.operands]
            with scope(equation.module):
                made = self._made(equation, operands)
            if seen is not None:
                seen(equation, made)
            known.update(zip(equation.results, made, strict=True))
        return [self._value(x, known) for x in f.results]

    def _made(self, equation: Equation, operands: list[Any]) -> Sequence[Any]:
        if equation.op == "scan":
            return self._loop(equation, operands)
        if equation.op == "cond":
            return self._branch(equation, operands)
        settings = {key: self._setting(x) for key, x in equation.settings.items()}
        made = LAX[equation.op](*operands, **settings)
        return made if isinstance(made, (tuple, list)) else (made,)

    def _loop(self, equation: Equation, operands: list[Any]) -> list[Any]:
        """A loop of a fixed length, turn by turn."""
        s, body = equation.settings, equation.bodies[0]
        fixed, carried = s["num_consts"], s["num_consts"] + s["num_carry"]
        constants, carry, rows = operands[:fixed], operands[fixed:carried], operands[carried:]
        made: list[list[Any]] = []
        turns = range(s["length"])
        for k in reversed(turns) if s["reverse"] else turns:
            found = self._function(body, [*constants, *carry, *[x[k] for x in rows]])
            carry = found[: s["num_carry"]]
            made.append(found[s["num_carry"] :])
        made = made[::-1] if s["reverse"] else made
        return [*carry, *[np.stack(column) for column in zip(*made, strict=True)]]

    def _branch(self, equation: Equation, operands: list[Any]) -> list[Any]:
        """The branch that is chosen; where that depends on values, all of them, and one of their results."""
        which, *rest = operands
        last = len(equation.bodies) - 1
        if not isinstance(which, Variable):
            return self._function(equation.bodies[int(np.clip(which, 0, last))], rest)
        made = [self._function(body, rest) for body in equation.bodies]
        found = made[-1]
        for k in range(last - 1, -1, -1):
            found = [np.where(which <= k, one, other) for one, other in zip(made[k], found, strict=True)]
        return found

    def _value(self, x: Any, known: Mapping[int, Any]) -> Any:
        return known[x.number] if isinstance(x, Value) else self._typed(x)

    def _typed(self, x: Any) -> Any:
        if spec_of(x).dtype != self.own or self.own == self.precision:
            return x
        # Masks of scores are the least finite number, of either type.
        ends = np.finfo(self.precision)
        return np.clip(x, ends.min, ends.max).astype(self.precision)

    def _setting(self, x: Any) -> Any:
        """Types of numbers in those of this run; half precision of JAX's own is run in it too."""
        if isinstance(x, np.dtype) or (isinstance(x, type) and issubclass(x, np.generic)):
            dtype = np.dtype(x)
            return self.precision if dtype == self.own or dtype.kind == "V" else dtype
        return x
