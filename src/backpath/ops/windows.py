"""Windows over images: all their entries as rows, the transpose of that, and the largest entry of each.

An image is (batch, height, width, ..., channels). Everything that convolution and pooling need of an image is one of
these moves; the products are ordinary ones, so that an engine may make them without laying windows out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.ops.elementwise import common
from backpath.ops.local import Composition, LocalDerivative, Move, Reshape, Scale, Sum
from backpath.ops.primitive import Spec, define, mismatch
from backpath.ops.semiring import Array, Semiring, Value
from backpath.ops.tracing.recording import apply

Shape = tuple[int, ...]
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows along one axis.

    Attributes:
        size: of a window.
        stride: from one to the next.
        dilation: from one entry of a window to the next.
        before: zeros in front of the axis.
        after: zeros behind it.
        count: how many windows there are.
    """

    size: int
    stride: int
    dilation: int
    before: int
    after: int
    count: int

    @classmethod
    def over(cls, length: int, size: int, stride: int, dilation: int = 1, padding: Pair | str = (0, 0)) -> Windows:
        """All windows that fit an axis; ``"same"`` pads so that there are ceil(length / stride).

        Raises:
            ShapeError: if none fits.
        """
        span = dilation * (size - 1) + 1
        if padding == "same":
            missing = max((-(-length // stride) - 1) * stride + span - length, 0)
            padding = missing // 2, missing - missing // 2
        before, after = (0, 0) if isinstance(padding, str) else padding
        room = length + before + after - span
        if room < 0 or stride < 1:
            raise ShapeError(
                f"a window over {span} with stride {stride} does not fit {length + before + after} entries"
            )
        return cls(size, stride, dilation, before, after, room // stride + 1)

    @property
    def padded(self) -> bool:
        """Whether there are zeros around the axis."""
        return self.before > 0 or self.after > 0

    @property
    def unpadded(self) -> Windows:
        """The same windows over an axis around which the zeros stand already."""
        return replace(self, before=0, after=0)

    def room(self, length: int) -> int:
        """The length of an axis with its zeros."""
        return self.before + length + self.after

    def at(self, k: int) -> slice:
        """Where the k-th entry of each window lies."""
        start = k * self.dilation
        return slice(start, start + self.stride * (self.count - 1) + 1, self.stride)


def _places(rows: Windows, columns: Windows) -> Iterator[tuple[int, tuple[slice, slice, slice]]]:
    """Each place in a window, row by row, with the entries of all windows at it."""
    for k in range(rows.size):
        for m in range(columns.size):
            yield k * columns.size + m, (slice(None), rows.at(k), columns.at(m))


def _room(shape: Shape, rows: Windows, columns: Windows) -> Shape:
    """The shape of an image with its zeros."""
    return shape[0], rows.room(shape[1]), columns.room(shape[2]), *shape[3:]


def inside(shape: Shape, rows: Windows, columns: Windows) -> tuple[slice, ...]:
    """Where an image lies within its zeros."""
    return slice(None), slice(rows.before, rows.before + shape[1]), slice(columns.before, columns.before + shape[2])


def laid_out(x: np.ndarray, rows: Windows, columns: Windows) -> np.ndarray:
    """A view of an image that has its zeros: (batch, rows, columns, ..., kernel rows, kernel columns, channels)."""
    batch, down, across, *middle, last = x.strides
    shape = (x.shape[0], rows.count, columns.count, *x.shape[3:-1], rows.size, columns.size, x.shape[-1])
    strides = (
        batch, down * rows.stride, across * columns.stride, *middle,
        down * rows.dilation, across * columns.dilation, last,
    )  # fmt: skip
    return np.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)


def _unroll_value(x: np.ndarray, rows: Windows, columns: Windows) -> np.ndarray:
    if rows.padded or columns.padded:
        room = np.zeros(_room(x.shape, rows, columns), x.dtype)
        room[inside(x.shape, rows, columns)] = x
        x = room
    view = laid_out(x, rows, columns)
    return view.reshape(*view.shape[:-3], math.prod(view.shape[-3:]))


def _unroll_spec(x: Spec, rows: Windows, columns: Windows) -> Spec:
    if len(x.shape) < 4:
        raise mismatch("unroll", x, needs="an image is (batch, height, width, ..., channels)")
    batch, _, _, *middle, channels = x.shape
    return Spec((batch, rows.count, columns.count, *middle, rows.size * columns.size * channels), x.dtype)


def _fold_value(y: np.ndarray, rows: Windows, columns: Windows, shape: Shape) -> np.ndarray:
    parts = y.reshape(*y.shape[:-1], rows.size * columns.size, shape[-1])
    room = np.zeros(_room(shape, rows, columns), y.dtype)
    for k, place in _places(rows, columns):
        room[place] += parts[..., k, :]
    return room[inside(shape, rows, columns)]


def _fold_spec(y: Spec, rows: Windows, columns: Windows, shape: Shape) -> Spec:
    rolled = _unroll_spec(Spec(shape, y.dtype), rows, columns)
    if rolled.shape != y.shape:
        raise mismatch("fold", y, rolled, needs="there must be an entry for each of every window")
    return Spec(shape, y.dtype)


def _unrolled(s: Value, rows: Windows, columns: Windows, shape: Shape, semiring: Semiring) -> Value:
    if not semiring.linear and (rows.padded or columns.padded):
        s = semiring.scatter(s, inside(shape, rows, columns), _room(shape, rows, columns))
        rows, columns = rows.unpadded, columns.unpadded
    return semiring.move(s, lambda c: unroll(c, rows, columns))


def _folded(s: Value, rows: Windows, columns: Windows, shape: Shape, semiring: Semiring) -> Value:
    if semiring.linear:
        return semiring.move(s, lambda c: fold(c, rows, columns, shape))
    folded = semiring.at_once(s, lambda arrays, _: [_fold_value(a, rows, columns, shape) for a in arrays])
    if folded is not None:
        return folded
    room, channels = _room(shape, rows, columns), shape[-1]

    def placed(k: int, place: tuple[slice, ...]) -> Value:
        part = semiring.move(s, lambda c: c[..., k * channels : (k + 1) * channels])
        return semiring.scatter(part, place, room)

    total = reduce(semiring.plus, (placed(k, place) for k, place in _places(rows, columns)))
    return semiring.move(total, lambda c: c[inside(shape, rows, columns)])


@dataclass(frozen=True, slots=True, eq=False)
class Unroll(Move):
    """y holds all entries of each window of x, and zeros where a window reaches beyond it."""

    rows: Windows
    columns: Windows
    in_shape: Shape

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        return _folded(adjoint, self.rows, self.columns, self.in_shape, semiring)

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return _unrolled(tangent, self.rows, self.columns, self.in_shape, semiring)


@dataclass(frozen=True, slots=True, eq=False)
class Transposed(LocalDerivative):
    """Another map the other way round."""

    of: LocalDerivative

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        return self.of.push(adjoint, semiring)

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return self.of.pull(tangent, semiring)


UNROLL = define(
    "unroll",
    _unroll_value,
    _unroll_spec,
    (lambda y, x, rows, columns: Unroll(rows, columns, np.shape(x)),),
)
FOLD = define(
    "fold",
    _fold_value,
    _fold_spec,
    (lambda y, x, rows, columns, shape: Transposed(Unroll(rows, columns, shape)),),
)


def unroll(x: Any, rows: Windows, columns: Windows) -> Any:
    """All entries of each window along the last axis, row by row, of an image (batch, height, width, ..., channels)."""
    return apply(UNROLL, x, rows=rows, columns=columns)


def fold(y: Any, rows: Windows, columns: Windows, shape: Shape) -> Any:
    """The image of that shape in which each entry is the sum of what stands for it in windows: unroll, transposed."""
    return apply(FOLD, y, rows=rows, columns=columns, shape=shape)


# The largest entry of each window.
def _pool_value(x: np.ndarray, rows: Windows, columns: Windows) -> np.ndarray:
    return reduce(np.maximum, (x[place] for _, place in _places(rows, columns)))


def _pool_spec(x: Spec, rows: Windows, columns: Windows) -> Spec:
    return Spec((x.shape[0], rows.count, columns.count, *x.shape[3:]), x.dtype)


def _unpool_value(s: np.ndarray, x: np.ndarray, y: np.ndarray, rows: Windows, columns: Windows) -> np.ndarray:
    wins = [(place, x[place] == y) for _, place in _places(rows, columns)]
    share = s / sum(win.astype(s.dtype) for _, win in wins)
    out = np.zeros(x.shape, s.dtype)
    for place, win in wins:
        out[place] += np.where(win, share, 0)
    return out


def _unpool_spec(s: Spec, x: Spec, y: Spec, rows: Windows, columns: Windows) -> Spec:
    if s.shape != y.shape:
        raise mismatch("max_unpool", s, y, needs="there must be an entry for each window")
    return Spec(x.shape, common(s.dtype, x.dtype))


@dataclass(frozen=True, slots=True, eq=False)
class Winners(LocalDerivative):
    """y is the largest entry of each window of x; those that tie share the derivative equally."""

    x: Array
    y: Array
    rows: Windows
    columns: Windows

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        if all(isinstance(part, np.ndarray) for part in (self.x, self.y)):
            placed = semiring.at_once(adjoint, self._placed, self._shares())
            if placed is not None:
                return placed
        if semiring.linear:
            fixed = {"rows": self.rows, "columns": self.columns}
            return semiring.move(adjoint, lambda c: apply(MAX_UNPOOL, c, self.x, self.y, **fixed))
        return self._spelled_out().pull(adjoint, semiring)

    def _shares(self) -> np.ndarray:
        """For each place of a window the part that its entry has in the largest one."""
        shares = np.stack([self.x[place] == self.y for _, place in _places(self.rows, self.columns)])
        shares = shares.astype(self.x.dtype if self.x.dtype.kind == "f" else float)
        shares /= np.sum(shares, axis=0)
        return shares

    def _placed(self, sums: Sequence[np.ndarray], shares: np.ndarray) -> list[np.ndarray]:
        """Images in which each entry has its shares of the windows that it is the largest of."""
        found = []
        for s in sums:
            image, part = np.zeros(self.x.shape, s.dtype), np.empty(shares.shape[1:], s.dtype)
            finite = bool(np.isfinite(s).all())
            for share, (_, place) in zip(shares, _places(self.rows, self.columns), strict=True):
                # Where there is no edge, nothing comes back of what is infinite either.
                np.multiply(share, s, out=part) if finite else np.copyto(part, np.where(share, share * s, 0))
                image[place] += part
            found.append(image)
        return found

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return self._spelled_out().push(tangent, semiring)

    def _spelled_out(self) -> Composition:
        """Windows laid out, a share for each entry, and a sum over each."""
        *lead, channels = np.shape(self.y)
        flat = unroll(self.x, self.rows, self.columns)
        apart = (*lead, self.rows.size * self.columns.size, channels)
        wins = np.reshape(flat, apart) == np.reshape(self.y, (*lead, 1, channels))
        wins = wins.astype(self.x.dtype)
        share = Scale(wins / np.sum(wins, axis=-2, keepdims=True))
        moves = Unroll(self.rows, self.columns, np.shape(self.x)), Reshape(np.shape(flat), apart)
        return Composition((*moves, share, Sum(apart, (len(lead),), np.shape(self.y))))


MAX_POOL = define(
    "max_pool",
    _pool_value,
    _pool_spec,
    (lambda y, x, rows, columns: Winners(x, y, rows, columns),),
    kink="entries of a window that tie for the maximum share the derivative equally",
)
MAX_UNPOOL = define(
    "max_unpool",
    _unpool_value,
    _unpool_spec,
    (lambda out, s, x, y, rows, columns: Transposed(Winners(x, y, rows, columns)), None, None),
)


def max_in_windows(x: Any, rows: Windows, columns: Windows) -> Any:
    """The largest entry of each window, channel by channel; the windows reach beyond no edge."""
    return apply(MAX_POOL, x, rows=rows, columns=columns)
