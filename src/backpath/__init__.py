"""backpath: backpropagation on explicit computational graphs.

Trains deep networks, and shows where every gradient came from. ``import backpath as bp``.
"""

from backpath.calculus import (
    GradientCheck,
    check_grads,
    grad,
    hessian,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)
from backpath.diagnosis import Check, GradientDiagnosis, check, debug_gradient
from backpath.graph import (
    BackpathError,
    DataError,
    Edge,
    ExpressionError,
    Graph,
    GraphError,
    Node,
    NonFiniteError,
    RunError,
    ShapeError,
    TraceError,
)
from backpath.nets import Network
from backpath.ops import (
    elu,
    erf,
    gelu,
    leaky_relu,
    log_softmax,
    logsumexp,
    ndtr,
    parse,
    relu,
    selu,
    sigmoid,
    silu,
    softmax,
    softmax_cross_entropy,
    softplus,
    trace,
)
from backpath.paths import Dag, Elimination, Linearization, Path, TooManyPathsError, linearize
from backpath.report import svg
from backpath.training import SGD, Epoch, Fit, fit

__version__ = "0.1.0"

__all__ = [
    "SGD",
    "BackpathError",
    "Check",
    "Dag",
    "DataError",
    "Edge",
    "Elimination",
    "Epoch",
    "ExpressionError",
    "Fit",
    "GradientCheck",
    "GradientDiagnosis",
    "Graph",
    "GraphError",
    "Linearization",
    "Network",
    "Node",
    "NonFiniteError",
    "Path",
    "RunError",
    "ShapeError",
    "TooManyPathsError",
    "TraceError",
    "check",
    "check_grads",
    "debug_gradient",
    "elu",
    "erf",
    "fit",
    "gelu",
    "grad",
    "hessian",
    "jacobian",
    "jvp",
    "leaky_relu",
    "linearize",
    "log_softmax",
    "logsumexp",
    "ndtr",
    "parse",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "svg",
    "trace",
    "value_and_grad",
    "vjp",
]
