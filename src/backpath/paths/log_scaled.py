"""The log-scaled semiring: derivatives beyond the range of their floating-point type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from backpath.ops import Semiring, contract, scatter


class Scaled(NamedTuple):
    """An array times a power of two: ``entries * 2**exponent``, with the largest entry's size in [1/2, 1)."""

    entries: np.ndarray
    exponent: int

    def log10(self) -> np.ndarray:
        """The decimal logarithm of each entry's size; minus infinity where it is zero."""
        with np.errstate(divide="ignore"):
            return np.log10(np.abs(self.entries).astype(float)) + self.exponent * np.log10(2.0)


class LogScaled(Semiring):
    """Ordinary sums and products, with one scale an array that is renewed after every step.

    Each step loses what lies more than the type's own range below the largest entry, and nothing else.
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

    def cast(self, s: Scaled, dtype: Any) -> Scaled:
        return Scaled(s.entries.astype(dtype), s.exponent)


def _renewed(entries: np.ndarray, exponent: int) -> Scaled:
    """The same numbers with the largest size in [1/2, 1)."""
    largest = np.max(np.abs(entries), initial=0)
    if largest == 0 or not np.isfinite(largest):
        return Scaled(entries, exponent)
    shift = int(np.frexp(largest)[1])
    return Scaled(np.ldexp(entries, -shift), exponent + shift)


LOG_SCALED = LogScaled()
