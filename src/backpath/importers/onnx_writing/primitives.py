"""Each primitive as nodes of ONNX's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backpath.importers.onnx_writing.writer import Sizes, Writer, code_of
from backpath.ops.activations import SELU_ALPHA, SELU_SCALE


@dataclass(frozen=True, slots=True)
class Written:
    """A node of ours while it is written.

    Attributes:
        writer: of the file.
        inputs: names of its operands in the file.
        params: of its primitive, and its name; what follows the batch is a ``Batch`` in them.
        sizes: of its value.
        operands: sizes of its operands.
        dtype: of its value.
        types: of its operands.
    """

    writer: Writer
    inputs: tuple[str, ...]
    params: Mapping[str, Any]
    sizes: Sizes
    operands: tuple[Sizes, ...]
    dtype: np.dtype
    types: tuple[np.dtype, ...]

    def op(self, operation: str, *inputs: str, **how: Any) -> str:
        """A new node of these inputs, or of its operands."""
        return self.writer.op(operation, *(inputs or self.inputs), **how)

    def number(self, value: float) -> str:
        """A number in the type of its first operand."""
        return self.writer.scalar(value, self.types[0])

    def whole(self, *values: int) -> str:
        """Whole numbers in a line."""
        return self.writer.array(np.array(values, np.int64))


Rule = Callable[[Written], str]

PLAIN: dict[str, str] = {
    "abs": "Abs", "add": "Add", "arccos": "Acos", "arccosh": "Acosh", "arcsin": "Asin", "arcsinh": "Asinh",
    "arctan": "Atan", "arctanh": "Atanh", "bitwise_and": "BitwiseAnd", "bitwise_or": "BitwiseOr",
    "bitwise_xor": "BitwiseXor", "ceil": "Ceil", "cos": "Cos", "cosh": "Cosh", "divide": "Div", "equal": "Equal",
    "erf": "Erf", "exp": "Exp", "floor": "Floor", "gelu": "Gelu", "greater": "Greater",
    "greater_equal": "GreaterOrEqual", "invert": "BitwiseNot", "isinf": "IsInf", "isnan": "IsNaN", "less": "Less",
    "less_equal": "LessOrEqual", "log": "Log", "logical_and": "And", "logical_not": "Not", "logical_or": "Or",
    "logical_xor": "Xor", "matmul": "MatMul", "maximum": "Max", "minimum": "Min", "mish": "Mish", "multiply": "Mul",
    "negative": "Neg", "power": "Pow", "reciprocal": "Reciprocal", "relu": "Relu", "rint": "Round",
    "sigmoid": "Sigmoid", "sign": "Sign", "sin": "Sin", "sinh": "Sinh", "softplus": "Softplus", "sqrt": "Sqrt",
    "subtract": "Sub", "tan": "Tan", "tanh": "Tanh", "where": "Where",
}  # fmt: skip
"""Primitives that are one node of the same operands."""

RULES: dict[str, Rule] = {name: (lambda c, op=op: c.op(op)) for name, op in PLAIN.items()}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Decorator: how these primitives are written."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return register


@rule("not_equal")
def not_equal(c: Written) -> str:
    """What is not equal."""
    return c.op("Not", c.op("Equal"))


@rule("square")
def square(c: Written) -> str:
    """x x."""
    return c.op("Mul", c.inputs[0], c.inputs[0])


@rule("integer_power")
def integer_power(c: Written) -> str:
    """A power with a known exponent."""
    return c.op("Pow", c.inputs[0], c.number(c.params["n"]))


@rule("expm1")
def expm1(c: Written) -> str:
    """exp(x) - 1, which loses digits near 0, as ONNX has no other: 2 tanh(x / 2) / (1 - tanh(x / 2)) keeps them."""
    half = c.op("Tanh", c.op("Mul", c.inputs[0], c.number(0.5)))
    small = c.op("Div", c.op("Mul", half, c.number(2.0)), c.op("Sub", c.number(1.0), half))
    large = c.op("Sub", c.op("Exp"), c.number(1.0))
    return c.op("Where", c.op("Less", c.op("Abs"), c.number(1.0)), small, large)


@rule("log1p")
def log1p(c: Written) -> str:
    """log(1 + x): 2 atanh(x / (2 + x)) near 0, where the sum loses digits."""
    x = c.inputs[0]
    near = c.op("Mul", c.op("Atanh", c.op("Div", x, c.op("Add", x, c.number(2.0)))), c.number(2.0))
    far = c.op("Log", c.op("Add", x, c.number(1.0)))
    return c.op("Where", c.op("Less", c.op("Abs"), c.number(0.5)), near, far)


@rule("log2", "log10")
def other_log(c: Written) -> str:
    """log(x) over the logarithm of the base."""
    base = 2.0 if c.params["primitive"] == "log2" else 10.0
    return c.op("Mul", c.op("Log"), c.number(1.0 / math.log(base)))


@rule("exp2")
def exp2(c: Written) -> str:
    """2 ** x."""
    return c.op("Pow", c.number(2.0), c.inputs[0])


@rule("trunc")
def trunc(c: Written) -> str:
    """Towards 0."""
    return c.op("Mul", c.op("Sign"), c.op("Floor", c.op("Abs")))


@rule("isfinite")
def isfinite(c: Written) -> str:
    """Neither infinite nor nan."""
    return c.op("Not", c.op("Or", c.op("IsInf"), c.op("IsNaN")))


@rule("remainder")
def remainder(c: Written) -> str:
    """With the sign of the divisor."""
    if c.dtype.kind in "iu":
        return c.op("Mod", fmod=0)
    x, y = c.inputs
    return c.op("Sub", x, c.op("Mul", y, c.op("Floor", c.op("Div", x, y))))


@rule("fmod")
def fmod(c: Written) -> str:
    """With the sign of what is divided."""
    return c.op("Mod", fmod=1)


@rule("floor_divide")
def floor_divide(c: Written) -> str:
    """The quotient, rounded down."""
    if c.dtype.kind == "f":
        return c.op("Floor", c.op("Div"))
    real = [c.op("Cast", name, to=code_of(np.dtype(np.float64))) for name in c.inputs]
    return c.op("Cast", c.op("Floor", c.op("Div", *real)), to=code_of(c.dtype))


@rule("hypot")
def hypot(c: Written) -> str:
    """The root of the sum of squares."""
    return c.op("Sqrt", c.op("Add", *(c.op("Mul", x, x) for x in c.inputs)))


@rule("logaddexp")
def logaddexp(c: Written) -> str:
    """The larger one, and softplus of how far the other lies below it."""
    below = c.op("Neg", c.op("Abs", c.op("Sub")))
    return c.op("Add", c.op("Max"), c.op("Softplus", below))


@rule("ndtr")
def ndtr(c: Written) -> str:
    """Half of 1 + erf(x / sqrt(2))."""
    erf = c.op("Erf", c.op("Mul", c.inputs[0], c.number(math.sqrt(0.5))))
    return c.op("Mul", c.op("Add", erf, c.number(1.0)), c.number(0.5))


def _fits(c: Written, *values: float) -> bool:
    """Whether attributes, which are in single precision, hold these numbers to the digits of the operand's type."""
    return c.dtype != np.float64 or all(float(np.float32(value)) == value for value in values)


def _sides(c: Written) -> tuple[str, str]:
    """max(x, 0) and min(x, 0)."""
    x, zero = c.inputs[0], c.number(0.0)
    return c.op("Max", x, zero), c.op("Min", x, zero)


@rule("leaky_relu")
def leaky_relu(c: Written) -> str:
    """LeakyRelu."""
    if not _fits(c, c.params["slope"]):
        above, below = _sides(c)
        return c.op("Add", above, c.op("Mul", below, c.number(c.params["slope"])))
    return c.op("LeakyRelu", alpha=float(c.params["slope"]))


@rule("elu")
def elu(c: Written) -> str:
    """Elu."""
    if not _fits(c, c.params["alpha"]):
        return _scaled_elu(c, c.params["alpha"], 1.0)
    return c.op("Elu", alpha=float(c.params["alpha"]))


@rule("selu")
def selu(c: Written) -> str:
    """Selu."""
    return c.op("Selu") if _fits(c, SELU_ALPHA, SELU_SCALE) else _scaled_elu(c, SELU_ALPHA, SELU_SCALE)


def _scaled_elu(c: Written, alpha: float, scale: float) -> str:
    above, below = _sides(c)
    below = c.op("Mul", expm1(replace(c, inputs=(below,))), c.number(alpha))
    return c.op("Mul", c.op("Add", above, below), c.number(scale))


@rule("silu")
def silu(c: Written) -> str:
    """x sigmoid(x)."""
    return c.op("Mul", c.inputs[0], c.op("Sigmoid"))


@rule("softmax")
def softmax(c: Written) -> str:
    """Softmax."""
    return c.op("Softmax", axis=c.params["axis"])


@rule("log_softmax")
def log_softmax(c: Written) -> str:
    """LogSoftmax."""
    return c.op("LogSoftmax", axis=c.params["axis"])


@rule("logsumexp")
def logsumexp(c: Written) -> str:
    """ReduceLogSumExp."""
    axes, keepdims = c.params["axes"], int(c.params["keepdims"])
    return c.op("ReduceLogSumExp", c.inputs[0], c.whole(*axes), keepdims=keepdims) if axes else c.op("Identity")


@rule("sum", "max")
def reduction(c: Written) -> str:
    """ReduceSum and ReduceMax."""
    name = "ReduceMax" if c.params["primitive"] == "max" else "ReduceSum"
    x = c.inputs[0]
    if c.types[0] != c.dtype:
        x = c.op("Cast", x, to=code_of(c.dtype))
    axes, keepdims = c.params["axes"], int(c.params["keepdims"])
    return c.op(name, x, c.whole(*axes), keepdims=keepdims) if axes else c.op("Identity", x)


@rule("argmax", "argmin")
def position(c: Written) -> str:
    """ArgMax and ArgMin."""
    axis = c.params["axis"]
    x = c.inputs[0] if axis is not None else c.writer.reshaped(c.inputs[0], (-1,))
    name = "ArgMax" if c.params["primitive"] == "argmax" else "ArgMin"
    return c.op(name, x, axis=0 if axis is None else axis, keepdims=0)


@rule("cumsum")
def cumsum(c: Written) -> str:
    """CumSum."""
    return c.op(
        "CumSum", c.inputs[0], c.writer.array(np.array(c.params["axis"], np.int64)), reverse=int(c.params["reverse"])
    )


@rule("linear")
def linear(c: Written) -> str:
    """h W + b; the operand of ones is its batch's."""
    h, W, _, b = c.inputs
    return c.op("Gemm", h, W, b)


@rule("einsum")
def einsum(c: Written) -> str:
    """MatMul where it is one, else Einsum."""
    operands, out = c.params["subscripts"].split("->")
    a, b = operands.split(",")
    if len(b) == 2 and a[-1] == b[0] and out == a[:-1] + b[1]:
        return c.op("MatMul")
    return c.op("Einsum", equation=c.params["subscripts"])


@rule("standardize")
def standardize(c: Written) -> str:
    """LayerNormalization along the last axis; of another one that is last meanwhile."""
    axis, ndim = c.params["axis"], len(c.sizes)
    n = c.sizes[axis]
    if not isinstance(n, int):
        return _standardized(c)
    order = [k for k in range(ndim) if k != axis] + [axis]
    x = c.writer.transposed(c.inputs[0], order)
    one = c.writer.array(np.ones(n, c.dtype))
    y = c.op("LayerNormalization", x, one, axis=-1, epsilon=float(c.params["epsilon"]))
    return c.writer.transposed(y, np.argsort(order).tolist())


def _standardized(c: Written) -> str:
    """Along the batch: deviations over the root of their mean square."""
    axes = c.whole(c.params["axis"])
    off = c.op("Sub", c.inputs[0], c.op("ReduceMean", c.inputs[0], axes, keepdims=1))
    variance = c.op("ReduceMean", c.op("Mul", off, off), axes, keepdims=1)
    return c.op("Div", off, c.op("Sqrt", c.op("Add", variance, c.number(c.params["epsilon"]))))
