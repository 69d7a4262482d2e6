"""The log-scaled semirings: path sums beyond the range of their floating-point type."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from backpath.ops import Semiring
from backpath.ops.semiring import Whole
from backpath.paths.semirings.images import MASS, PathNorm
from backpath.paths.semirings.standard import SUM_PRODUCT, SumProduct

NEAR = 24
"""How many powers of two the largest entry may lie from 1: products of two stay far inside float32's range."""

SAFE = 80
"""How many powers of two the largest entry of a product may lie from 1 before digits of others are lost."""


class Scaled(NamedTuple):
    """An array times a power of two: ``entries * 2**exponent``; the largest entry's size is from 2^-25 to 2^24."""

    entries: np.ndarray
    exponent: int

    def log10(self) -> np.ndarray:
        """The decimal logarithm of each entry's size; minus infinity where it is zero."""
        with np.errstate(divide="ignore"):
            return np.log10(np.abs(self.entries).astype(float)) + self.exponent * np.log10(2.0)

    def array(self) -> np.ndarray:
        """The numbers in their own type, or in float64 where that does not hold them; infinite beyond that."""
        largest = float(_largest(self.entries))
        if largest and math.isfinite(largest):
            reach = math.frexp(largest)[1] + self.exponent
            info = np.finfo(self.entries.dtype)
            if not info.minexp + NEAR < reach <= info.maxexp:
                with np.errstate(over="ignore"):
                    return np.ldexp(self.entries.astype(float), self.exponent)
        return np.ldexp(self.entries, self.exponent) if self.exponent else self.entries

    def total(self) -> Scaled:
        """The sum of all entries, in float64."""
        return _renewed(np.sum(self.entries, dtype=float), self.exponent)

    def root(self) -> Scaled:
        """The square root of each entry."""
        odd = self.exponent % 2
        entries = np.sqrt(self.entries * 2) if odd else np.sqrt(self.entries)
        return Scaled(entries, (self.exponent - odd) // 2)

    def over(self, whole: Scaled) -> float:
        """A single number over another; 1 over nothing."""
        if not float(whole.entries):
            return 1.0
        return _power(float(self.entries) / float(whole.entries), self.exponent - whole.exponent)

    def __float__(self) -> float:
        """A single number; infinite beyond float64."""
        return _power(float(self.entries), self.exponent)


def _power(x: float, exponent: int) -> float:
    try:
        return math.ldexp(x, exponent)
    except OverflowError:
        return math.copysign(math.inf, x)


class LogScaled(Semiring):
    """Ordinary sums and products, with one scale an array that is renewed where a step leaves it far from 1.

    Each step loses what lies below the type's own range when the largest entry is near 1, and nothing else.

    Args:
        inner: sums and products of which image of z, a whole power of it; by default of z itself.
    """

    def __init__(self, inner: SumProduct = SUM_PRODUCT):
        self.inner = inner
        self.name = "log-scaled" if inner is SUM_PRODUCT else f"log-scaled {inner.name}"
        self.subtracts = inner.subtracts

    def zero(self, shape: tuple[int, ...], dtype: Any) -> Scaled:
        return Scaled(self.inner.zero(shape, dtype), 0)

    def one(self, shape: tuple[int, ...], dtype: Any) -> Scaled:
        return Scaled(self.inner.one(shape, dtype), 0)

    def plus(self, s: Scaled, t: Scaled) -> Scaled:
        if s.exponent == t.exponent:
            return _renewed(s.entries + t.entries, s.exponent)
        if not np.any(s.entries):
            return t
        if not np.any(t.entries):
            return s
        large, small = (s, t) if s.exponent > t.exponent else (t, s)
        factor = math.ldexp(1.0, max(small.exponent - large.exponent, -1074))
        return _renewed(large.entries + small.entries * small.entries.dtype.type(factor), large.exponent)

    def multiply(self, s: Scaled, z: Any) -> Scaled:
        return self._product(s, z, self.inner.multiply)

    def reduce(self, s: Scaled, axes: tuple[int, ...]) -> Scaled:
        return _renewed(self.inner.reduce(s.entries, axes), s.exponent)

    def scatter(self, s: Scaled, index: Any, shape: tuple[int, ...]) -> Scaled:
        return _renewed(self.inner.scatter(s.entries, index, shape), s.exponent)

    def contract(self, s: Scaled, s_letters: str, z: Any, z_letters: str, out_letters: str) -> Scaled:
        return self._product(s, z, lambda a, by: self.inner.contract(a, s_letters, by, z_letters, out_letters))

    def move(self, s: Scaled, rearrange: Callable[[Any], Any]) -> Scaled:
        return Scaled(rearrange(s.entries), s.exponent)

    def at_once(self, s: Scaled, f: Whole, z: Any = None) -> Scaled | None:
        if self.inner.at_once(s.entries, lambda arrays, _: arrays) is None:
            return None
        if z is None:
            return _renewed(self.inner.at_once(s.entries, f), s.exponent)
        return self._product(s, z, lambda a, by: self.inner.at_once(a, f, by))

    def less_outer(self, s: Scaled, d: Any, outers: Sequence[tuple[Any, Any]], axis: int) -> Scaled | None:
        found = self.inner.less_outer(s.entries, d, outers, axis)
        return None if found is None else _renewed(found, s.exponent)

    def apply(self, s: Scaled, linear: Callable[[Any], Any]) -> Scaled:
        return _renewed(linear(s.entries), s.exponent)

    def cast(self, s: Scaled, dtype: Any) -> Scaled:
        return Scaled(self.inner.cast(s.entries, dtype), s.exponent)

    def _product(self, s: Scaled, z: Any, times: Callable[[Any, Any], Any]) -> Scaled:
        """Sums of products by ``times``, again with ``z`` near 1 where it has sent them far away."""
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            found = times(s.entries, z)
        far = _exponent(_largest(found))
        if far is not None and abs(far) <= SAFE:
            return _shifted(found, s.exponent, far)
        entries, exponent = _renewed(np.asarray(z), 0)
        if not exponent:
            return _renewed(found, s.exponent)
        _, power = math.frexp(float(self.inner.multiply(np.float64(1.0), np.float64(2.0))))
        return _renewed(times(s.entries, entries), s.exponent + exponent * (power - 1))


def _largest(entries: np.ndarray) -> Any:
    return max(np.max(entries, initial=0), -np.min(entries, initial=0))


def _exponent(largest: Any) -> int | None:
    """Of the power of two near a size; None where there is none."""
    return math.frexp(largest)[1] if largest > 0 and math.isfinite(largest) else None


def _renewed(entries: np.ndarray, exponent: int) -> Scaled:
    """The same numbers, with the largest brought near 1 if it is far from it."""
    return _shifted(entries, exponent, _exponent(_largest(entries)))


def _shifted(entries: np.ndarray, exponent: int, far: int | None) -> Scaled:
    if far is None or abs(far) <= NEAR:
        return Scaled(entries, exponent)
    # Times a power of two is exact, and faster than ldexp; that of a subnormal number may lie beyond the type's range.
    power = entries.dtype.type(math.ldexp(1.0, -far)) if abs(far) < SAFE + NEAR else None
    return Scaled(np.ldexp(entries, -far) if power is None else np.asarray(entries * power), exponent + far)


LOG_SCALED = LogScaled()
SCALED_MASS = LogScaled(MASS)
"""The absolute mass, whatever its size."""
SCALED_SQUARES = LogScaled(PathNorm(2))
"""The sum over paths of the square of their product, whatever its size."""


def product(s: Scaled, t: Scaled, axis: int | None = None) -> Scaled:
    """The sum over all entries of the products of two arrays, in float64; with ``axis`` for each index along it."""
    entries = s.entries * t.entries
    others = tuple(k for k in range(entries.ndim) if k != axis) if axis is not None else None
    return _renewed(np.sum(entries, axis=others, dtype=float), s.exponent + t.exponent)


def summed(numbers: Iterable[Scaled]) -> Scaled:
    """The sum of single numbers."""
    return reduce(LOG_SCALED.plus, numbers, LOG_SCALED.zero((), float))
