"""Variable: what a traced function holds in place of an array.

It has a shape and a dtype and answers NumPy's operators and functions, but has no value. Every use that would
need one ends in an error that says what to write instead.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from backpath.graph import TraceError
from backpath.ops.dispatch import ACCUMULATIONS, FUNCTIONS, METHODS, REDUCTIONS, REFUSED, UFUNCS, call
from backpath.ops.tracing.foreign import advice
from backpath.ops.tracing.methods import ArrayMethods


def settled(value: Any) -> Any:
    """Traced values as they are now, in tuples, lists and dicts of arguments too."""
    if isinstance(value, Variable):
        return value.settled()
    if type(value) in (tuple, list):
        return type(value)([settled(part) for part in value])
    return {key: settled(part) for key, part in value.items()} if type(value) is dict else value


class Variable(ArrayMethods, NDArrayOperatorsMixin):
    """A traced value: the node at ``position`` of the graph that ``recorder``, a ``tracing.Recorder``, is building."""

    __slots__ = ("dtype", "position", "recorder", "shape")

    __pandas_priority__ = 10_000
    """Above that of pandas' own types, so that a frame in a traced function is refused here, not taken apart there."""

    def __init__(self, recorder: Any, position: int, shape: tuple[int, ...], dtype: np.dtype):
        self.recorder = recorder
        self.position = position
        self.shape = shape
        self.dtype = dtype

    # What NumPy calls.

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        name = ufunc.__name__
        if kwargs.pop("out", None) is not None or method == "at":
            raise in_place(name)
        for layout in ("order", "casting", "subok"):
            kwargs.pop(layout, None)
        shown = name if method == "__call__" else f"{name}.{method}"
        if method == "outer":
            return _outer(ufunc, *inputs, **kwargs)
        table = _TABLES.get(method, {})
        if name not in table:
            why = (
                REFUSED.get(name if method == "__call__" else method)
                or f"functions that can: {', '.join(sorted(n for n in table if n[0] != '_')) or 'none'}"
            )
            raise TraceError(f"{shown} cannot be traced; {why}")
        if method == "__call__":
            inputs, dtype = _cast(shown, inputs, kwargs)
            result = call(shown, table[name], inputs, kwargs)
            return result if dtype is None else result.astype(dtype)
        return call(shown, table[name], inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if kwargs.get("out") is not None:
            raise in_place(function.__name__)
        name = f"np.{function.__name__}"
        if function in FUNCTIONS:
            return call(name, FUNCTIONS[function], args, {k: v for k, v in kwargs.items() if k != "out"})
        module = function.__module__.removeprefix("numpy").strip(".")
        name = f"np.{module}.{function.__name__}" if module in ("linalg", "fft") else name
        why = REFUSED.get(name.removeprefix("np.")) or REFUSED.get(module)
        raise TraceError(f"{name} cannot be traced; " + (why or f"write it with those that can: {_traceable()}"))

    def settled(self) -> Any:
        """Itself: a traced value never changes."""
        return self

    def copy(self, order: str = "C") -> Variable:
        """The same entries in a fresh array, which can be written into."""
        return METHODS["copy"](self)

    # What would need a value.

    def __bool__(self) -> bool:
        raise TraceError(
            "a branch (if, while, and, or, not) on a traced value: its value is not known when the graph is made. "
            "Write np.where(condition, a, b) instead, or branch on something that is not traced"
        )

    def _as_number(self, *_: Any, **__: Any) -> NoReturn:
        if _storing():
            raise TraceError(
                "a traced value was stored into an array of NumPy's (y[k] = x), which holds numbers alone. Make the "
                "array by np.zeros(n, like=x), np.zeros_like(x), np.empty_like(x) or x.copy(), with x the traced "
                "value: such arrays take y[k] = x; or join parts by np.stack, np.concatenate"
            )
        raise TraceError(
            advice()
            or "a traced value was asked for its number (float(), int(), .item(), math.*, np.array, np.asarray, an "
            "index, print format): it has none while the graph is made. Use NumPy's functions (np.exp in place of "
            "math.exp), "
            "and read numbers off the result of the function. In place of np.array([a, b]) write np.stack([a, b]) or "
            "np.array([a, b], like=a), in place of np.asarray(a) the traced a itself, in place of a[i] with a known "
            "and i traced np.take_along_axis(a, i, axis); bind sizes and axes beforehand: functools.partial(f, axis=1)"
        )

    __float__ = __int__ = __complex__ = __index__ = __array__ = item = tolist = __round__ = _as_number

    def __format__(self, specification: str) -> str:
        return repr(self) if not specification else self._as_number()

    def __setitem__(self, index: Any, value: Any) -> None:
        raise in_place("x[index] = value")

    def fill(self, value: Any) -> None:
        """Refused: traced values cannot change."""
        raise in_place("x.fill(value)")

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"Variable({self.dtype}[{','.join(map(str, self.shape))}])"


_TABLES: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "__call__": UFUNCS,
    "reduce": REDUCTIONS,
    "accumulate": ACCUMULATIONS,
}


def _cast(name: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], np.dtype | None]:
    """The operands as ``dtype=`` wants them, and the type of the result if it says one; other keywords are refused."""
    if kwargs.pop("where", True) is not True:
        raise TraceError(
            f"{name}(where=...) cannot be traced: without out= what it leaves out is undefined. Write "
            f"np.where(...) in place of where="
        )
    if kwargs.get("signature") is not None:
        raise TraceError(f"{name}(signature=...) cannot be traced; write x.astype(...), or dtype=")
    dtype = kwargs.pop("dtype", None)
    if dtype is None:
        return inputs, None
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        inputs = tuple(x.astype(dtype) if hasattr(x, "astype") else dtype.type(x) for x in inputs)
    return inputs, dtype


def _outer(ufunc: np.ufunc, a: Any, b: Any, **kwargs: Any) -> Any:
    """``ufunc`` of each entry of ``a`` with each entry of ``b``."""
    ones = (1,) * np.ndim(b)
    return ufunc(np.reshape(a, (*np.shape(a), *ones)), b, **kwargs)


def _traceable() -> str:
    return f"{', '.join(sorted(f.__name__ for f in FUNCTIONS))}, and arithmetic"


def _rebinding(name: str) -> Callable[[Variable, Any], Any]:
    """``x += y`` and its kin: of a scalar a new value by that name, as of NumPy's scalars; of an array refused."""
    sign = f"__{name}__"

    def update(self: Variable, other: Any) -> Any:
        if self.shape or type(self) is not Variable:
            return getattr(NDArrayOperatorsMixin, f"__i{name}__")(self, other)
        return getattr(self, sign)(other)

    return update


for _name in "add sub mul matmul truediv floordiv mod pow and or xor".split():
    setattr(Variable, f"__i{_name}__", _rebinding(_name))


def in_place(what: str) -> TraceError:
    """The error for a write into what cannot be written into."""
    return TraceError(
        f"an in-place write ({what}): a traced value never changes. Write x = x + y in place of x += y or out=; or "
        f"write into a fresh array: x.copy(), np.zeros_like(x), np.zeros(n, like=x) and their kin take x[index] = new"
    )


def _storing() -> bool:
    """Whether what asks for a number is the storing of a traced value into an array: ``y[k] = x``."""
    caller = sys._getframe(2)
    return caller.f_code.co_code[caller.f_lasti] == dis.opmap["STORE_SUBSCR"]
