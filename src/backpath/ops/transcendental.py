"""NumPy's exponentials, logarithms, trigonometric and hyperbolic functions as primitives, in one table."""

from __future__ import annotations

import math

import numpy as np

from backpath.ops.elementwise import of_numpy
from backpath.ops.slopes import (
    arccosh_slope,
    arcsin_slope,
    arcsinh_slope,
    arctan2_slope,
    arctan_slope,
    arctanh_slope,
    hypot_slope,
    logaddexp_slope,
    sigmoid_slope,
)

LN2, LOG2_E, LOG10_E = math.log(2.0), math.log2(math.e), math.log10(math.e)

# Exponentials and logarithms.
of_numpy("exp", lambda x, y: y, steep=True)
of_numpy("exp2", lambda x, y: LN2 * y, steep=True)
of_numpy("expm1", lambda x, y: np.exp(x), steep=True)
of_numpy("log", lambda x, y: 1.0 / x, steep=True)
of_numpy("log2", lambda x, y: LOG2_E / x, steep=True)
of_numpy("log10", lambda x, y: LOG10_E / x, steep=True)
of_numpy("log1p", lambda x, y: 1.0 / (1.0 + x), steep=True)
of_numpy("logaddexp", lambda a, b, y: logaddexp_slope(a, b), lambda a, b, y: logaddexp_slope(b, a), analytic=False)

# Trigonometric and hyperbolic functions and their inverses.
of_numpy("sin", lambda x, y: np.cos(x))
of_numpy("cos", lambda x, y: -np.sin(x))
of_numpy("tan", lambda x, y: 1.0 + y * y)
of_numpy("sinh", lambda x, y: np.cosh(x), steep=True)
of_numpy("cosh", lambda x, y: np.sinh(x), steep=True)
of_numpy("tanh", lambda x, y: 4.0 * sigmoid_slope(2.0 * x))
of_numpy("arcsin", lambda x, y: arcsin_slope(x), steep=True)
of_numpy("arccos", lambda x, y: -arcsin_slope(x), steep=True)
of_numpy("arctan", lambda x, y: arctan_slope(x))
of_numpy("arcsinh", lambda x, y: arcsinh_slope(x))
of_numpy("arccosh", lambda x, y: arccosh_slope(x), steep=True)
of_numpy("arctanh", lambda x, y: arctanh_slope(x), steep=True)
of_numpy(
    "arctan2", lambda a, b, y: arctan2_slope(a, b), lambda a, b, y: -arctan2_slope(b, a), analytic=False, steep=True
)
of_numpy("hypot", lambda a, b, y: hypot_slope(a, b), lambda a, b, y: hypot_slope(b, a), analytic=False, steep=True)
