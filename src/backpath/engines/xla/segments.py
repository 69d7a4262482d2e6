"""Where in flat vectors the arrays lie that programs read and write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.engines.program.strides import address
from backpath.graph import ShapeError


@dataclass(frozen=True, slots=True)
class Segment:
    """Where in a flat vector, or in what an intake fills, an input or output of a program lies.

    Attributes:
        base: the number of the vector or intake.
        start: of its first entry.
        shape: of the whole.
    """

    base: int
    start: int
    shape: tuple[int, ...]

    @property
    def stop(self) -> int:
        """Behind its last entry."""
        return self.start + int(np.prod(self.shape, dtype=int))

    def of(self, flat: Any) -> Any:
        """It, out of that vector."""
        return flat.reshape(-1)[self.start : self.stop].reshape(self.shape)


def segment(array: np.ndarray, bases: Sequence[np.ndarray], what: str) -> Segment:
    """Where in one of the bases an array lies, entry after entry.

    Raises:
        ShapeError: if in none of them.
    """
    for number, base in enumerate(bases):
        start = (address(array) - address(base)) // base.itemsize
        if array.dtype == base.dtype and start >= 0 and start + array.size <= base.size:
            return Segment(number, start, array.shape)
    raise ShapeError(f"{what} of shape {list(array.shape)} does not lie where the step's arrays do")
