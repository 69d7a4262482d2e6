"""Arrays as addresses and strides: axes of size 1 left out, and axes merged that lie in memory as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def address(array: np.ndarray) -> int:
    """Where its first entry lies."""
    return array.__array_interface__["data"][0]


def view_at(array: np.ndarray, index: Any) -> np.ndarray:
    """The view ``array[index]``, even of one entry, which would be a number that does not change with the array."""
    parts = index if isinstance(index, tuple) else (index,)
    return array[parts if Ellipsis in parts else (*parts, ...)]


def strides_of(array: np.ndarray) -> list[int]:
    """In entries."""
    return [stride // array.itemsize for stride in array.strides]


def span(array: np.ndarray) -> tuple[int, int]:
    """The first address that an array touches, and the one after the last."""
    low, high = np.lib.array_utils.byte_bounds(array)
    return int(low), int(high)


def merged(arrays: Sequence[np.ndarray], most: int) -> tuple[list[int], list[list[int]]]:
    """Sizes and, for each array, strides of fewer axes that visit the same entries in the same order.

    Args:
        arrays: of one shape.
        most: axes are merged only while there are more.
    """
    sizes = [n for n in arrays[0].shape if n != 1]
    strides = [[s for s, n in zip(strides_of(a), a.shape, strict=True) if n != 1] for a in arrays]
    k = len(sizes) - 2
    while k >= 0 and len(sizes) > most:
        if all(s[k] == s[k + 1] * sizes[k + 1] for s in strides):
            sizes[k : k + 2] = [sizes[k] * sizes[k + 1]]
            for s in strides:
                s[k : k + 2] = [s[k + 1]]
        k -= 1
    return sizes, strides
