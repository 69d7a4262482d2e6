"""A flat vector of parameters laid out over devices: each holds a piece of every parameter, cut along its largest axis.

Between steps the vector is of length devices x part, the pieces of device d at d x part. A parameter whose largest axis
does not divide is cut as if it were longer; what is added is 0, and stays so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Layout:
    """Where each parameter's pieces lie.

    Attributes:
        shapes: of the parameters, in their order in the flat vector.
        devices: how many there are.
    """

    shapes: tuple[tuple[int, ...], ...]
    devices: int

    @cached_property
    def cuts(self) -> list[_Cut]:
        """How each parameter is cut."""
        found, start, at = [], 0, 0
        for shape in self.shapes:
            found.append(_Cut(shape, self.devices, start, at))
            start, at = start + found[-1].size, at + found[-1].length
        return found

    @property
    def part(self) -> int:
        """How many numbers each device holds."""
        return sum(cut.length for cut in self.cuts)

    @property
    def size(self) -> int:
        """How many there are in all."""
        return self.devices * self.part

    def spread(self, flat: np.ndarray) -> np.ndarray:
        """The host's flat vector as it is laid out."""
        pieces = [cut.pieces(flat[cut.start : cut.start + cut.size].reshape(cut.shape), np) for cut in self.cuts]
        return np.concatenate(pieces, axis=1).reshape(-1)

    def collect(self, spread: np.ndarray, out: np.ndarray) -> None:
        """Write what is laid out into the host's flat vector."""
        for k, cut in enumerate(self.cuts):
            out[cut.start : cut.start + cut.size] = self.leaf(spread, k, np).reshape(-1)

    def leaf(self, spread: Any, number: int, numpy: Any) -> Any:
        """A parameter in its shape."""
        cut = self.cuts[number]
        return cut.whole(spread.reshape(self.devices, self.part)[:, cut.at : cut.at + cut.length], numpy)

    def joined(self, leaves: Sequence[Any], numpy: Any) -> Any:
        """Arrays shaped as the parameters, laid out."""
        pieces = [cut.pieces(leaf, numpy) for cut, leaf in zip(self.cuts, leaves, strict=True)]
        return numpy.concatenate(pieces, axis=1).reshape(-1)


@dataclass(frozen=True, slots=True)
class _Cut:
    """A parameter: its shape, and where it starts in the flat vector and, in pieces, in each device's part."""

    shape: tuple[int, ...]
    devices: int
    start: int
    at: int

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=int))

    @property
    def _padded(self) -> tuple[int, ...]:
        """The shape with its largest axis as long as divides among the devices, and first."""
        shape = self.shape or (1,)
        longest = -(-shape[self._axis] // self.devices) * self.devices
        return (longest, *shape[: self._axis], *shape[self._axis + 1 :])

    @property
    def _axis(self) -> int:
        return int(np.argmax(self.shape)) if self.shape else 0

    @property
    def length(self) -> int:
        """Of a piece."""
        return int(np.prod(self._padded, dtype=int)) // self.devices

    def pieces(self, array: Any, numpy: Any) -> Any:
        """The parameter in pieces, of shape (devices, length)."""
        first = numpy.moveaxis(array.reshape(self.shape or (1,)), self._axis, 0)
        missing = self._padded[0] - first.shape[0]
        if missing:
            first = numpy.pad(first, [(0, missing), *[(0, 0)] * (first.ndim - 1)])
        return first.reshape(self.devices, self.length)

    def whole(self, pieces: Any, numpy: Any) -> Any:
        """The parameter of its pieces."""
        first = pieces.reshape(self._padded)[: (self.shape or (1,))[self._axis]]
        return numpy.moveaxis(first, 0, self._axis).reshape(self.shape)
