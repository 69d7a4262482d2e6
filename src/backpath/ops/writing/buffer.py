"""Fresh arrays of a traced function, which it may write into: ``out = np.zeros_like(x); out[1:] = x[:-1]``.

A graph's values never change. So a buffer holds no values either: it holds, for each entry, the place of that entry in
all that was ever written, one piece after another. The places are an array of NumPy's, so that views, indices,
broadcasting and overlaps are its own; a write changes places alone, and a read gathers the entries from the pieces.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.graph import ShapeError, TraceError
from backpath.ops.dispatch import METHODS
from backpath.ops.tracing.variable import Variable, in_place, settled
from backpath.ops.writing.pieces import Pieces

VIEWS = {
    *(np.reshape, np.ravel, np.transpose, np.permute_dims, np.matrix_transpose, np.swapaxes, np.moveaxis, np.rollaxis),
    *(np.squeeze, np.expand_dims, np.flip, np.fliplr, np.flipud, np.rot90, np.broadcast_to, np.diagonal),
    *(np.atleast_1d, np.atleast_2d, np.atleast_3d, np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit),
}
"""Functions that only rearrange: what they do to an array of values they do to the places."""

WRITERS = {np.copyto: 1, np.fill_diagonal: 1, np.put: 2, np.place: 2, np.putmask: 2, np.put_along_axis: 2}
"""Functions that write into their first argument, with the position of the argument that is written."""


class Buffer(Variable):
    """An array of a traced function that can be written into; a view of another where NumPy's would be one.

    Where nothing traced was written it is a known array, and answers as one.
    """

    __slots__ = ("_pieces", "_places", "_read")

    def __init__(self, pieces: Pieces, places: np.ndarray):
        self._pieces, self._places = pieces, places
        self.shape, self.dtype = places.shape, pieces.dtype
        self._read: tuple[int, Any] = -1, None

    def settled(self) -> Any:
        """The entries as they are now: an array if they are known, else a traced value that never changes."""
        if self._read[0] != len(self._pieces.pieces):
            self._read = len(self._pieces.pieces), self._pieces.gather(self._places)
        value = self._read[1]
        return value if isinstance(value, Variable) else value.copy()

    # Reading.

    def __getitem__(self, index: Any) -> Any:
        parts = index if isinstance(index, tuple) else (index,)
        parts = tuple([settled(part) for part in parts])
        if any(isinstance(part, Variable) for part in parts):
            return METHODS["getitem"](self.settled(), index)
        try:
            return self._over(self._places[parts if isinstance(index, tuple) else parts[0]])
        except IndexError as error:
            raise ShapeError(f"index: {error} (the array has shape {list(self.shape)})") from None

    def _over(self, places: Any) -> Any:
        """The entries at these places: a buffer, or a scalar by itself."""
        if isinstance(places, (list, tuple)):
            return type(places)([self._over(part) for part in places])
        if isinstance(places, np.ndarray):
            return Buffer(self._pieces, places)
        value = self._pieces.gather(np.asarray(places))
        return value if isinstance(value, Variable) else value[()]

    def copy(self, order: str = "C") -> Buffer:
        """The same entries in a buffer of their own."""
        return Buffer(self._pieces, self._places.copy())

    def flatten(self, order: str = "C") -> Buffer:
        """The same entries along one axis, in a buffer of their own."""
        return Buffer(self._pieces, self._places.flatten(order))  # type: ignore[arg-type]

    def astype(self, dtype: Any, *_: Any, **__: Any) -> Any:
        """The same entries in another type."""
        return buffer_of(self.settled().astype(dtype))

    # Writing.

    def __setitem__(self, index: Any, value: Any) -> None:
        parts = tuple([settled(part) for part in (index if isinstance(index, tuple) else (index,))])
        if any(isinstance(part, Variable) for part in parts):
            raise TraceError(
                "a write at a traced position: positions must be known when the graph is made. Write "
                "np.where(np.arange(n) == k, new, old) in place of x[k] = new"
            )
        self._write(
            lambda places: self._places.__setitem__(parts if isinstance(index, tuple) else parts[0], places), value
        )

    def _write(self, write: Callable[[np.ndarray], Any], value: Any) -> None:
        """Write the places of ``value``, which is thereby written."""
        places = self._pieces.append(value)
        try:
            write(places)
        except (ValueError, IndexError) as error:
            raise ShapeError(
                f"a write of shape {list(places.shape)} into an array of shape {list(self.shape)}: {error}"
            ) from None

    def fill(self, value: Any) -> None:
        """Every entry becomes ``value``."""
        self[...] = value

    # What NumPy calls.

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "at":
            return _at(ufunc, *inputs)
        targets = kwargs.pop("out", None)
        result = getattr(ufunc, method)(*settled(inputs), **settled(kwargs))
        return result if targets is None else _into(targets[0], result, ufunc.__name__)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in VIEWS and args and args[0] is self:
            return self._over(function(self._places, *args[1:], **kwargs))
        if function in WRITERS and args and args[0] is self and len(args) > WRITERS[function]:
            at = WRITERS[function]
            before, after = settled(args[1:at]), settled(args[at + 1 :])
            self._write(lambda places: function(self._places, *before, places, *after, **settled(kwargs)), args[at])
            return None
        if function in WRITERS:
            raise in_place(f"np.{function.__name__}")
        target = kwargs.pop("out", None)
        result = function(*settled(args), **settled(kwargs))
        return result if target is None else _into(target, result, function.__name__)


def _answering(name: str) -> Callable[..., Any]:
    """The method ``name``, answered by the array where all entries are known, and refused as of any traced value."""

    def answer(self: Buffer, *args: Any, **kwargs: Any) -> Any:
        value = self.settled()
        if isinstance(value, Variable):
            return getattr(Variable, name)(self, *args, **kwargs)
        return getattr(value, name)(*args, **kwargs)

    return answer


for _name in "array bool float int complex index format".split():
    setattr(Buffer, f"__{_name}__", _answering(f"__{_name}__"))
for _name in ("item", "tolist"):
    setattr(Buffer, _name, _answering(_name))


def buffer_of(value: Any) -> Buffer:
    """A buffer that holds ``value``, known or traced."""
    value = settled(value)
    pieces = Pieces(value.dtype)
    return Buffer(pieces, pieces.append(value))


def _into(target: Any, result: Any, what: str) -> Any:
    """What ``out=target`` does with a result."""
    if not isinstance(target, Buffer) and isinstance(result, Variable):
        raise in_place(f"{what}(out=...)")
    target[...] = result
    return target


def _at(ufunc: np.ufunc, target: Any, index: Any, value: Any = None) -> None:
    """``np.add.at`` and ``np.subtract.at``: what goes to one entry several times counts several times."""
    if not isinstance(target, Buffer) or ufunc not in (np.add, np.subtract):
        raise TraceError(f"{ufunc.__name__}.at cannot be traced; np.add.at and np.subtract.at of a fresh array can")
    index = settled(index)
    places = np.arange(int(np.prod(target.shape, dtype=int))).reshape(target.shape)[index]
    added = METHODS["scatter"](np.broadcast_to(settled(value), np.shape(places)), index, target.shape)
    target[...] = ufunc(target.settled(), added)
