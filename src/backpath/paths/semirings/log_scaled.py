"""The log-scaled semiring: derivatives beyond the range of their floating-point type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from backpath.ops import Semiring, contract, scatter

NEAR = 16
"""How many powers of two the largest entry may lie from 1: products of two stay far inside float32's range."""


class Scaled(NamedTuple):
    """An array times a power of two: ``entries * 2**exponent``; the largest entry's size is from 2^-17 to 2^16."""

    entries: np.ndarray
    exponent: int

    def log10(self) -> np.ndarray:
        """The decimal logarithm of each entry's size; minus infinity where it is zero."""
        with np.errstate(divide="ignore"):
            return np.log10(np.abs(self.entries).astype(float)) + self.exponent * np.log10(2.0)


class LogScaled(Semiring):
    """Ordinary sums and products, with one scale an array that is renewed where a step leaves it far from 1.

    Each step loses what lies below the type's own range when the largest entry is near 1, and nothing else.
    """

    name = "log-scaled"
    subtracts = True

    def zero(self, shape: tuple[int, ...], dtype: Any) -> Scaled:
        return Scaled(np.zeros(shape, dtype), 0)

    def one(self, shape: tuple[int, ...], dtype: Any) -> Scaled:
        return _renewed(np.ones(shape, dtype), 0)

    def plus(self, s: Scaled, t: Scaled) -> Scaled:
        if not np.any(s.entries):
            return t
        if not np.any(t.entries):
            return s
        large, small = (s, t) if s.exponent >= t.exponent else (t, s)
        return _renewed(large.entries + np.ldexp(small.entries, small.exponent - large.exponent), large.exponent)

    def multiply(self, s: Scaled, z: Any) -> Scaled:
        entries, exponent = _renewed(np.asarray(z), 0)
        return _renewed(s.entries * entries, s.exponent + exponent)

    def reduce(self, s: Scaled, axes: tuple[int, ...]) -> Scaled:
        return _renewed(np.sum(s.entries, axis=axes), s.exponent)

    def scatter(self, s: Scaled, index: Any, shape: tuple[int, ...]) -> Scaled:
        return _renewed(scatter(s.entries, index, shape), s.exponent)

    def contract(self, s: Scaled, s_letters: str, z: Any, z_letters: str, out_letters: str) -> Scaled:
        entries, exponent = _renewed(np.asarray(z), 0)
        product = contract(s.entries, s_letters, entries, z_letters, out_letters)
        return _renewed(product, s.exponent + exponent)

    def move(self, s: Scaled, rearrange: Callable[[Any], Any]) -> Scaled:
        return Scaled(rearrange(s.entries), s.exponent)

    def apply(self, s: Scaled, linear: Callable[[Any], Any]) -> Scaled:
        return _renewed(linear(s.entries), s.exponent)

    def cast(self, s: Scaled, dtype: Any) -> Scaled:
        return Scaled(s.entries.astype(dtype), s.exponent)


def _renewed(entries: np.ndarray, exponent: int) -> Scaled:
    """The same numbers, with the largest brought near 1 if it is far from it."""
    largest = max(np.max(entries, initial=0), -np.min(entries, initial=0))
    if largest == 0 or not np.isfinite(largest):
        return Scaled(entries, exponent)
    shift = int(np.frexp(largest)[1])
    if abs(shift) <= NEAR:
        return Scaled(entries, exponent)
    return Scaled(np.ldexp(entries, -shift), exponent + shift)


LOG_SCALED = LogScaled()
