"""Linear maps between matrices, from which the local derivatives of linear algebra are put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.ops.linalg.matrices import transposed
from backpath.ops.local import Composition, Contract, LocalDerivative, Scale, Transpose, reshaped
from backpath.ops.semiring import Array, Semiring, Value
from backpath.ops.subscripts import LETTERS
from backpath.ops.sum_product import SUM_PRODUCT

Shape = tuple[int, ...]


def batch(x: Any, core: int = 2) -> str:
    """Letters for the axes before the last ``core``."""
    return LETTERS[: np.ndim(x) - core]


def left(m: Any) -> Contract:
    """x -> m x."""
    b = batch(m)
    return Contract(b + "xy", m, b + "zx", b + "zy")


def right(m: Any) -> Contract:
    """x -> x m."""
    b = batch(m)
    return Contract(b + "xy", m, b + "yz", b + "xz")


def swapped(x: Any) -> Transpose:
    """x -> x^T, for x with as many axes as this one."""
    ndim = np.ndim(x)
    return Transpose((*range(ndim - 2), ndim - 1, ndim - 2))


def symmetrized(x: Any) -> LocalDerivative:
    """x -> (x + x^T) / 2."""
    half = np.asarray(0.5, x.dtype)
    return Together((Scale(half), chain(swapped(x), Scale(half))))


def chain(*maps: LocalDerivative) -> Composition:
    """Maps one after another, the first one to x."""
    return Composition(maps)


def without_span(q: Any, transposed_q: Any) -> LocalDerivative:
    """x -> x - q (q^T x): what of each column is not in the span of q's columns, which are orthonormal."""
    return Together((Composition(), chain(left(transposed_q), left(-q))))


@dataclass(frozen=True, slots=True, eq=False)
class Together(LocalDerivative):
    """The sum of several maps of one source."""

    maps: tuple[LocalDerivative, ...]

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        return self._sum([part.pull(adjoint, semiring) for part in self.maps], semiring)

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return self._sum([part.push(tangent, semiring) for part in self.maps], semiring)

    def _sum(self, parts: list[Value], semiring: Semiring) -> Value:
        total = parts[0]
        for part in parts[1:]:
            total = semiring.plus(total, part)
        return total


@dataclass(frozen=True, slots=True, eq=False)
class Applied(LocalDerivative):
    """A linear map of matrices given by what it does to them, and by what its transpose does.

    ``matrix`` writes it as a product from the left where path sums are more than numbers.
    """

    forward: Callable[[Array], Array]
    backward: Callable[[Array], Array]
    matrix: Callable[[], Array] | None = None

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        if semiring.subtracts or self.matrix is None:
            return semiring.apply(adjoint, self.backward)
        return left(self.matrix()).pull(adjoint, semiring)

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        if semiring.subtracts or self.matrix is None:
            return semiring.apply(tangent, self.forward)
        return left(self.matrix()).push(tangent, semiring)


@dataclass(frozen=True, slots=True, eq=False)
class Atomic(LocalDerivative):
    """One edge whose formula has several terms for a pair of entries.

    A semiring without subtraction sees each scalar derivative whole: there the Jacobian of each matrix is written out.

    Attributes:
        formula: the map.
        in_shape, out_shape: of the source and the target, leading axes included.
        lead: how many leading axes number the matrices.
    """

    formula: LocalDerivative
    in_shape: Shape
    out_shape: Shape
    lead: int

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        return (self.formula if semiring.subtracts else self.dense()).pull(adjoint, semiring)

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        return (self.formula if semiring.subtracts else self.dense()).push(tangent, semiring)

    def dense(self) -> LocalDerivative:
        """The same map as a contraction with the Jacobian of each matrix."""
        core_in, core_out = self.in_shape[self.lead :], self.out_shape[self.lead :]
        size = int(np.prod(core_in, dtype=int))
        units = np.eye(size).reshape(size, *core_in)
        columns = [self.formula.push(np.broadcast_to(unit, self.in_shape), SUM_PRODUCT) for unit in units]
        stacked = np.stack(columns, -1) if columns else np.zeros((*self.out_shape, 0))
        jacobian = reshaped(stacked, (*self.out_shape, *core_in))
        b, rest = LETTERS[: self.lead], LETTERS[self.lead :]
        y, x = rest[: len(core_out)], rest[len(core_out) :][: len(core_in)]
        return Contract(b + x, jacobian, b + y + x, b + y)


def inverse(solve: Callable[[Any, Any], Any], solve_transposed: Callable[[Any, Any], Any], a: Any) -> Applied:
    """x -> a^-1 x, by solving."""
    identity = np.broadcast_to(np.eye(np.shape(a)[-1], dtype=a.dtype), np.shape(a))
    return Applied(lambda x: solve(a, x), lambda x: solve_transposed(transposed(a), x), lambda: solve(a, identity))
