"""Floor 1: graphs, and the errors that every floor raises. Knows nothing of derivatives."""

from backpath.graph.errors import (
    BackpathError,
    DataError,
    ExpressionError,
    GraphError,
    MatrixError,
    NonFiniteError,
    ProcessError,
    RunError,
    SettingError,
    ShapeError,
    TraceError,
    UnsupportedError,
)
from backpath.graph.graph import CONSTANT, INPUT, NO_PARAMS, Edge, Graph, Node, ancestors, part

__all__ = [
    "CONSTANT",
    "INPUT",
    "NO_PARAMS",
    "BackpathError",
    "DataError",
    "Edge",
    "ExpressionError",
    "Graph",
    "GraphError",
    "MatrixError",
    "Node",
    "NonFiniteError",
    "ProcessError",
    "RunError",
    "SettingError",
    "ShapeError",
    "TraceError",
    "UnsupportedError",
    "ancestors",
    "part",
]
