"""Variable: what a traced function holds in place of an array.

It has a shape and a dtype and answers NumPy's operators and functions, but has no value. Every use that would
need one ends in an error that says what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from backpath.graph import TraceError
from backpath.ops.dispatch import FUNCTIONS, METHODS, REDUCTIONS, UFUNCS


class Variable(NDArrayOperatorsMixin):
    """A traced value: the node at ``position`` of the graph that ``recorder``, a ``tracing.Recorder``, is building."""

    __slots__ = ("dtype", "position", "recorder", "shape")

    def __init__(self, recorder: Any, position: int, shape: tuple[int, ...], dtype: np.dtype):
        self.recorder = recorder
        self.position = position
        self.shape = shape
        self.dtype = dtype

    # What NumPy calls.

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs.pop("out", None) is not None:
            raise _in_place(ufunc.__name__)
        table = UFUNCS if method == "__call__" else REDUCTIONS if method == "reduce" else {}
        if ufunc.__name__ not in table:
            call = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
            raise TraceError(f"{call} cannot be traced; functions that can: {', '.join(sorted(UFUNCS))}")
        if method == "__call__" and kwargs:
            raise TraceError(
                f"{ufunc.__name__}({', '.join(f'{k}=' for k in kwargs)}...) cannot be traced; write np.where(...) "
                f"in place of where=, and x.astype(...) in place of dtype="
            )
        return table[ufunc.__name__](*inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if kwargs.get("out") is not None:
            raise _in_place(function.__name__)
        if function not in FUNCTIONS:
            raise TraceError(
                f"np.{function.__name__} cannot be traced; write it with those that can: "
                f"{', '.join(sorted(f.__name__ for f in FUNCTIONS))}, and arithmetic"
            )
        return FUNCTIONS[function](*args, **kwargs)

    # Shape and rearrangement.

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of entries."""
        return int(np.prod(self.shape, dtype=int))

    @property
    def T(self) -> Any:
        """Axes reversed."""
        return np.transpose(self)

    def __len__(self) -> int:
        if not self.shape:
            raise TraceError("a traced scalar has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        return METHODS["getitem"](self, index)

    def reshape(self, *shape: Any) -> Any:
        """``np.reshape``; the sizes as one tuple or one by one."""
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        """``np.transpose``; the axes as one tuple or one by one."""
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """``np.swapaxes``."""
        return np.swapaxes(self, axis1, axis2)

    def ravel(self) -> Any:
        """All entries along one axis."""
        return np.reshape(self, (-1,))

    flatten = ravel

    def squeeze(self, axis: Any = None) -> Any:
        """``np.squeeze``."""
        return np.squeeze(self, axis)

    def astype(self, dtype: Any) -> Any:
        """The same entries in another type."""
        return METHODS["astype"](self, dtype=np.dtype(dtype))

    def copy(self) -> Variable:
        """Itself: a traced value never changes."""
        return self

    # Reductions and products.

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        """``np.sum``."""
        return np.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        """``np.mean``."""
        return np.mean(self, axis=axis, keepdims=keepdims)

    def var(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
        """``np.var``."""
        return np.var(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
        """``np.std``."""
        return np.std(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """``np.max``."""
        return np.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        """``np.min``."""
        return np.min(self, axis=axis, keepdims=keepdims)

    def argmax(self, axis: int | None = None) -> Any:
        """``np.argmax``."""
        return np.argmax(self, axis=axis)

    def clip(self, min: Any = None, max: Any = None) -> Any:
        """``np.clip``."""
        return np.clip(self, min, max)

    def dot(self, other: Any) -> Any:
        """``np.dot``."""
        return np.dot(self, other)

    # What would need a value.

    def __bool__(self) -> bool:
        raise TraceError(
            "a branch (if, while, and, or, not) on a traced value: its value is not known when the graph is made. "
            "Write np.where(condition, a, b) instead, or branch on something that is not traced"
        )

    def _as_number(self, *_: Any, **__: Any) -> NoReturn:
        raise TraceError(
            "a traced value was asked for its number (float(), int(), .item(), math.*, np.asarray, an index, print "
            "format): it has none while the graph is made. Use NumPy's functions (np.exp in place of math.exp), and "
            "read numbers off the result of the function"
        )

    __float__ = __int__ = __complex__ = __index__ = __array__ = item = tolist = __round__ = _as_number

    def __setitem__(self, index: Any, value: Any) -> None:
        raise _in_place("x[index] = value")

    def fill(self, value: Any) -> None:
        """Refused: traced values cannot change."""
        raise _in_place("x.fill(value)")

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"Variable({self.dtype}[{','.join(map(str, self.shape))}])"


def _in_place(what: str) -> TraceError:
    return TraceError(
        f"an in-place write ({what}): a graph's values never change. Write x = x + y in place of x += y or out=, "
        f"and np.where(mask, new, old) or np.concatenate(...) in place of x[index] = new"
    )
