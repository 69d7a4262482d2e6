"""Operations of ATen that work entry by entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.importers import operations
from backpath.importers.pytorch.aten.table import ATEN, aten, is_array, kind, matched, real
from backpath.ops import erf, leaky_relu, mish, relu, selu, sigmoid, silu, spec_of


# Arithmetic.
@aten("add.Tensor", "add.Scalar")
def add(x: Any, y: Any, alpha: Any = 1) -> Any:
    """``aten.add.Tensor``, ``aten.add.Scalar``."""
    x, y = matched(x, y)
    return x + (y if alpha == 1 else y * alpha)


@aten("sub.Tensor", "sub.Scalar")
def subtract(x: Any, y: Any, alpha: Any = 1) -> Any:
    """``aten.sub.Tensor``, ``aten.sub.Scalar``."""
    x, y = matched(x, y)
    return x - (y if alpha == 1 else y * alpha)


@aten("rsub.Scalar", "rsub.Tensor")
def subtract_from(x: Any, y: Any, alpha: Any = 1) -> Any:
    """``aten.rsub.Scalar``, ``aten.rsub.Tensor``."""
    return subtract(y, x, alpha)


@aten("mul.Tensor", "mul.Scalar")
def multiply(x: Any, y: Any) -> Any:
    """``aten.mul.Tensor``, ``aten.mul.Scalar``."""
    x, y = matched(x, y)
    return np.logical_and(x, y) if kind(x) == "b" and kind(y) == "b" else x * y


@aten("div.Tensor", "div.Scalar", "true_divide.Tensor")
def divide(x: Any, y: Any) -> Any:
    """``aten.div.Tensor``, ``aten.div.Scalar``, ``aten.true_divide.Tensor``."""
    x, y = matched(real(x), real(y))
    return x / y


@aten("div.Tensor_mode", "div.Scalar_mode")
def divide_rounded(x: Any, y: Any, rounding_mode: str | None = None) -> Any:
    """``aten.div.Tensor_mode``, ``aten.div.Scalar_mode``."""
    if rounding_mode is None:
        return divide(x, y)
    x, y = matched(x, y)
    if rounding_mode == "floor":
        return np.floor_divide(x, y)
    return np.trunc(x / y).astype(spec_of(x if is_array(x) else y).dtype)


@aten("floor_divide.default")
def floor_divide(x: Any, y: Any) -> Any:
    """``aten.floor_divide.default``."""
    return divide_rounded(x, y, "floor")


@aten("remainder.Tensor", "remainder.Scalar")
def remainder(x: Any, y: Any) -> Any:
    """``aten.remainder.Tensor``, ``aten.remainder.Scalar``."""
    return np.mod(*matched(x, y))


@aten("fmod.Tensor", "fmod.Scalar")
def fmod(x: Any, y: Any) -> Any:
    """``aten.fmod.Tensor``, ``aten.fmod.Scalar``."""
    return np.fmod(*matched(x, y))


@aten("pow.Tensor_Scalar", "pow.Tensor_Tensor", "pow.Scalar")
def power(x: Any, y: Any) -> Any:
    """``aten.pow.Tensor_Scalar``, ``aten.pow.Tensor_Tensor``, ``aten.pow.Scalar``."""
    if isinstance(y, float) and y.is_integer() and abs(y) <= 16:
        y = int(y)
    if isinstance(y, int) and kind(x) != "f" and y < 0:
        x = real(x)
    if isinstance(y, (int, float)):
        if y == 0.5:
            return np.sqrt(real(x))
        return real(x) ** y if isinstance(y, float) else x**y
    x, y = matched(x, y)
    return np.power(x, y)


@aten("addcmul.default")
def add_product(x: Any, a: Any, b: Any, value: Any = 1) -> Any:
    """``aten.addcmul.default``."""
    return add(x, multiply(a, b), value)


@aten("addcdiv.default")
def add_quotient(x: Any, a: Any, b: Any, value: Any = 1) -> Any:
    """``aten.addcdiv.default``."""
    return add(x, divide(a, b), value)


@aten("lerp.Scalar", "lerp.Tensor")
def between(start: Any, end: Any, weight: Any) -> Any:
    """``aten.lerp.Scalar``, ``aten.lerp.Tensor``."""
    return start + weight * (end - start)


# One operand.
def _same(function: Callable[[Any], Any], *names: str) -> None:
    for name in names:
        ATEN[f"{name}.default"] = function


def _real(function: Callable[[Any], Any], *names: str) -> None:
    _same(lambda x: function(real(x)), *names)


_same(lambda x: x, "alias", "detach_copy", "lift_fresh_copy", "contiguous")
_same(np.negative, "neg")
_same(np.abs, "abs")
_same(np.sign, "sign", "sgn")
_same(lambda x: x * x, "square")
_same(lambda x: x if kind(x) != "f" else np.floor(x), "floor")
_same(lambda x: x if kind(x) != "f" else np.ceil(x), "ceil")
_same(lambda x: x if kind(x) != "f" else np.trunc(x), "trunc", "fix")
_same(np.isnan, "isnan")
_same(np.isinf, "isinf")
_same(np.isfinite, "isfinite")
_same(np.logical_not, "logical_not")
_same(lambda x: np.logical_not(x) if kind(x) == "b" else -x - 1, "bitwise_not")
_same(relu, "relu")
_real(np.exp, "exp")
_real(np.exp2, "exp2")
_real(np.expm1, "expm1")
_real(np.log, "log")
_real(np.log2, "log2")
_real(np.log10, "log10")
_real(np.log1p, "log1p")
_real(np.sqrt, "sqrt")
_real(lambda x: 1.0 / np.sqrt(x), "rsqrt")
_real(lambda x: 1.0 / x, "reciprocal")
_real(np.sin, "sin")
_real(np.cos, "cos")
_real(np.tan, "tan")
_real(np.sinh, "sinh")
_real(np.cosh, "cosh")
_real(np.tanh, "tanh")
_real(np.arcsin, "asin")
_real(np.arccos, "acos")
_real(np.arctan, "atan")
_real(np.arcsinh, "asinh")
_real(np.arccosh, "acosh")
_real(np.arctanh, "atanh")
_real(erf, "erf")
_real(lambda x: 1.0 - erf(x), "erfc")
_real(sigmoid, "sigmoid")
_real(silu, "silu")
_real(mish, "mish")
_real(selu, "selu")


@aten("round.default", "round.decimals")
def rounded(x: Any, decimals: int = 0) -> Any:
    """``aten.round.default``, ``aten.round.decimals``."""
    if kind(x) != "f":
        return x
    return np.rint(x) if decimals == 0 else np.rint(x * 10.0**decimals) * 10.0**-decimals


@aten("logit.default")
def logit(x: Any, eps: float | None = None) -> Any:
    """``aten.logit.default``."""
    x = real(x) if eps is None else np.clip(real(x), eps, 1.0 - eps)
    return np.log(x / (1.0 - x))


# Comparisons.
def _compares(name: str, ufunc: np.ufunc) -> None:
    ATEN[f"{name}.Tensor"] = ATEN[f"{name}.Scalar"] = lambda x, y: ufunc(*matched(x, y))


for _name, _ufunc in (
    ("eq", np.equal),
    ("ne", np.not_equal),
    ("lt", np.less),
    ("le", np.less_equal),
    ("gt", np.greater),
    ("ge", np.greater_equal),
):
    _compares(_name, _ufunc)


def _logical(name: str, ufunc: np.ufunc) -> None:
    ATEN[f"logical_{name}.default"] = ATEN[f"bitwise_{name}.Tensor"] = ATEN[f"__{name}__.Tensor"] = ufunc


_logical("and", np.logical_and)
_logical("or", np.logical_or)


@aten("logical_xor.default", "bitwise_xor.Tensor")
def differ(x: Any, y: Any) -> Any:
    """``aten.logical_xor.default``, ``aten.bitwise_xor.Tensor``."""
    return np.not_equal(x.astype(bool), y.astype(bool))


# Choices.
@aten("where.self", "where.ScalarOther", "where.ScalarSelf", "where.Scalar")
def where(condition: Any, x: Any, y: Any) -> Any:
    """``aten.where.self``, ``aten.where.ScalarOther``, ``aten.where.ScalarSelf``, ``aten.where.Scalar``."""
    x, y = matched(x, y)
    return np.where(condition, x, y)


@aten("masked_fill.Scalar", "masked_fill.Tensor")
def masked_fill(x: Any, mask: Any, value: Any) -> Any:
    """``aten.masked_fill.Scalar``, ``aten.masked_fill.Tensor``."""
    return np.where(mask, _constant(value, x), x)


@aten("maximum.default", "fmax.default")
def maximum(x: Any, y: Any) -> Any:
    """``aten.maximum.default``, ``aten.fmax.default``."""
    return np.maximum(*matched(x, y))


@aten("minimum.default", "fmin.default")
def minimum(x: Any, y: Any) -> Any:
    """``aten.minimum.default``, ``aten.fmin.default``."""
    return np.minimum(*matched(x, y))


@aten("clamp.default", "clamp.Tensor", "clip.default")
def clamp(x: Any, min: Any = None, max: Any = None) -> Any:
    """``aten.clamp.default``, ``aten.clamp.Tensor``, ``aten.clip.default``."""
    # PyTorch gives an entry that stands on the edge its whole derivative, half of which would be np.minimum's.
    if min is not None:
        x, min = matched(x, min)
        x = np.where(x < min, _constant(min, x), x)
    if max is not None:
        x, max = matched(x, max)
        x = np.where(x > max, _constant(max, x), x)
    return x


ATEN["hardtanh.default"] = lambda x, min_val=-1.0, max_val=1.0: clamp(x, min_val, max_val)
ATEN["clamp_min.default"] = ATEN["clamp_min.Tensor"] = lambda x, min: clamp(x, min)
ATEN["clamp_max.default"] = ATEN["clamp_max.Tensor"] = lambda x, max: clamp(x, None, max)


def _constant(value: Any, like: Any) -> Any:
    return value if is_array(value) else np.asarray(value, spec_of(like).dtype)


@aten("atan2.default")
def atan2(y: Any, x: Any) -> Any:
    """``aten.atan2.default``."""
    return np.arctan2(*matched(real(y), real(x)))


@aten("hypot.default")
def hypot(x: Any, y: Any) -> Any:
    """``aten.hypot.default``."""
    return np.hypot(*matched(x, y))


@aten("nan_to_num.default")
def nan_to_num(x: Any, nan: float | None = None, posinf: float | None = None, neginf: float | None = None) -> Any:
    """``aten.nan_to_num.default``."""
    return np.nan_to_num(x, nan=nan or 0.0, posinf=posinf, neginf=neginf)


# Activations.
ATEN["gelu.default"] = operations.gelu
ATEN["elu.default"] = operations.elu
ATEN["celu.default"] = operations.celu
ATEN["log_sigmoid.default"] = operations.log_sigmoid
ATEN["hardsigmoid.default"] = operations.hard_sigmoid
ATEN["hardswish.default"] = operations.hard_swish
ATEN["softshrink.default"] = operations.soft_shrink
ATEN["threshold.default"] = operations.above
ATEN["glu.default"] = operations.gated


@aten("leaky_relu.default")
def _leaky(x: Any, negative_slope: float = 0.01) -> Any:
    return leaky_relu(x, negative_slope) if 0 <= negative_slope <= 1 else np.where(x > 0, x, x * negative_slope)


@aten("prelu.default", "_prelu_kernel.default")
def prelu(x: Any, weight: Any) -> Any:
    """``aten.prelu.default``, ``aten._prelu_kernel.default``."""
    if np.size(weight) > 1 and np.ndim(weight) != np.ndim(x):
        weight = np.reshape(weight, (-1,) + (1,) * (np.ndim(x) - 2))
    return operations.prelu(x, weight)


@aten("rrelu.default", "rrelu_with_noise_functional.default")
def rrelu(x: Any, *settings: Any) -> Any:
    """``aten.rrelu.default``, ``aten.rrelu_with_noise_functional.default``."""
    lower, upper = [number for number in settings if isinstance(number, float)] or (1 / 8, 1 / 3)
    return np.where(x >= 0, x, x * ((lower + upper) / 2))


@aten("softplus.default")
def _softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    return np.where(x * beta > threshold, x, operations.softplus(x, beta))


@aten("hardshrink.default")
def hardshrink(x: Any, lambd: float = 0.5) -> Any:
    """``aten.hardshrink.default``."""
    return np.where(np.abs(x) <= lambd, _constant(0, x), x)
