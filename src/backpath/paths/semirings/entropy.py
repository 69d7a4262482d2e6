"""The entropy semiring: how evenly the absolute mass of a gradient is spread over its paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from backpath.ops import Semiring, contract, scatter


class Spread(NamedTuple):
    """Path sums in pairs: of the sizes s of the paths' products, and of s log s."""

    mass: np.ndarray
    moment: np.ndarray


class Entropy(Semiring):
    """Sums of the sizes s of paths' products and of s log s (the expectation semiring, Eisner 2001), with 0 log 0 = 0.

    A matrix product takes three of the BLAS's: mass and moment by the sizes of the weights, mass by their moments.
    """

    name = "entropy"

    def zero(self, shape: tuple[int, ...], dtype: Any) -> Spread:
        return Spread(np.zeros(shape, _floating(dtype)), np.zeros(shape, _floating(dtype)))

    def one(self, shape: tuple[int, ...], dtype: Any) -> Spread:
        return Spread(np.ones(shape, _floating(dtype)), np.zeros(shape, _floating(dtype)))

    def plus(self, s: Spread, t: Spread) -> Spread:
        return Spread(s.mass + t.mass, s.moment + t.moment)

    def multiply(self, s: Spread, z: Any) -> Spread:
        size, moment = _sizes(z)
        total = np.asarray(s.moment * size)
        total += s.mass * moment
        return Spread(s.mass * size, total)

    def reduce(self, s: Spread, axes: tuple[int, ...]) -> Spread:
        return Spread(np.sum(s.mass, axis=axes), np.sum(s.moment, axis=axes))

    def scatter(self, s: Spread, index: Any, shape: tuple[int, ...]) -> Spread:
        return Spread(scatter(s.mass, index, shape), scatter(s.moment, index, shape))

    def contract(self, s: Spread, s_letters: str, z: Any, z_letters: str, out_letters: str) -> Spread:
        size, moment = _sizes(z)
        letters = z_letters, out_letters
        total = np.asarray(contract(s.moment, s_letters, size, *letters))
        total += contract(s.mass, s_letters, moment, *letters)
        return Spread(contract(s.mass, s_letters, size, *letters), total)

    def move(self, s: Spread, rearrange: Callable[[Any], Any]) -> Spread:
        return Spread(rearrange(s.mass), rearrange(s.moment))

    def cast(self, s: Spread, dtype: Any) -> Spread:
        return Spread(s.mass.astype(dtype), s.moment.astype(dtype))

    def entropy(self, s: Spread) -> Any:
        """The entropy in nats of the paths' shares of the mass: log(mass) - moment / mass, and 0 without a path."""
        mass = np.where(s.mass > 0, s.mass, 1.0)
        return np.where(s.mass > 0, np.log(mass) - s.moment / mass, 0.0)


def _sizes(z: Any) -> tuple[Any, Any]:
    """The sizes of z and their moments, s log s; of those too small for a logarithm, 0."""
    size = np.abs(np.asarray(z, _floating(np.asarray(z).dtype)))
    moment = np.asarray(np.maximum(size, np.finfo(size.dtype).tiny))
    np.log(moment, out=moment)
    moment *= size
    return size, moment


def _floating(dtype: Any) -> np.dtype:
    """The type itself if it is of real floating-point numbers, else float64: logarithms are not exact."""
    return np.dtype(dtype) if np.dtype(dtype).kind == "f" else np.dtype(float)


ENTROPY = Entropy()
