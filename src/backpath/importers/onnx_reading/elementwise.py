"""Operations on each entry, and comparisons."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from backpath import ops
from backpath.importers import operations as op
from backpath.importers.onnx_reading.rules import RULES, Call, RefusedError, as_type, dtype_of, rule
from backpath.nets.blocks import dropped

ONE: dict[str, Callable[[Any], Any]] = {
    "Abs": np.abs,
    "Acos": np.arccos,
    "Acosh": np.arccosh,
    "Asin": np.arcsin,
    "Asinh": np.arcsinh,
    "Atan": np.arctan,
    "Atanh": np.arctanh,
    "BitwiseNot": np.invert,
    "Ceil": np.ceil,
    "Cos": np.cos,
    "Cosh": np.cosh,
    "Erf": ops.erf,
    "Erfc": lambda x: 2.0 * ops.ndtr(-(2.0**0.5) * x),  # tf2onnx writes it, though ONNX has none
    "Exp": np.exp,
    "Floor": np.floor,
    "HardSwish": op.hard_swish,
    "Identity": lambda x: x,
    "IsNaN": np.isnan,
    "Log": np.log,
    "Mish": ops.mish,
    "Neg": np.negative,
    "Not": np.logical_not,
    "Reciprocal": lambda x: 1.0 / x,
    "Relu": ops.relu,
    "Round": np.rint,
    "Sigmoid": ops.sigmoid,
    "Sign": np.sign,
    "Sin": np.sin,
    "Sinh": np.sinh,
    "Softplus": ops.softplus,
    "Softsign": op.softsign,
    "Sqrt": np.sqrt,
    "Tan": np.tan,
    "Tanh": np.tanh,
}
"""Functions of one operand."""

TWO: dict[str, Callable[[Any, Any], Any]] = {
    "Add": np.add,
    "And": np.logical_and,
    "BitwiseAnd": np.bitwise_and,
    "BitwiseOr": np.bitwise_or,
    "BitwiseXor": np.bitwise_xor,
    "Equal": np.equal,
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
    "Mul": np.multiply,
    "Or": np.logical_or,
    "PRelu": op.prelu,
    "Sub": np.subtract,
    "Xor": np.logical_xor,
}
"""Functions of two operands, whose shapes broadcast."""

MANY: dict[str, Callable[[Any, Any], Any]] = {"Max": np.maximum, "Min": np.minimum, "Sum": np.add}
"""Functions of any number of operands, two at a time."""


def _of_one(function: Callable[[Any], Any]) -> Callable[[Call], Any]:
    return lambda c: function(c[0])


def _of_two(function: Callable[[Any, Any], Any]) -> Callable[[Call], Any]:
    def apply(c: Call) -> Any:
        if c.get("broadcast") or (c.get("axis") is not None):
            raise RefusedError("it broadcasts as operations older than version 7 did")
        return function(c[0], c[1])

    return apply


def _of_many(function: Callable[[Any, Any], Any]) -> Callable[[Call], Any]:
    return lambda c: reduce(function, c.inputs)


RULES.update({name: _of_one(function) for name, function in ONE.items()})
RULES.update({name: _of_two(function) for name, function in TWO.items()})
RULES.update({name: _of_many(function) for name, function in MANY.items()})


@rule("Mean")
def mean(c: Call) -> Any:
    """The mean of the operands."""
    return reduce(np.add, c.inputs) * np.asarray(1.0 / len(c.inputs), dtype_of(c[0]))


@rule("Div")
def divide(c: Call) -> Any:
    """Of whole numbers the quotient, rounded towards 0."""
    if dtype_of(c[0]).kind not in "iu":
        return c[0] / c[1]
    if dtype_of(c[0]).kind == "u":
        return c[0] // c[1]
    quotient = np.abs(c[0]) // np.abs(c[1])
    return as_type(np.sign(c[0]) * np.sign(c[1]) * quotient, dtype_of(c[0]))


@rule("Mod")
def mod(c: Call) -> Any:
    """The remainder with the sign of the divisor, or of what is divided."""
    return np.fmod(c[0], c[1]) if c.get("fmod", 0) else np.remainder(c[0], c[1])


@rule("Pow")
def power(c: Call) -> Any:
    """A power of the base's type; a whole known exponent is a product."""
    base, exponent = c[0], c[1]
    if dtype_of(base).kind == "f":
        small = isinstance(exponent, np.ndarray) and exponent.size == 1 and float(exponent.item()).is_integer()
        if small and exponent.ndim <= np.ndim(base) and abs(exponent.item()) < 64:
            y = base ** int(exponent.item())
            return y if exponent.ndim <= np.ndim(base) else np.reshape(y, np.broadcast_shapes(y.shape, exponent.shape))
        return base ** as_type(exponent, dtype_of(base))
    return as_type(np.power(base, exponent), dtype_of(base))


@rule("BitShift")
def bit_shift(c: Call) -> Any:
    """Bits moved to the left or right."""
    return (np.left_shift if c.get("direction") == "LEFT" else np.right_shift)(c[0], c[1])


@rule("Clip")
def clip(c: Call) -> Any:
    """Between two numbers, either of which may be absent."""
    low, high = (c.get(name) if c[k] is None else c[k] for k, name in ((1, "min"), (2, "max")))
    x, dtype = c[0], dtype_of(c[0])
    x = x if low is None else np.maximum(x, as_type(np.asarray(low) if isinstance(low, float) else low, dtype))
    return x if high is None else np.minimum(x, as_type(np.asarray(high) if isinstance(high, float) else high, dtype))


@rule("Where")
def where(c: Call) -> Any:
    """One operand where a condition holds, else the other."""
    return np.where(c[0], c[1], c[2])


@rule("IsInf")
def is_infinite(c: Call) -> Any:
    """Whether entries are infinite, of the signs asked for."""
    x, infinite = c[0], np.isinf(c[0])
    if not c.get("detect_positive", 1):
        infinite = np.logical_and(infinite, x < 0)
    return infinite if c.get("detect_negative", 1) else np.logical_and(infinite, x > 0)


@rule("Elu")
def elu(c: Call) -> Any:
    """See ``operations.elu``."""
    return op.elu(c[0], c.get("alpha", 1.0))


@rule("Celu")
def celu(c: Call) -> Any:
    """See ``operations.celu``."""
    return op.celu(c[0], c.get("alpha", 1.0))


@rule("Selu")
def selu(c: Call) -> Any:
    """See ``operations.selu``; the standard constants are told by their first digits."""
    alpha, gamma = c.get("alpha", 1.67326), c.get("gamma", 1.0507)
    standard = abs(alpha - 1.6732632) < 1e-5 and abs(gamma - 1.0507010) < 1e-5
    return op.selu(c[0]) if standard else op.selu(c[0], alpha, gamma)


@rule("LeakyRelu")
def leaky_relu(c: Call) -> Any:
    """See ``leaky_relu``."""
    return ops.leaky_relu(c[0], c.get("alpha", 0.01))


@rule("ThresholdedRelu")
def thresholded_relu(c: Call) -> Any:
    """See ``operations.above``."""
    return op.above(c[0], c.get("alpha", 1.0))


@rule("HardSigmoid")
def hard_sigmoid(c: Call) -> Any:
    """See ``operations.hard_sigmoid``."""
    return op.hard_sigmoid(c[0], c.get("alpha", 0.2), c.get("beta", 0.5))


@rule("Gelu")
def gelu(c: Call) -> Any:
    """See ``operations.gelu``."""
    return op.gelu(c[0], c.get("approximate", "none"))


@rule("Swish")
def swish(c: Call) -> Any:
    """See ``operations.swish``."""
    return op.swish(c[0], c.get("alpha", 1.0))


@rule("Shrink")
def shrink(c: Call) -> Any:
    """See ``operations.soft_shrink``."""
    return as_type(op.soft_shrink(c[0], c.get("lambd", 0.5), c.get("bias", 0.0)), dtype_of(c[0]))


@rule("Dropout")
def dropout(c: Call) -> Any:
    """Nothing in a model that is read as it predicts, whatever the node says; else by numbers that are drawn."""
    x, shape = c[0], np.shape(c[0])
    ratio = 0.0 if c.training is None else float(np.ravel(c.known(1, "ratio", 0.5))[0])
    drawn = None if c.training is None or ratio == 0 else c.training.drawn(c.name, shape)
    if not 0 <= ratio < 1:
        raise RefusedError(f"its ratio {ratio}")
    y = x if drawn is None else dropped(x, ratio, drawn)
    return (y, np.ones(shape, bool) if drawn is None else drawn >= ratio) if c.outputs > 1 else y
