"""What an array can do as a method, a traced value can do: each method is NumPy's function of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from backpath.graph import TraceError
from backpath.ops.dispatch import METHODS, REFUSED

_COPY = "traced values cannot change: write x = np.{0}(x, ...), which gives a new one"
_BYTES = "it has no bytes while the graph is made; read them off the result of the function"
REFUSED_METHODS = {
    "sort": _COPY.format("sort"),
    "partition": _COPY.format("partition"),
    "resize": _COPY.format("resize"),
    "put": "traced values cannot change: write np.where(mask, new, old)",
    "setfield": "traced values cannot change: write np.where(mask, new, old)",
    "setflags": "traced values cannot change, and have no flags",
    "byteswap": _BYTES,
    "dump": _BYTES,
    "dumps": _BYTES,
    "tobytes": _BYTES,
    "tofile": _BYTES,
    "view": _BYTES + ". x.astype(dtype) converts",
    "getfield": _BYTES + ". x.astype(dtype) converts",
    "to_device": "it lies on no device while the graph is made",
    "item": "it has no number while the graph is made; read it off the result of the function",
    "tolist": "it has no numbers while the graph is made; read them off the result of the function",
    "fill": "traced values cannot change: write np.full_like(x, value)",
    "nonzero": "how many positions there are depends on values, and shapes must be known: use np.where(x != 0, a, b)",
}
"""Methods that need a value, or would change one."""

REFUSED_ATTRIBUTES = {
    **dict.fromkeys(
        "base ctypes data device flags strides __dlpack__".split(), "it has no memory while the graph is made"
    ),
    "flat": "write x.ravel(), which may be read by one position",
}
"""Attributes of the memory of an array."""

REFUSED.update({f"ndarray.{name}": why for name, why in REFUSED_ATTRIBUTES.items()})
REFUSED.update({f"ndarray.{name}": why for name, why in REFUSED_METHODS.items()})


def _by_function(name: str) -> Callable[..., Any]:
    function = getattr(np, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    method.__name__, method.__doc__ = name, f"``np.{name}``."
    return method


def _refused(name: str) -> Callable[..., NoReturn]:
    def method(self: Any, *_: Any, **__: Any) -> NoReturn:
        raise TraceError(f"x.{name} of a traced value: {REFUSED_METHODS[name]}")

    method.__name__, method.__doc__ = name, f"Refused: {REFUSED_METHODS[name]}."
    return method


class MissingAttributeError(TraceError, AttributeError):
    """An attribute that a traced value has not; ``hasattr`` says so too."""


class ArrayMethods:
    """Methods and attributes of an array with a shape and a dtype."""

    __slots__ = ()

    shape: tuple[int, ...]
    dtype: np.dtype

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
    def itemsize(self) -> int:
        """Bytes of an entry."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all entries."""
        return self.size * self.itemsize

    @property
    def T(self) -> Any:
        """Axes reversed."""
        return np.transpose(self)  # type: ignore[call-overload]

    @property
    def mT(self) -> Any:
        """The last two axes swapped."""
        return np.matrix_transpose(self)  # type: ignore[call-overload]

    @property
    def real(self) -> Any:
        """Itself: traced values are real."""
        return self

    @property
    def imag(self) -> Any:
        """Zeros: traced values are real."""
        return np.imag(self)  # type: ignore[call-overload]

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if name in REFUSED_ATTRIBUTES:
                raise MissingAttributeError(f"x.{name} of a traced value: {REFUSED_ATTRIBUTES[name]}")
            raise MissingAttributeError(f"a traced value has no attribute {name!r}: it has those of an array")

    def __len__(self) -> int:
        if not self.shape:
            raise TraceError("a traced scalar has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        return METHODS["getitem"](self, METHODS["settled"](index))

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """``np.reshape``; the sizes as one tuple or one by one."""
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)  # type: ignore[call-overload]

    def transpose(self, *axes: Any) -> Any:
        """``np.transpose``; the axes as one tuple or one by one."""
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)  # type: ignore[call-overload]

    def ravel(self, order: str = "C") -> Any:
        """All entries along one axis."""
        return np.ravel(self, order)  # type: ignore[call-overload]

    flatten = ravel

    def astype(self, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True):
        """The same entries in another type; only ``dtype`` matters to a traced value."""
        return METHODS["astype"](self, dtype=np.dtype(dtype))

    def clip(self, min: Any = None, max: Any = None, **kwargs: Any) -> Any:
        """``np.clip``."""
        return np.clip(self, min, max, **kwargs)  # type: ignore[call-overload]

    def conj(self) -> Any:
        """Itself: traced values are real."""
        return self

    conjugate = conj

    def compress(self, condition: Any, axis: int | None = None) -> Any:
        """``np.compress``."""
        return np.compress(condition, self, axis)  # type: ignore[call-overload]

    # NumPy's functions of the same name.

    all = _by_function("all")
    any = _by_function("any")
    argmax = _by_function("argmax")
    argmin = _by_function("argmin")
    argpartition = _by_function("argpartition")
    argsort = _by_function("argsort")
    choose = _by_function("choose")
    cumprod = _by_function("cumprod")
    cumsum = _by_function("cumsum")
    diagonal = _by_function("diagonal")
    dot = _by_function("dot")
    max = _by_function("max")
    mean = _by_function("mean")
    min = _by_function("min")
    prod = _by_function("prod")
    repeat = _by_function("repeat")
    round = _by_function("round")
    searchsorted = _by_function("searchsorted")
    squeeze = _by_function("squeeze")
    std = _by_function("std")
    sum = _by_function("sum")
    swapaxes = _by_function("swapaxes")
    take = _by_function("take")
    trace = _by_function("trace")
    var = _by_function("var")

    # What would need a value, or change one.

    sort = _refused("sort")
    partition = _refused("partition")
    resize = _refused("resize")
    put = _refused("put")
    setfield = _refused("setfield")
    setflags = _refused("setflags")
    byteswap = _refused("byteswap")
    dump = _refused("dump")
    dumps = _refused("dumps")
    tobytes = _refused("tobytes")
    tofile = _refused("tofile")
    view = _refused("view")
    getfield = _refused("getfield")
    to_device = _refused("to_device")
    nonzero = _refused("nonzero")
