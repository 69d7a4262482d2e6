"""The exceptions of backpath.

::

    BackpathError
    ├── GraphError   (ValueError)  a graph that is not well formed
    ├── ShapeError   (ValueError)  arrays whose shapes do not fit an operation
    ├── TraceError   (TypeError)   a use of a traced value that cannot be recorded
    ├── DataError    (ValueError)  a table, column or target that cannot be used
    ├── ExpressionError (ValueError)  text that is not an expression, or uses names wrongly
    ├── MatrixError  (LinAlgError)  a matrix that has no inverse, factor or decomposition
    ├── RunError     (ValueError)  a run folder that is damaged, foreign or in the way
    ├── UnsupportedError (NotImplementedError)  a model of another framework that uses what backpath has not
    ├── NonFiniteError (ArithmeticError)  a training loss that is not a number
    └── ProcessError (RuntimeError)  another process of a training that is gone, or cannot be reached
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from numpy.linalg import LinAlgError


class BackpathError(Exception):
    """Base of every error that backpath raises on purpose."""


class GraphError(BackpathError, ValueError):
    """A graph is not well formed: its message names the node and the rule it breaks."""


class ShapeError(BackpathError, ValueError):
    """Shapes do not fit: the message names the operation and the shapes that met."""


class TraceError(BackpathError, TypeError):
    """A traced value was used where only a known number would do."""


class DataError(BackpathError, ValueError):
    """A table, a column or a target cannot be used as asked."""


class SettingError(BackpathError, ValueError):
    """A setting is outside its range, or does not go with another."""


class ExpressionError(BackpathError, ValueError):
    """Text is not an expression: the message shows the line with a caret under the column, both counted from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1):
        super().__init__(message)
        self.line = line
        self.column = column


class RunError(BackpathError, ValueError):
    """A run folder is damaged, from a newer version, or in the way of a new one."""


class MatrixError(BackpathError, LinAlgError):
    """A matrix has no inverse, factor or decomposition: the message says which one, and what to do."""

    def __init__(self, message: str, node: str | None = None):
        super().__init__(message if node is None else f"node {node!r}: {message}")
        self.node = node

    def at(self, node: str) -> MatrixError:
        """The same error with the name of the node that met it."""
        return self if self.node else MatrixError(str(self), node)


class UnsupportedError(BackpathError, NotImplementedError):
    """A model of another framework uses operations that backpath has not: all of them, with where each occurs.

    Attributes:
        found: by operation, and why it is refused where that is not its name alone, the places where it occurs.
    """

    def __init__(self, source: str, found: Mapping[str, Sequence[str]], cure: str = ""):
        self.found = {what: tuple(places) for what, places in found.items()}
        lines = [f"  {what}: {_times(len(places))}: {_some(places)}" for what, places in self.found.items()]
        count = sum(len(places) for places in self.found.values())
        head = f"{source} uses what backpath does not have, at {count} of its nodes:"
        super().__init__("\n".join([head, *lines, *([cure] if cure else [])]))


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _some(places: Sequence[str], most: int = 5) -> str:
    more = f" and {len(places) - most} more" if len(places) > most else ""
    return ", ".join(places[:most]) + more


class NonFiniteError(BackpathError, ArithmeticError):
    """Training met a loss that is not a finite number."""


class ProcessError(BackpathError, RuntimeError):
    """Another process of this training is gone, has failed, or cannot be reached: the message says which and where."""
