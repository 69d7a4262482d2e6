"""Primitives of JAX that work entry by entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.importers.jaxpr.table import LAX, lax
from backpath.ops import PRIMITIVES, Variable, apply, erf, relu, sigmoid, spec_of
from backpath.ops.special import scipy_names as special


def _plain(function: Callable[..., Any], *names: str) -> None:
    for name in names:
        LAX[name] = lambda *operands, **settings: function(*operands)


def _whole(x: Any) -> bool:
    return spec_of(x).dtype.kind in "iu"


for _name, _function in {
    "add": np.add, "add_any": np.add, "sub": np.subtract, "mul": np.multiply, "neg": np.negative, "sign": np.sign,
    "floor": np.floor, "ceil": np.ceil, "exp": np.exp, "exp2": np.exp2, "log": np.log, "expm1": np.expm1,
    "log1p": np.log1p, "tanh": np.tanh, "logistic": sigmoid, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2, "sinh": np.sinh, "cosh": np.cosh,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "sqrt": np.sqrt, "cbrt": np.cbrt, "abs": np.abs,
    "rsqrt": lambda x: 1.0 / np.sqrt(x), "square": lambda x: x * x, "erf": erf, "erfc": special.erfc,
    "erf_inv": special.erfinv, "lgamma": special.gammaln, "digamma": special.digamma, "bessel_i0e": special.i0e,
    "bessel_i1e": special.i1e, "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal,
    "gt": np.greater, "ge": np.greater_equal, "is_finite": np.isfinite, "copy": lambda x: x, "copy_p": lambda x: x,
    "real": lambda x: x, "name": lambda x: x, "reduce_precision": lambda x: x, "pvary": lambda x: x,
    "sharding_constraint": lambda x: x,
}.items():  # fmt: skip
    _plain(_function, _name)


@lax("optimization_barrier", "device_put")
def barrier(*operands: Any, **settings: Any) -> Any:
    """``optimization_barrier``."""
    return operands


@lax("stop_gradient")
def stop_gradient(x: Any, **settings: Any) -> Any:
    """``stop_gradient``."""
    return apply(PRIMITIVES["discretize"], x, dtype=spec_of(x).dtype) if isinstance(x, Variable) else x


@lax("div")
def divide(x: Any, y: Any, **settings: Any) -> Any:
    """``div``."""
    return np.trunc(x / y).astype(spec_of(x).dtype) if _whole(x) else x / y


@lax("rem")
def remainder(x: Any, y: Any, **settings: Any) -> Any:
    """``rem``."""
    return np.fmod(x, y)


@lax("pow")
def power(x: Any, y: Any, **settings: Any) -> Any:
    """``pow``."""
    return np.power(x, y)


@lax("integer_pow")
def integer_power(x: Any, y: int, **settings: Any) -> Any:
    """``integer_pow``."""
    return x**y if y >= 0 else 1.0 / x**-y


@lax("round")
def rounded(x: Any, rounding_method: Any = None, **settings: Any) -> Any:
    """``round``."""
    if getattr(rounding_method, "name", "") == "AWAY_FROM_ZERO":
        return np.sign(x) * np.floor(np.abs(x) + 0.5)
    return np.rint(x)


@lax("max")
def maximum(x: Any, y: Any, **settings: Any) -> Any:
    """``max``."""
    # jax.nn.relu is a maximum whose derivative at 0 is 0.
    for one, other in ((x, y), (y, x)):
        if not isinstance(one, Variable) and np.ndim(one) == 0 and one == 0 and spec_of(other).dtype.kind == "f":
            return relu(other)
    return np.maximum(x, y)


@lax("min")
def minimum(x: Any, y: Any, **settings: Any) -> Any:
    """``min``."""
    return np.minimum(x, y)


@lax("clamp")
def clamp(least: Any, x: Any, most: Any, **settings: Any) -> Any:
    """``clamp``."""
    return np.clip(x, least, most)


def _bits(logical: Callable[..., Any], bitwise: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *operands, **settings: (logical if spec_of(operands[0]).dtype == bool else bitwise)(*operands)


LAX["and"] = _bits(np.logical_and, np.bitwise_and)
LAX["or"] = _bits(np.logical_or, np.bitwise_or)
LAX["xor"] = _bits(np.not_equal, np.bitwise_xor)
LAX["not"] = _bits(np.logical_not, np.invert)


@lax("select_n")
def select(which: Any, *cases: Any, **settings: Any) -> Any:
    """``select_n``."""
    if spec_of(which).dtype == bool:
        return np.where(which, cases[1], cases[0])
    found = cases[-1]
    for k in range(len(cases) - 2, -1, -1):
        found = np.where(which == k, cases[k], found)
    return found


@lax("convert_element_type")
def convert(x: Any, new_dtype: Any, **settings: Any) -> Any:
    """``convert_element_type``."""
    return (x != 0) if np.dtype(new_dtype).kind == "b" and spec_of(x).dtype != bool else x.astype(new_dtype)
