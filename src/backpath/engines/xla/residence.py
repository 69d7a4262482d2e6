"""What stays on the device between stretches of steps: the state of a training, and its data where they fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backpath.engines.steps import Intake
from backpath.engines.xla.library import wide
from backpath.engines.xla.placement import Placement
from backpath.engines.xla.segments import Segment

TAKEN = 1 << 22
"""Numbers that are taken from the host's rows at a time, on their way to the device."""


class Residence:
    """The host's arrays of a training, and their copies on the device; one of the two is ahead, or neither.

    Args:
        arrays: flat vectors that steps change, the parameters first.
        placement: where their copies go.

    Attributes:
        pieces: of which each vector consists on the device, if it is not one there.
    """

    def __init__(self, arrays: Sequence[np.ndarray], placement: Placement):
        self.arrays, self.placement = tuple(arrays), placement
        self.pieces: Sequence[Segment] | None = None
        self._state: tuple[Any, ...] | None = None
        self._ahead = False
        self._data: dict[Any, tuple[Any, Any]] = {}

    def state(self) -> tuple[Any, ...]:
        """The device's copies; whoever gives them away to steps must :meth:`keep` what these make of them."""
        if self._state is None:
            put, pieces = self.placement.state, self.pieces
            self._state = tuple(put(a) if pieces is None else tuple(put(p.of(a)) for p in pieces) for a in self.arrays)
        return self._state

    def keep(self, state: tuple[Any, ...]) -> None:
        """Steps made this of it."""
        self._state, self._ahead = state, True

    def fetch(self) -> None:
        """Bring the host's arrays up to the device's."""
        if self._ahead and self._state is not None:
            with wide():
                for value, array in zip(self._state, self.arrays, strict=True):
                    self._fetch(value, array)
        self._ahead = False

    def _fetch(self, value: Any, array: np.ndarray) -> None:
        if self.pieces is None:
            self.placement.fetch(value, array)
            return
        for piece, own in zip(self.pieces, value, strict=True):
            self.placement.fetch(own, piece.of(array))

    def changed(self) -> None:
        """The host's arrays were written, and count from now on."""
        self._state, self._ahead = None, False

    def data(self, intake: Intake) -> Any:
        """All rows that an intake takes from, on the device; None where they change, or do not fit there.

        Of class labels the numbers alone, of shape (examples,).
        """
        if intake.of is None:
            return None
        length, dtype = intake.target.shape[1], intake.target.dtype
        key = id(intake.of), length, dtype.str
        if key not in self._data:
            labels = intake.source is not None and intake.source.ndim == 1
            size = len(intake.of) * (4 if labels else length * dtype.itemsize)
            if size > self.placement.room():
                return None
            # Whoever is kept alive keeps its id.
            self._data[key] = intake.of, self.placement.data(_all_rows(intake))
        return self._data[key][1]


def _all_rows(intake: Intake) -> np.ndarray:
    if intake.source is not None:
        return intake.source.astype(np.int32) if intake.source.ndim == 1 else intake.source
    assert intake.of is not None
    count, length = len(intake.of), intake.target.shape[1]
    rows = np.empty((count, length), intake.target.dtype)
    step = max(TAKEN // max(length, 1), 1)
    for first in range(0, count, step):
        part = rows[first : first + step]
        intake.taker(part)(np.arange(first, first + len(part)))
    return rows
