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
from backpath.graph import (
    BackpathError,
    DataError,
    Edge,
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
    relu,
    selu,
    sigmoid,
    silu,
    softmax,
    softmax_cross_entropy,
    softplus,
    trace,
)
from backpath.training import SGD, Epoch, Fit, fit

__version__ = "0.1.0"

__all__ = [
    "SGD",
    "BackpathError",
    "DataError",
    "Edge",
    "Epoch",
    "Fit",
    "GradientCheck",
    "Graph",
    "GraphError",
    "Network",
    "Node",
    "NonFiniteError",
    "RunError",
    "ShapeError",
    "TraceError",
    "check_grads",
    "elu",
    "erf",
    "fit",
    "gelu",
    "grad",
    "hessian",
    "jacobian",
    "jvp",
    "leaky_relu",
    "log_softmax",
    "logsumexp",
    "ndtr",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "trace",
    "value_and_grad",
    "vjp",
]
