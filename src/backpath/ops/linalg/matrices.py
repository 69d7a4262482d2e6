"""What operations on matrices ask of their operands, and how they fail: in our words, with the matrix that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from backpath.graph import MatrixError, ShapeError, TraceError
from backpath.ops.elementwise import floating
from backpath.ops.primitive import Spec, mismatch, spec_of
from backpath.ops.tracing.variable import Variable

Shape = tuple[int, ...]
SQUARE = "a matrix must have as many rows as columns"


def misfit(operation: str, *operands: Any, needs: str) -> ShapeError:
    """The error for operands whose shapes do not fit, with the names of those that are traced."""
    error = mismatch(operation, *[spec_of(x) for x in operands], needs=needs)
    names = [x.recorder.nodes[x.position].name for x in operands if isinstance(x, Variable)]
    return ShapeError(f"{error} (in {operation}({', '.join(names)}))") if names else error


def matrices(operation: str, *operands: Any) -> list[Any]:
    """The operands as arrays of matrices in their common floating-point type.

    Raises:
        ShapeError: if one has fewer than two axes.
        TraceError: if the type is not float32 or float64.
    """
    for x in operands:
        if np.ndim(x) < 2:
            raise misfit(operation, x, needs="a matrix has two axes; leading axes number several matrices")
    return numbers(operation, *operands)


def numbers(operation: str, *operands: Any) -> list[Any]:
    """The operands in their common floating-point type.

    Raises:
        TraceError: if it is not float32 or float64.
    """
    dtype = floating(*[spec_of(x).dtype for x in operands])
    if dtype not in (np.float32, np.float64):
        raise TraceError(
            f"{operation} of {dtype} cannot be traced: linear algebra here is of real float32 or float64; write "
            f"x.astype(np.float32), or real and imaginary parts as arrays of their own"
        )
    return [x.astype(dtype) if hasattr(x, "dtype") else np.asarray(x, dtype) for x in operands]


def squares(operation: str, *operands: Any) -> list[Any]:
    """As :func:`matrices`, of which each is square."""
    found = matrices(operation, *operands)
    for x in found:
        if np.shape(x)[-1] != np.shape(x)[-2]:
            raise misfit(operation, x, needs=SQUARE)
    return found


def require_square(operation: str, x: Spec) -> None:
    """Refuse matrices that have not as many rows as columns."""
    if len(x.shape) < 2 or x.shape[-1] != x.shape[-2]:
        raise mismatch(operation, x, needs=SQUARE)


def square_spec(operation: str) -> Callable[..., Spec]:
    """The shape rule of a function from square matrices to matrices of that shape."""

    def spec(x: Spec, **_: Any) -> Spec:
        require_square(operation, x)
        return x

    return spec


def checked(operation: str, needs: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A value rule that says in our words which of the matrices has no value, and what it needs."""

    def value(*operands: Any, **params: Any) -> Any:
        if any(np.asarray(x).dtype == object for x in operands):
            raise TypeError(f"np.linalg.{operation} of exact numbers is not defined: it computes in float32 or float64")
        try:
            return function(*operands, **params)
        except LinAlgError:
            which = _first_failing(function, operands, params)
            raise MatrixError(f"{operation}: {which}{needs}") from None

    return value


def _first_failing(function: Callable[..., Any], operands: tuple[Any, ...], params: Any) -> str:
    """Which matrix of several it is."""
    lead = np.shape(operands[0])[:-2]
    for index in np.ndindex(*lead) if lead else ():
        try:
            function(*[np.asarray(x)[index] for x in operands], **params)
        except LinAlgError:
            return f"matrix [{', '.join(map(str, index))}] of the operand: "
    return ""


def transposed(x: Any) -> Any:
    """Each matrix with rows and columns exchanged."""
    return np.swapaxes(x, -1, -2)


def symmetric_part(x: Any) -> Any:
    """(x + x^T) / 2; of a matrix that is symmetric to the bit, itself."""
    return 0.5 * (x + transposed(x))


def together(operation: str, a: Any, b: Any, core: int = 2) -> tuple[Any, Any]:
    """Two stacks of matrices with their leading axes broadcast; ``core`` axes of b are its own.

    Raises:
        ShapeError: if the leading sizes do not broadcast.
    """
    lead_a, lead_b = np.shape(a)[:-2], np.shape(b)[: np.ndim(b) - core]
    if lead_a == lead_b:
        return a, b
    try:
        lead = np.broadcast_shapes(lead_a, lead_b)
    except ValueError:
        raise misfit(operation, a, b, needs="leading sizes must be equal or 1") from None
    own = np.shape(b)[np.ndim(b) - core :]
    return np.broadcast_to(a, lead + np.shape(a)[-2:]), np.broadcast_to(b, lead + own)


def looped(function: Callable[..., Any], *operands: np.ndarray) -> np.ndarray:
    """A function of single matrices over all leading axes; its result has the last operand's shape."""
    out = np.empty(operands[-1].shape, np.result_type(*operands))
    for index in np.ndindex(*out.shape[:-2]):
        out[index] = function(*[x[index] for x in operands])
    return out
