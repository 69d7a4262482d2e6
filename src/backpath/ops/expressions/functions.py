"""The elementary functions that an expression may call, by their usual names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from backpath.ops import activations
from backpath.ops.dispatch import UFUNCS


@dataclass(frozen=True, slots=True)
class Function:
    """A function: what it records, and how many arguments it takes.

    Attributes:
        apply: makes the node.
        variables: how many operands; 0 stands for two or more.
        static: names of the numbers that may follow, which are part of the function.
    """

    apply: Callable[..., Any]
    variables: int = 1
    static: tuple[str, ...] = ()

    @property
    def least(self) -> int:
        """The fewest arguments."""
        return self.variables or 2

    @property
    def most(self) -> float:
        """The most arguments."""
        return self.variables + len(self.static) if self.variables else float("inf")

    @property
    def arguments(self) -> str:
        """The number of arguments in words."""
        if not self.variables:
            return "two or more arguments"
        count = "one argument" if self.variables == 1 else f"{self.variables} arguments"
        return count + "".join(f", and {name} if wanted" for name in self.static)


def _folded(name: str) -> Function:
    """A function of two operands, taken over any number of them from the left."""
    rule = UFUNCS[name]
    return Function(lambda *operands: reduce(rule, operands), 0)


_ONE = """
    exp exp2 expm1 log log2 log10 log1p sqrt cbrt square reciprocal negative abs=absolute fabs sign floor ceil trunc
    rint round=rint sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh arccosh arctanh asin=arcsin acos=arccos
    atan=arctan asinh=arcsinh acosh=arccosh atanh=arctanh ln=log erf ndtr expit
"""
_TWO = "arctan2 atan2=arctan2 power pow=power add subtract multiply divide"
_MANY = "maximum minimum max=maximum min=minimum hypot logaddexp"


def _pairs(words: str) -> list[tuple[str, str]]:
    """``name`` or ``name=its ufunc``, separated by spaces."""
    return [(word.split("=")[0], word.split("=")[-1]) for word in words.split()]


FUNCTIONS_BY_NAME: dict[str, Function] = {
    **{name: Function(UFUNCS[rule]) for name, rule in _pairs(_ONE)},
    **{name: Function(UFUNCS[rule], 2) for name, rule in _pairs(_TWO)},
    **{name: _folded(rule) for name, rule in _pairs(_MANY)},
    "clip": Function(np.clip, 3),
    "elu": Function(activations.elu, 1, ("alpha",)),
    "gelu": Function(activations.gelu),
    "leaky_relu": Function(activations.leaky_relu, 1, ("slope",)),
    "log_expit": Function(UFUNCS["log_expit"]),
    "relu": Function(activations.relu),
    "selu": Function(activations.selu),
    "sigmoid": Function(activations.sigmoid),
    "silu": Function(activations.silu),
    "mish": Function(activations.mish),
    "softplus": Function(activations.softplus),
    "swish": Function(activations.silu),
}
