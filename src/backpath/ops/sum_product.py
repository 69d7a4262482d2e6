"""The semiring of derivatives: ordinary sums and products of arrays, known or traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.ops.arrays import cumulate
from backpath.ops.contraction import contract
from backpath.ops.movement import scatter
from backpath.ops.semiring import Semiring, Whole


class SumProduct(Semiring):
    """Ordinary plus and times: the path sums are derivatives (Aggarwal, eq. 3.8).

    Values are arrays, known or traced.
    """

    name = "sum-product"
    subtracts = True
    linear = True
    traceable = True

    def zero(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.zeros(shape, dtype)

    def one(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.ones(shape, dtype)

    def plus(self, s: Any, t: Any) -> Any:
        return s + t

    def multiply(self, s: Any, z: Any) -> Any:
        return s * z

    def reduce(self, s: Any, axes: tuple[int, ...]) -> Any:
        return np.sum(s, axis=axes)

    def scatter(self, s: Any, index: Any, shape: tuple[int, ...]) -> Any:
        return scatter(s, index, shape)

    def contract(self, s: Any, s_letters: str, z: Any, z_letters: str, out_letters: str) -> Any:
        if _repeats_one_number(s) and isinstance(z, np.ndarray):
            return _times_sums(s, s_letters, z, z_letters, out_letters)
        return contract(s, s_letters, z, z_letters, out_letters)

    def accumulate(self, s: Any, axis: int, reverse: bool, shape: tuple[int, ...]) -> Any:
        return cumulate(s, axis, reverse)

    def at_once(self, s: Any, f: Whole, z: Any = None) -> Any:
        return f([s], z)[0] if known(s) else None

    def move(self, s: Any, rearrange: Callable[[Any], Any]) -> Any:
        return rearrange(s)

    def cast(self, s: Any, dtype: Any) -> Any:
        return s.astype(dtype)


def known(s: Any) -> bool:
    """Whether path sums are an array of real floating-point numbers, and not traced."""
    return isinstance(s, np.ndarray) and s.dtype.kind == "f"


def _repeats_one_number(s: Any) -> bool:
    return isinstance(s, np.ndarray) and s.size > 1 and not any(s.strides)


def _times_sums(s: np.ndarray, s_letters: str, z: np.ndarray, z_letters: str, out_letters: str) -> np.ndarray:
    """The contraction of one number, repeated, with z: sums of z alone, as seeds of ones need."""
    sums = np.sum(z, axis=tuple(k for k, c in enumerate(z_letters) if c not in out_letters)) * s.flat[0]
    return repeated(sums, z_letters, {**sizes(s, s_letters), **sizes(z, z_letters)}, out_letters)


def repeated(sums: Any, letters: str, size: dict[str, int], out_letters: str) -> Any:
    """Sums over those of ``letters`` that are not put out, repeated along those that are put out and were not there."""
    kept = [c for c in letters if c in out_letters]
    order = sorted(range(len(kept)), key=lambda k: out_letters.index(kept[k]))
    spread = np.transpose(sums, order).reshape([size[c] if c in kept else 1 for c in out_letters])
    return np.broadcast_to(spread, [size[c] for c in out_letters])


def sizes(x: Any, letters: str) -> dict[str, int]:
    """The size of each letter's axis."""
    return dict(zip(letters, np.shape(x), strict=True))


SUM_PRODUCT = SumProduct()
