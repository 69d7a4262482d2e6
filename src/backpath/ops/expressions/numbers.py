"""Exact numbers that pass through NumPy: values of SymPy or mpmath, on which every value rule and every rule of a
local derivative runs unchanged.

A :class:`Number` is a scalar, a :class:`NumberArray` an array of them. Both answer NumPy's operators and functions.
Comparisons give Numbers that hold a truth value, decided or (of SymPy's symbols) not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.lib.mixins import NDArrayOperatorsMixin

from backpath.ops.expressions.libraries import LOGICAL, Library, imported


class Number(NDArrayOperatorsMixin):
    """One exact value, of the library that computes with it.

    >>> from fractions import Fraction
    >>> from backpath.ops.expressions.exact import in_library
    >>> half = in_library(Fraction(1, 2), "sympy")
    >>> np.sin(half * np.pi / 3), 0.1 + half
    (Number(1/2), Number(3/5))
    """

    __slots__ = ("library", "value")

    shape: tuple[int, ...] = ()
    ndim = 0
    size = 1
    dtype = np.dtype(object)

    def __init__(self, value: Any, library: Library):
        self.value = value
        self.library = library

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is np.where and len(args) == 3:
            return _where(*args)
        return _unwrapped(function(*_lifted(args), **_lifted(kwargs)))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The method that NumPy calls for its function ``name`` on each entry of an array of objects."""
        if name.startswith("_") or name not in self.library.rules:
            raise AttributeError(f"a Number has no attribute {name!r}")
        return lambda *others: _entrywise(name, self.library, (self, *others))

    def __getitem__(self, index: Any) -> Any:
        return _unwrapped(_array(self)[index])

    def reshape(self, *shape: Any) -> Any:
        """``np.reshape``: an array of one entry."""
        return _unwrapped(_array(self).reshape(*shape))

    def astype(self, dtype: Any) -> Any:
        """Itself under any type of real numbers, for it stays exact; a truth value becomes 1 or 0."""
        if np.dtype(dtype).kind in "Ofc":
            return Number(self.library.convert(self.value), self.library)
        return np.asarray(_array(self), object).astype(dtype)[()]

    def copy(self) -> Number:
        """Itself: its value never changes."""
        return self

    def like(self, value: Any) -> Number:
        """Another number, in the library of this one."""
        return Number(self.library.convert(value.value if isinstance(value, Number) else value), self.library)

    def _sympy_(self) -> Any:
        """What SymPy's functions read."""
        return imported("sympy").sympify(self.value)

    def _mpmath_(self, precision: int, rounding: str) -> Any:
        """What mpmath's functions read."""
        return imported("mpmath").mp.convert(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __complex__(self) -> complex:
        return complex(self.value)

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return f"Number({self.value})"

    def __str__(self) -> str:
        return str(self.value)


class NumberArray(np.ndarray):
    """An array of Numbers: NumPy's own, whose functions of entries are those of the library."""

    __slots__ = ()

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is np.where and len(args) == 3:
            return _where(*args)
        return _unwrapped(super().__array_function__(function, (NumberArray,), _lifted(args), _lifted(kwargs)))

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """As :meth:`Number.astype`, entry by entry."""
        if np.dtype(dtype).kind not in "Ofc":
            return np.asarray(self).astype(dtype, *args, **kwargs)
        return _unwrapped(np.frompyfunc(lambda x: x.astype(dtype) if isinstance(x, Number) else x, 1, 1)(_plain(self)))


def array_of(values: Any, shape: tuple[int, ...]) -> NumberArray:
    """An array of ``shape`` from Numbers in row-major order."""
    array = np.empty(len(values), object)
    array[:] = values
    return array.reshape(shape).view(NumberArray)


# Functions of entries.
def _ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    name = ufunc.__name__
    if method == "reduce" and name in ("maximum", "minimum"):
        return _extreme(name, inputs[0], kwargs.get("axis", 0), bool(kwargs.get("keepdims", False)))
    library = _library_of(inputs)
    if library is not None and "out" not in kwargs and (name == "matmul" or (method, name) == ("reduce", "add")):
        return _of_raw(getattr(ufunc, method), library, inputs, kwargs)
    if method != "__call__" or library is None or "out" in kwargs:
        plain = {k: tuple(map(_plain, v)) if k == "out" else v for k, v in kwargs.items()}
        return _unwrapped(getattr(ufunc, method)(*map(_plain, inputs), **plain))
    if kwargs:
        raise TypeError(f"np.{name} of exact numbers takes no {', '.join(kwargs)}")
    return _entrywise(name, library, inputs)


def _of_raw(function: Callable[..., Any], library: Library, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Sums of products by NumPy's loop over the library's own values, ten times faster than over Numbers."""
    unwrap = np.frompyfunc(lambda x: _raw(x, library), 1, 1)
    result = function(*(np.asarray(unwrap(_plain(x)), object) for x in inputs), **kwargs)
    return _unwrapped(np.frompyfunc(lambda x: Number(library.convert(x), library), 1, 1)(result))


def _entrywise(name: str, library: Library, inputs: tuple[Any, ...]) -> Any:
    """The library's function ``name`` of each entry."""
    rule = library.rule(name)
    read = _truth if name in LOGICAL else _raw

    def of_entries(*entries: Any) -> Number:
        return Number(rule(*[read(x, library) for x in entries]), library)

    return _unwrapped(np.frompyfunc(of_entries, len(inputs), 1)(*map(_plain, inputs)))


def _where(condition: Any, a: Any, b: Any) -> Any:
    library = _library_of((condition, a, b))
    if library is None:
        return np.where(_plain(condition), _plain(a), _plain(b))

    def of_entries(c: Any, x: Any, y: Any) -> Number:
        return Number(library.choose(_truth(c, library), _raw(x, library), _raw(y, library)), library)

    return _unwrapped(np.frompyfunc(of_entries, 3, 1)(_plain(condition), _plain(a), _plain(b)))


def _extreme(name: str, x: Any, axis: Any, keepdims: bool) -> Any:
    """The largest or smallest entry along ``axis``; also of symbols, which NumPy could not compare."""
    x, pick = _plain(x), np.frompyfunc(lambda a, b: _entrywise(name, _library_of((a, b)) or a.library, (a, b)), 2, 1)
    axes = range(x.ndim) if axis is None else normalize_axis_tuple(axis, x.ndim)
    for k in sorted(axes, reverse=True):
        x = np.asarray(pick.reduce(x, axis=k, keepdims=keepdims), object)
    return _unwrapped(x)


def _library_of(inputs: tuple[Any, ...]) -> Library | None:
    """The library of the first Number among the entries."""
    for x in inputs:
        if isinstance(x, Number):
            return x.library
        if isinstance(x, np.ndarray) and x.dtype == object:
            for entry in x.flat:
                if isinstance(entry, Number):
                    return entry.library
    return None


def _raw(entry: Any, library: Library) -> Any:
    """An operand as a value of the library."""
    if not isinstance(entry, Number):
        return library.constant(entry)
    if entry.library is not library:
        raise TypeError(
            f"exact numbers of {entry.library.name} and {library.name} met, or of different digits: put all inputs "
            f"and constants in one library"
        )
    return library.convert(entry.value)


def _truth(entry: Any, library: Library) -> Any:
    """An operand as a truth value, decided or not."""
    value = entry.value if isinstance(entry, Number) else bool(entry)
    return bool(value) if isinstance(value, np.bool) else value


# Between Numbers and arrays.
def _array(x: Number) -> NumberArray:
    return array_of([x], ())


def _plain(x: Any) -> Any:
    """An operand as NumPy's loops take it: a Number in an array of no axes, a NumberArray as an ordinary one."""
    if isinstance(x, Number):
        x = _array(x)
    return x.view(np.ndarray) if isinstance(x, NumberArray) else x


def _lifted(x: Any) -> Any:
    """Arguments in which each Number is an array of no axes."""
    if isinstance(x, Number):
        return _array(x)
    if isinstance(x, (tuple, list)):
        return type(x)(_lifted(part) for part in x)
    return {key: _lifted(part) for key, part in x.items()} if isinstance(x, dict) else x


def _unwrapped(x: Any) -> Any:
    """A result: a Number if it has no axes, a NumberArray if it has."""
    if not isinstance(x, np.ndarray) or x.dtype != object:
        return x
    return x.item() if x.ndim == 0 else x.view(NumberArray)
