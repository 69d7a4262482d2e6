"""Local derivatives: z(i, j) of an array-valued edge as a structured linear map.

``pull`` carries an adjoint (path sums from the target to the output) back over the edge, ``push`` carries
a tangent (path sums from the source) forward; both in any semiring. Structure is a type: a diagonal is never
stored as a matrix. The arrays inside may be traced values, so that a pull can itself be differentiated.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.ops.dispatch import METHODS
from backpath.ops.semiring import Array, Semiring, Value

Shape = tuple[int, ...]


class LocalDerivative(ABC):
    """The linear map dy(j)/dy(i) of one edge."""

    __slots__ = ()

    @abstractmethod
    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        """Carry path sums of the edge's target back to its source (the transposed map)."""

    @abstractmethod
    def push(self, tangent: Value, semiring: Semiring) -> Value:
        """Carry path sums of the edge's source forward to its target."""


@dataclass(frozen=True, slots=True, eq=False)
class Scale(LocalDerivative):
    """Elementwise: y has x's shape, and dy/dx = diag(z). ``z`` may be anything that broadcasts to the shape."""

    z: Array

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        return semiring.multiply(adjoint, self.z)

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return semiring.multiply(tangent, self.z)


@dataclass(frozen=True, slots=True, eq=False)
class Mask(Scale):
    """Elementwise, of an operation that chooses: where ``z`` is 0, y does not depend on x, and there is no edge."""

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        return semiring.mask(adjoint, self.z)

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return semiring.mask(tangent, self.z)


@dataclass(frozen=True, slots=True, eq=False)
class Contract(LocalDerivative):
    """y = einsum("x_letters,w_letters->y_letters", x, w) with the operand w fixed.

    Every letter stands in at least two of the three, so that push and pull are contractions of the same kind.
    """

    x_letters: str
    operand: Array
    w_letters: str
    y_letters: str

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        return semiring.contract(adjoint, self.y_letters, self.operand, self.w_letters, self.x_letters)

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return semiring.contract(tangent, self.x_letters, self.operand, self.w_letters, self.y_letters)


@dataclass(frozen=True, slots=True, eq=False)
class Sum(LocalDerivative):
    """y = sum of x over ``axes``; ``out_shape`` is with or without the summed axes kept as 1."""

    in_shape: Shape
    axes: tuple[int, ...]
    out_shape: Shape

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        kept = tuple(1 if k in self.axes else n for k, n in enumerate(self.in_shape))
        return semiring.move(adjoint, lambda c: np.broadcast_to(reshaped(c, kept), self.in_shape))

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return semiring.move(semiring.reduce(tangent, self.axes), lambda c: reshaped(c, self.out_shape))


@dataclass(frozen=True, slots=True, eq=False)
class Cumulate(LocalDerivative):
    """y = sums of x along ``axis`` from its beginning, or from its end, up to each place."""

    shape: Shape
    axis: int
    reverse: bool

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        return semiring.accumulate(adjoint, self.axis, not self.reverse, self.shape)

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return semiring.accumulate(tangent, self.axis, self.reverse, self.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Broadcast(LocalDerivative):
    """y = x repeated to ``out_shape`` by NumPy's broadcasting rules: the transpose of a Sum."""

    in_shape: Shape
    out_shape: Shape

    def _sum(self) -> Sum:
        lead = len(self.out_shape) - len(self.in_shape)
        stretched = (k for k, n in enumerate(self.in_shape, lead) if n != self.out_shape[k])
        return Sum(self.out_shape, (*range(lead), *stretched), self.in_shape)

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        return self._sum().push(adjoint, semiring)

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return semiring.move(tangent, lambda c: np.broadcast_to(c, self.out_shape))


class Move(LocalDerivative):
    """Every entry of y is an entry of x or zero, and every edge's derivative is 1."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Reshape(Move):
    """The same entries in the same order under another shape."""

    in_shape: Shape
    out_shape: Shape

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        return semiring.move(adjoint, lambda c: reshaped(c, self.in_shape))

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return semiring.move(tangent, lambda c: reshaped(c, self.out_shape))


@dataclass(frozen=True, slots=True, eq=False)
class Transpose(Move):
    """Axes permuted: axis k of y is axis ``axes[k]`` of x."""

    axes: tuple[int, ...]

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        inverse = tuple(sorted(range(len(self.axes)), key=self.axes.__getitem__))
        return semiring.move(adjoint, lambda c: np.transpose(c, inverse))

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return semiring.move(tangent, lambda c: np.transpose(c, self.axes))


@dataclass(frozen=True, slots=True, eq=False)
class Cast(Move):
    """The same entries in another floating-point type."""

    in_dtype: np.dtype
    out_dtype: np.dtype

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        return semiring.cast(adjoint, self.in_dtype)

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return semiring.cast(tangent, self.out_dtype)


@dataclass(frozen=True, slots=True, eq=False)
class Gather(Move):
    """y = x[index]: a slice, or integer positions of which some may repeat."""

    index: Any
    in_shape: Shape

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        return semiring.scatter(adjoint, self.index, self.in_shape)

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return semiring.move(tangent, lambda c: METHODS["getitem"](c, self.index))


@dataclass(frozen=True, slots=True, eq=False)
class Scatter(Move):
    """y = zeros(out_shape) with x summed in at ``index``: the transpose of a Gather."""

    index: Any
    out_shape: Shape

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        return semiring.move(adjoint, lambda c: METHODS["getitem"](c, self.index))

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return semiring.scatter(tangent, self.index, self.out_shape)


@dataclass(frozen=True, slots=True, eq=False)
class TakeRows(Move):
    """y = x[rows] for whole numbers that are values themselves, and may be traced."""

    rows: Array
    in_shape: Shape

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        return semiring.scatter(adjoint, self.rows, self.in_shape)

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return semiring.move(tangent, lambda c: METHODS["take_rows"](c, self.rows))


@dataclass(frozen=True, slots=True, eq=False)
class AddRows(Move):
    """y = zeros(out_shape) with the rows of x added in at ``rows``: the transpose of TakeRows."""

    rows: Array
    out_shape: Shape

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        return semiring.move(adjoint, lambda c: METHODS["take_rows"](c, self.rows))

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return semiring.scatter(tangent, self.rows, self.out_shape)


@dataclass(frozen=True, slots=True, eq=False)
class DiagonalLessOuter(LocalDerivative):
    """Along one axis, dy_i/dx_j = d_i [i = j] - sum over the pairs of u_i v_j: softmax and its kin in linear time.

    A semiring without subtraction cannot use the factors, since its plus acts on whole derivatives: there the
    Jacobian of each row is written out, n entries for every entry of y.
    """

    d: Array
    outers: tuple[tuple[Array, Array], ...]
    axis: int

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        if semiring.subtracts:
            return self._factored(adjoint, self.outers, semiring)
        summed = semiring.less_outer(adjoint, self.d, self.outers, self.axis)
        return self.dense().pull(adjoint, semiring) if summed is None else summed

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        turned = tuple((v, u) for u, v in self.outers)
        if semiring.subtracts:
            return self._factored(tangent, turned, semiring)
        summed = semiring.less_outer(tangent, self.d, turned, self.axis)
        return self.dense().push(tangent, semiring) if summed is None else summed

    def _factored(self, s: Value, outers: tuple[tuple[Array, Array], ...], semiring: Semiring) -> Value:
        total = semiring.multiply(s, self.d)
        for into, out in outers:
            summed = semiring.reduce(semiring.multiply(s, into), (self.axis,))
            spread = semiring.move(summed, lambda c: np.expand_dims(c, self.axis))
            total = semiring.plus(total, semiring.multiply(spread, -out))
        return total

    def dense(self) -> LocalDerivative:
        """The same map with each row's Jacobian written out."""
        parts = (self.d, *(part for pair in self.outers for part in pair))
        shape = np.broadcast_shapes(*(np.shape(part) for part in parts))
        ndim = len(shape)
        rows = "abcdefgh"[:ndim]
        x, y = (rows[: self.axis] + letter + rows[self.axis + 1 :] for letter in "xy")
        last = rows.replace(rows[self.axis], "")
        to_end = [k for k in range(ndim) if k != self.axis] + [self.axis]
        d, *factors = (np.transpose(np.broadcast_to(part, shape), to_end) for part in parts)
        jacobian = d[..., None] * np.eye(shape[self.axis])
        for u, v in zip(factors[::2], factors[1::2], strict=True):
            jacobian = jacobian - u[..., None] * v[..., None, :]
        return Contract(x, jacobian, last + "yx", y)


@dataclass(frozen=True, slots=True, eq=False)
class Composition(LocalDerivative):
    """Maps applied one after another, the first one to x. Without any it is the identity."""

    maps: tuple[LocalDerivative, ...] = ()

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        for part in reversed(self.maps):
            adjoint = part.pull(adjoint, semiring)
        return adjoint

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        for part in self.maps:
            tangent = part.push(tangent, semiring)
        return tangent


IDENTITY = Composition()


class Joint(ABC):
    """The linear maps from several operands to one value, where all of them take hardly more work than one."""

    def __init__(self) -> None:
        self._last: tuple[Value, Semiring, dict[int, Value]] | None = None

    def pulled(self, adjoint: Value, semiring: Semiring) -> dict[int, Value]:
        """Path sums from each operand, by slot; one adjoint is carried back once for all of them."""
        if self._last is None or self._last[0] is not adjoint or self._last[1] is not semiring:
            self._last = adjoint, semiring, self.pull_all(adjoint, semiring)
        return self._last[2]

    @abstractmethod
    def pull_all(self, adjoint: Value, semiring: Semiring) -> dict[int, Value]:
        """Carry path sums of the target back to the operands that are asked for."""

    @abstractmethod
    def push_all(self, tangents: Mapping[int, Value], semiring: Semiring) -> Value:
        """Carry path sums of some operands, by slot, forward to the target."""


@dataclass(frozen=True, slots=True, eq=False)
class Within(LocalDerivative):
    """One of joint maps: that from the operand at ``slot``."""

    joint: Joint
    slot: int

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        return semiring.through({0: adjoint}, lambda sums, ring: self.joint.pulled(sums[0], ring)[self.slot])

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return semiring.through({self.slot: tangent}, self.joint.push_all)


def reshaped(c: Array, shape: Shape) -> Array:
    """``c`` under ``shape``; ``c`` itself where it has it already."""
    return c if np.shape(c) == shape else np.reshape(c, shape)
