"""The elementwise operations of the compiled engine, as functions of one entry; compiled when a program needs them.

Conditions are numbers of the engine's own type: 0 is false, and what a comparison gives is 0 or 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from backpath.engines.compiled.bells import exp_minus_half_square, exp_minus_square, ndtr
from backpath.engines.compiled.polynomials import erf, exp, exp2, expm1, log, log1p, sigmoid, sigmoid_slope, tanh
from backpath.engines.compiled.typed import typed

UNARY: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "astype": lambda x: x,
        "negative": lambda x: -x,
        "square": lambda x: x * x,
        "reciprocal": lambda x: typed(x, 1) / x,
        "sqrt": lambda x: math.sqrt(x),
        "abs": lambda x: abs(x),
        "sign": lambda x: typed(x, 1) if x > 0 else (typed(x, -1) if x < 0 else x),
        "relu": lambda x: typed(x, 0) if x <= 0 else x,
        "logical_not": lambda x: typed(x, 1) if x == 0 else typed(x, 0),
        "isnan": lambda x: typed(x, 1) if x != x else typed(x, 0),
        "isinf": lambda x: typed(x, 1) if abs(x) == math.inf else typed(x, 0),
        "isfinite": lambda x: typed(x, 1) if abs(x) < math.inf else typed(x, 0),
        "floor": lambda x: np.floor(x),
        "ceil": lambda x: np.ceil(x),
        "rint": lambda x: np.rint(x),
        "trunc": lambda x: np.trunc(x),
        "cbrt": lambda x: np.cbrt(x),
        "exp": lambda x: exp(x),
        "expm1": lambda x: expm1(x),
        "log": lambda x: log(x),
        "log1p": lambda x: log1p(x),
        "tanh": lambda x: tanh(x),
        "sigmoid": lambda x: sigmoid(x),
        "erf": lambda x: erf(x),
        "ndtr": lambda x: ndtr(x),
        "sigmoid_slope": lambda x: sigmoid_slope(x),
        "exp_minus_square": lambda x: exp_minus_square(x),
        "exp_minus_half_square": lambda x: exp_minus_half_square(x),
        "exp2": lambda x: exp2(x),
        "log2": lambda x: log(x) * typed(x, 1 / math.log(2)),
        "log10": lambda x: log(x) * typed(x, 1 / math.log(10)),
        "sin": lambda x: math.sin(x),
        "cos": lambda x: math.cos(x),
        "tan": lambda x: math.tan(x),
        "sinh": lambda x: math.sinh(x),
        "cosh": lambda x: math.cosh(x),
        "arcsin": lambda x: math.asin(x),
        "arccos": lambda x: math.acos(x),
        "arctan": lambda x: math.atan(x),
        "arcsinh": lambda x: math.asinh(x),
        "arccosh": lambda x: math.acosh(x),
        "arctanh": lambda x: math.atanh(x),
    }
)
"""By the primitive's name."""

BINARY: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        "add": lambda a, b: a + b,
        "subtract": lambda a, b: a - b,
        "multiply": lambda a, b: a * b,
        "divide": lambda a, b: a / b,
        "maximum": lambda a, b: a if a > b or a != a else b,
        "minimum": lambda a, b: a if a < b or a != a else b,
        "greater": lambda a, b: typed(a, 1) if a > b else typed(a, 0),
        "greater_equal": lambda a, b: typed(a, 1) if a >= b else typed(a, 0),
        "less": lambda a, b: typed(a, 1) if a < b else typed(a, 0),
        "less_equal": lambda a, b: typed(a, 1) if a <= b else typed(a, 0),
        "equal": lambda a, b: typed(a, 1) if a == b else typed(a, 0),
        "not_equal": lambda a, b: typed(a, 1) if a != b else typed(a, 0),
        "logical_and": lambda a, b: typed(a, 1) if a != 0 and b != 0 else typed(a, 0),
        "logical_or": lambda a, b: typed(a, 1) if a != 0 or b != 0 else typed(a, 0),
        "power": lambda a, b: a**b,
        "logaddexp": lambda a, b: np.logaddexp(a, b),
        "arctan2": lambda a, b: math.atan2(a, b),
        "hypot": lambda a, b: math.hypot(a, b),
    }
)
"""By the primitive's name."""

TERNARY: Mapping[str, Callable[[Any, Any, Any], Any]] = MappingProxyType(
    {
        "multiply_add": lambda a, b, c: a * b + c,
        "multiply_subtract": lambda a, b, c: a * b - c,
        "subtract_multiply": lambda a, b, c: c - a * b,
    }
)
"""Two primitives in one: a product, and a sum or difference with it."""

OTHERS = ("where", "integer_power")
"""Whose kernels are made by themselves."""
