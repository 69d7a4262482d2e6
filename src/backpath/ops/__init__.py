"""Floor 2: primitives, their local derivatives, and the tracing of NumPy functions into graphs."""

# These fill the tables of primitives and of NumPy functions.
from backpath.ops import (
    activations,
    arrays,
    contraction,
    elementwise,
    linalg,
    movement,
    reduction,
    special,
    transcendental,
    windows,
    writing,
)
from backpath.ops.activations import elu, erf, gelu, leaky_relu, mish, ndtr, relu, selu, silu, softplus
from backpath.ops.arrays import cumulate
from backpath.ops.contraction import contract
from backpath.ops.control import cond, scan
from backpath.ops.expressions.parsing import parse
from backpath.ops.local import (
    Broadcast,
    Cast,
    Composition,
    Contract,
    Cumulate,
    DiagonalLessOuter,
    Gather,
    LocalDerivative,
    Mask,
    Move,
    Reshape,
    Scale,
    Scatter,
    Sum,
    Transpose,
)
from backpath.ops.movement import scatter, take_rows
from backpath.ops.primitive import PRIMITIVES, Primitive, Spec, define, shape_rule, spec_of
from backpath.ops.reduction import standardize
from backpath.ops.semiring import Semiring
from backpath.ops.slopes import sigmoid
from backpath.ops.softmax import log_softmax, logsumexp, sigmoid_cross_entropy, softmax, softmax_cross_entropy
from backpath.ops.tracing.frozen import read
from backpath.ops.tracing.recording import Trace, apply, record, scope, scope_of, trace
from backpath.ops.tracing.trees import flatten, leaves_of, unflatten
from backpath.ops.tracing.variable import Variable
from backpath.ops.windows import Windows, max_in_windows, unroll

__all__ = [
    "PRIMITIVES",
    "Broadcast",
    "Cast",
    "Composition",
    "Contract",
    "Cumulate",
    "DiagonalLessOuter",
    "Gather",
    "LocalDerivative",
    "Mask",
    "Move",
    "Primitive",
    "Reshape",
    "Scale",
    "Scatter",
    "Semiring",
    "Spec",
    "Sum",
    "Trace",
    "Transpose",
    "Variable",
    "Windows",
    "activations",
    "apply",
    "arrays",
    "cond",
    "contract",
    "contraction",
    "cumulate",
    "define",
    "elementwise",
    "elu",
    "erf",
    "flatten",
    "gelu",
    "leaky_relu",
    "leaves_of",
    "linalg",
    "log_softmax",
    "logsumexp",
    "max_in_windows",
    "mish",
    "movement",
    "ndtr",
    "parse",
    "read",
    "record",
    "reduction",
    "relu",
    "scan",
    "scatter",
    "scope",
    "scope_of",
    "selu",
    "shape_rule",
    "sigmoid",
    "sigmoid_cross_entropy",
    "silu",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "spec_of",
    "special",
    "standardize",
    "take_rows",
    "trace",
    "transcendental",
    "unflatten",
    "unroll",
    "windows",
    "writing",
]
