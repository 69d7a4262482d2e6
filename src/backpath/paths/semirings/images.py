"""Semirings of ordinary sums and products in which each z(i, j) is replaced by an image of it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from backpath.ops import contract
from backpath.ops.semiring import Whole
from backpath.paths.semirings.outer_sums import sums_over_rows
from backpath.paths.semirings.standard import SumProduct


class Image(SumProduct):
    """Sums over paths of the product of the images of z along each; the image of a product is that of its factors."""

    subtracts = False
    linear = False

    @abstractmethod
    def image(self, z: Any) -> Any:
        """What stands for ``z``, entry by entry."""

    def multiply(self, s: Any, z: Any) -> Any:
        return s * self.image(z)

    def contract(self, s: Any, s_letters: str, z: Any, z_letters: str, out_letters: str) -> Any:
        return super().contract(s, s_letters, self.image(z), z_letters, out_letters)

    def at_once(self, s: Any, f: Whole, z: Any = None) -> Any:
        return super().at_once(s, f, None if z is None else self.image(z))


class PathNorm(Image):
    """The sum over paths of the q-th power of the size of their product; with q = 1 the absolute mass.

    The path norm itself is the q-th root of it (Neyshabur and others, "Path-SGD", 2015, for the norm of weights).

    Raises:
        ValueError: if ``q`` is not positive.
    """

    def __init__(self, q: float):
        if not q > 0:
            raise ValueError(f"q={q}: a path norm has a positive exponent")
        self.q = q
        self.name = "absolute mass" if q == 1 else f"path norm, q = {q:g}"

    def image(self, z: Any) -> Any:
        return abs(z) if self.q == 1 else z * z if self.q == 2 else abs(z) ** self.q

    def less_outer(self, s: Any, d: Any, outers: Sequence[tuple[Any, Any]], axis: int) -> Any:
        parts = (s, d, *(part for pair in outers for part in pair))
        known = all(isinstance(x, (np.ndarray, np.generic, float)) and np.asarray(x).dtype.kind == "f" for x in parts)
        if not known or len(outers) > 2 or (len(outers) == 2 and self.q != 1):
            return None
        return sums_over_rows(s, d, outers, axis, self.image)

    def norm(self, s: Any) -> Any:
        """The path norm, from the path sum."""
        return s if self.q == 1 else s ** (1 / self.q)


DIGIT_BITS = 32


class ActiveCount(Image):
    """How many paths carry anything: those without a z that is zero. Exact Python integers in arrays of objects."""

    name = "active path count"
    traceable = False

    def zero(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.zeros(shape, object)

    def one(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.ones(shape, object)

    def image(self, z: Any) -> Any:
        return np.where(np.asarray(z) != 0, 1, 0).astype(object)

    def multiply(self, s: Any, z: Any) -> Any:
        return np.asarray(super().multiply(s, z), object)

    def contract(self, s: Any, s_letters: str, z: Any, z_letters: str, out_letters: str) -> Any:
        """Digits to the base 2^32 at a time, whose sums of fewer than 2^20 the BLAS does exactly."""
        mask = np.asarray(np.asarray(z) != 0, float)
        bits = max((int(count).bit_length() for count in np.ravel(s)), default=0)
        total = np.asarray(0, object)
        for shift in range(0, max(bits, 1), DIGIT_BITS):
            digit = np.asarray((s >> shift) & (2**DIGIT_BITS - 1), float)
            sums = contract(digit, s_letters, mask, z_letters, out_letters)
            total = total + (np.asarray(np.asarray(sums, np.int64), object) << shift)
        return total

    def reduce(self, s: Any, axes: tuple[int, ...]) -> Any:
        return np.asarray(super().reduce(s, axes), object)

    def cast(self, s: Any, dtype: Any) -> Any:
        return s


MASS = PathNorm(1)
ACTIVE_COUNT = ActiveCount()
