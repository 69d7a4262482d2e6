"""All that is written into fresh arrays, one piece after another, and how entries are read from the pieces."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.graph import TraceError
from backpath.ops.tracing.variable import Variable, settled

SCATTERED = 16
"""Entries in at most so many runs, and two for each piece, are joined from slices, as every engine can; others are
looked up by position."""


class Pieces:
    """All that was written into buffers that share entries, in the order of writing, as one long row."""

    __slots__ = ("dtype", "pieces", "size", "starts")

    def __init__(self, dtype: np.dtype):
        self.dtype = dtype
        self.pieces: list[Any] = []
        self.starts: list[int] = []
        self.size = 0

    def append(self, value: Any) -> np.ndarray:
        """The places of the entries of ``value``, in its shape.

        Raises:
            TraceError: if an entry would lose a part of its number.
        """
        value = settled(value)
        value = value if isinstance(value, Variable) else np.array(value)
        if value.dtype.kind not in "biuf" or np.result_type(value.dtype, self.dtype).kind != self.dtype.kind:
            raise TraceError(
                f"a value of {value.dtype} cannot be kept in an array of {self.dtype}: make the array with "
                f"dtype={value.dtype}, as np.zeros_like(x, dtype=float)"
            )
        start, shape = self.size, value.shape
        self.pieces.append(value.astype(self.dtype))
        self.starts.append(start)
        self.size += int(np.prod(shape, dtype=int))
        return np.arange(start, self.size).reshape(shape)

    def gather(self, places: np.ndarray) -> Any:
        """The entries at ``places``: known if all of them are, else traced."""
        flat = places.reshape(-1)
        which = np.searchsorted(self.starts, flat, side="right") - 1
        used = np.unique(which).tolist()
        if not any(isinstance(self.pieces[k], Variable) for k in used):
            return self._known(flat, which, used).reshape(places.shape)
        breaks = len(flat) - 1 - np.count_nonzero((np.diff(flat) >> 1 == 0) & (np.diff(which) == 0))
        runs = _runs(flat, which) if breaks < SCATTERED + 2 * len(used) else None
        if runs is None:
            joined, moved = self._joined(flat, which, used)
            return joined[moved.reshape(places.shape)]
        parts = [self._run(*run) for run in runs]
        return np.reshape(parts[0] if len(parts) == 1 else np.concatenate(parts), places.shape)

    def _run(self, number: int, place: int, count: int, step: int) -> Any:
        """``count`` entries of one piece along one axis: one after another, or one entry again and again."""
        piece = self.pieces[number]
        size = int(np.prod(piece.shape, dtype=int))
        if step and count == size:
            return piece if piece.ndim == 1 else np.reshape(piece, (-1,))
        start = place - self.starts[number]
        part = np.reshape(piece, (-1,))[start : start + (count if step else 1)]
        return part if step else np.broadcast_to(part, (count,))

    def _joined(self, flat: np.ndarray, which: np.ndarray, used: list[int]) -> tuple[Any, np.ndarray]:
        """The pieces that are used as one row, and the places in it."""
        shifts, size = np.zeros(len(self.pieces), int), 0
        for k in used:
            shifts[k] = size - self.starts[k]
            size += int(np.prod(self.pieces[k].shape, dtype=int))
        return np.concatenate([np.reshape(self.pieces[k], (-1,)) for k in used]), flat + shifts[which]

    def _known(self, flat: np.ndarray, which: np.ndarray, used: list[int]) -> np.ndarray:
        found = np.empty(flat.shape, self.dtype)
        for k in used:
            found[which == k] = self.pieces[k].reshape(-1)[flat[which == k] - self.starts[k]]
        return found


def _runs(flat: np.ndarray, which: np.ndarray) -> list[tuple[int, int, int, int]]:
    """The places as runs: the piece, the first place in it, how many, and by which step (1, or 0 where it repeats)."""
    steps = np.where(np.diff(which) == 0, np.diff(flat), -1)
    ends = np.append(np.flatnonzero(steps[1:] != steps[:-1]) + 1, len(steps))
    runs: list[tuple[int, int, int, int]] = []
    start = 0
    while start < len(flat):
        step, count = 1, 1
        if start < len(steps) and steps[start] in (0, 1):
            step, count = int(steps[start]), 1 + int(ends[np.searchsorted(ends, start, "right")]) - start
        runs.append((int(which[start]), int(flat[start]), count, step))
        start += count
    return runs
