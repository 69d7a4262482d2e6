"""What SymPy and mpmath know of the functions of ops: one table of rules a library, by the name of the NumPy function.

Neither is imported before an exact number is made.
"""

from __future__ import annotations

import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from backpath.ops.activations import SELU_ALPHA, SELU_SCALE
from backpath.ops.transcendental import LN2, LOG2_E, LOG10_E

Rules = Mapping[str, Callable[..., Any]]

KNOWN: Mapping[float, Callable[[Any], Any]] = {
    math.pi: lambda m: +m.pi,
    math.e: lambda m: m.exp(1),
    LN2: lambda m: m.log(2),
    math.log(10.0): lambda m: m.log(10),
    LOG2_E: lambda m: 1 / m.log(2),
    LOG10_E: lambda m: 1 / m.log(10),
    2.0 / math.sqrt(math.pi): lambda m: 2 / m.sqrt(m.pi),
    1.0 / math.sqrt(2.0 * math.pi): lambda m: 1 / m.sqrt(2 * m.pi),
}
"""The floats that constants and derivative rules write for irrational numbers."""

LOGICAL = frozenset({"logical_and", "logical_or", "logical_not", "bitwise_and", "bitwise_or", "invert"})

_ARITHMETIC: Rules = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "negative": operator.neg,
    "positive": operator.pos,
    "power": operator.pow,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "less": operator.lt,
    "less_equal": operator.le,
}
_SAME_NAME = "exp sqrt log sin cos tan sinh cosh tanh erf floor sign"
_OTHER_NAME = {
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "arctan2": "atan2",
}


class Library(ABC):
    """Numbers of one kind, and the functions of them.

    Attributes:
        module: where the functions are.
        rules: by the name of NumPy's function, what it does to this library's values.
    """

    name: str
    module: Any
    rules: Rules

    @abstractmethod
    def convert(self, value: Any) -> Any:
        """The library's value of a number of any kind; of a truth value 1 or 0."""

    @abstractmethod
    def choose(self, condition: Any, a: Any, b: Any) -> Any:
        """``a`` where the condition holds, else ``b``."""

    def constant(self, value: Any) -> Any:
        """As ``convert``, but a float that stands for pi, e, log(2) and the like becomes that number."""
        if type(value) in (float, np.float64):
            if value in KNOWN:
                return KNOWN[value](self.module)
            if value == SELU_SCALE * SELU_ALPHA:
                return self.convert(SELU_SCALE) * self.convert(SELU_ALPHA)
        return self.convert(value)

    def rule(self, name: str) -> Callable[..., Any]:
        """The rule of NumPy's function ``name``.

        Raises:
            TypeError: if there is none.
        """
        if name not in self.rules:
            raise TypeError(f"np.{name} of exact numbers is not defined; functions that are: {', '.join(self.rules)}")
        return self.rules[name]


class Mpmath(Library):
    """Floating-point numbers of any number of digits, with a precision of their own: mpmath's is not touched.

    A float becomes exactly the number it is. Outside the domain of a real function the answer is complex.
    """

    name = "mpmath"

    def __init__(self, digits: int):
        self.module = m = imported("mpmath").MPContext()
        m.dps = digits
        self.rules = {
            **_shared(m),
            "exp2": lambda x: m.power(2, x),
            "expm1": m.expm1,
            "log1p": m.log1p,
            "log2": lambda x: m.log(x, 2),
            "log10": m.log10,
            "cbrt": lambda x: m.cbrt(x) if x >= 0 else -m.cbrt(-x),
            "logaddexp": lambda a, b: max(a, b) + m.log1p(m.exp(-abs(a - b))),
            "hypot": m.hypot,
            "maximum": max,
            "minimum": min,
            "ceil": m.ceil,
            "trunc": lambda x: m.floor(x) if x >= 0 else m.ceil(x),
            "rint": m.nint,
            "ndtr": m.ncdf,
            "equal": operator.eq,
            "not_equal": operator.ne,
            "logical_and": lambda a, b: a and b,
            "logical_or": lambda a, b: a or b,
            "logical_not": operator.not_,
            "isnan": m.isnan,
            "isinf": m.isinf,
            "isfinite": m.isfinite,
        }
        self.rules = _with_aliases(self.rules)

    def convert(self, value: Any) -> Any:
        if isinstance(value, Fraction):
            return self.module.mpf(value.numerator) / value.denominator
        if isinstance(value, np.generic):
            value = value.item()
        return self.module.convert(int(value) if isinstance(value, bool) else value)

    def choose(self, condition: Any, a: Any, b: Any) -> Any:
        return a if condition else b


class Sympy(Library):
    """Expressions.

    Integers stay integers. A float becomes the simplest rational number of which it is the float: a fraction with a
    denominator up to 1000, or a decimal of up to 15 digits; failing these, exactly the number it is.
    """

    name = "sympy"

    def __init__(self) -> None:
        self.module = m = imported("sympy")
        self.rules = {
            **_shared(m),
            "exp2": lambda x: 2**x,
            "expm1": lambda x: m.exp(x) - 1,
            "log1p": lambda x: m.log(1 + x),
            "log2": lambda x: m.log(x) / m.log(2),
            "log10": lambda x: m.log(x) / m.log(10),
            "cbrt": lambda x: self.choose(x >= 0, m.cbrt(x), -m.cbrt(-x)),
            "logaddexp": lambda a, b: m.log(m.exp(a) + m.exp(b)),
            "hypot": lambda a, b: m.sqrt(a * a + b * b),
            "maximum": m.Max,
            "minimum": m.Min,
            "ceil": m.ceiling,
            "trunc": lambda x: self.choose(x >= 0, m.floor(x), m.ceiling(x)),
            "rint": lambda x: m.ceiling((2 * x - 1) / 4) + m.floor((2 * x + 1) / 4),
            "ndtr": lambda x: (1 + m.erf(x / m.sqrt(2))) / 2,
            "equal": m.Eq,
            "not_equal": m.Ne,
            "logical_and": m.And,
            "logical_or": m.Or,
            "logical_not": m.Not,
            "isnan": lambda x: x is m.nan,
            "isinf": lambda x: x.is_infinite is True,
            "isfinite": lambda x: x is not m.nan and x.is_infinite is not True,
        }
        self.rules = _with_aliases(self.rules)

    def convert(self, value: Any) -> Any:
        m = self.module
        if isinstance(value, m.logic.boolalg.Boolean) and not isinstance(value, m.Symbol):
            return self.choose(value, m.Integer(1), m.Integer(0))
        if isinstance(value, (np.generic, bool)):
            value = int(value) if isinstance(value, (bool, np.bool)) else value.item()
        if isinstance(value, float) and math.isfinite(value):
            value = simplest(value)
        return m.Rational(value) if isinstance(value, (Fraction, str)) else m.sympify(value)

    def choose(self, condition: Any, a: Any, b: Any) -> Any:
        return self.module.Piecewise((a, condition), (b, True))


def _shared(m: Any) -> dict[str, Callable[..., Any]]:
    """The rules that both libraries write alike."""
    return {
        **_ARITHMETIC,
        **{name: getattr(m, name) for name in _SAME_NAME.split()},
        **{name: getattr(m, other) for name, other in _OTHER_NAME.items()},
        "absolute": abs,
        "floor_divide": lambda a, b: m.floor(a / b),
        "remainder": lambda a, b: a - b * m.floor(a / b),
        "logaddexp2": lambda a, b: m.log(2**a + 2**b) / m.log(2),
        "signbit": lambda x: x < 0,
        "expit": lambda x: 1 / (1 + m.exp(-x)),
        "log_expit": lambda x: -m.log(1 + m.exp(-x)),
    }


def _with_aliases(rules: Rules) -> Rules:
    """The rules, also under NumPy's second names for them."""
    aliases = {"fabs": "absolute", "invert": "logical_not", "bitwise_and": "logical_and", "bitwise_or": "logical_or"}
    return {**rules, **{alias: rules[name] for alias, name in aliases.items()}}


def simplest(value: float) -> Fraction:
    """A simple rational number whose float is ``value``: see :class:`Sympy`.

    >>> simplest(0.1), simplest(2 / 3), simplest(1e-20)
    (Fraction(1, 10), Fraction(2, 3), Fraction(1, 100000000000000000000))
    """
    near = Fraction(value).limit_denominator(1000)
    if float(near) == value:
        return near
    digits = repr(float(value)).split("e")[0].replace(".", "").strip("-0")
    return Fraction(repr(float(value))) if len(digits) <= 15 else Fraction(value)


@cache
def library(name: str, digits: int = 50) -> Library:
    """The library called ``name``; numbers of the same library and digits go together.

    Raises:
        ValueError: if there is no such library.
        ImportError: if it is not installed.
    """
    if name == "sympy":
        return Sympy()
    if name == "mpmath":
        return Mpmath(digits)
    raise ValueError(f"there is no library of exact numbers called {name!r}; expected 'sympy' or 'mpmath'")


def imported(name: str) -> Any:
    """The module of that name, or an error that says how to get it."""
    try:
        return import_module(name)
    except ImportError:
        message = f'exact numbers need {name}, which is not installed: pip install "backpath[symbolic]"'
        raise ImportError(message) from None
