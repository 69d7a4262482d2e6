"""Images in other sizes: each axis by itself, as a product with a known matrix, or by picking entries.

The words are those of ONNX's Resize, in which those of other frameworks can be said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import SettingError
from backpath.ops import spec_of

NEAREST: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "round_prefer_floor": lambda at: np.ceil(at - 0.5),
    "round_prefer_ceil": lambda at: np.floor(at + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}
"""Which entry stands for a place between two, by name."""


@dataclass(frozen=True, slots=True)
class Resizing:
    """How entries are found between entries.

    Attributes:
        mode: ``"nearest"``, ``"linear"`` or ``"cubic"``.
        coordinates: how places of the result lie over those of the source: ``"half_pixel"``, ``"align_corners"``,
            ``"asymmetric"``, ``"pytorch_half_pixel"``, ``"half_pixel_symmetric"`` or ``"tf_crop_and_resize"``.
        nearest: one of ``NEAREST``.
        cubic: the coefficient a of the cubic.
        exclude_outside: whether entries beyond the edges have no weight, in place of that of the edge's.
        antialias: whether a smaller result is smoothed.
        outside: the number beyond the edges of ``"tf_crop_and_resize"``.
    """

    mode: str = "nearest"
    coordinates: str = "half_pixel"
    nearest: str = "round_prefer_floor"
    cubic: float = -0.75
    exclude_outside: bool = False
    antialias: bool = False
    outside: float = 0.0

    def __post_init__(self) -> None:
        if self.mode not in ("nearest", "linear", "cubic"):
            raise SettingError(f"resize: mode {self.mode!r} is none of nearest, linear and cubic")
        if self.nearest not in NEAREST:
            raise SettingError(f"resize: nearest mode {self.nearest!r} is none of {', '.join(NEAREST)}")

    def places(self, n: int, m: int, scale: float, span: tuple[float, float]) -> np.ndarray:
        """Where the m entries of a result lie over the n of the source."""
        k = np.arange(m, dtype=float)
        match self.coordinates:
            case "half_pixel":
                return (k + 0.5) / scale - 0.5
            case "align_corners":
                return k * (n - 1) / (m - 1) if m > 1 else np.zeros(m)
            case "asymmetric":
                return k / scale
            case "pytorch_half_pixel":
                return (k + 0.5) / scale - 0.5 if m > 1 else np.zeros(m)
            case "half_pixel_symmetric":
                adjustment = m / (scale * n)
                center = n / 2
                return center * (1 - adjustment) + (k + 0.5) / scale - 0.5
            case "tf_crop_and_resize":
                start, end = span
                if m == 1:
                    return np.full(1, 0.5 * (start + end) * (n - 1))
                return start * (n - 1) + k * (end - start) * (n - 1) / (m - 1)
        raise SettingError(f"resize: no coordinates are called {self.coordinates!r}")

    def matrix(self, n: int, m: int, scale: float, span: tuple[float, float] = (0.0, 1.0)) -> np.ndarray:
        """The weights of the n entries of the source in each of the m of the result: shape (m, n)."""
        at = self.places(n, m, scale, span)
        if self.mode == "nearest":
            weights = np.zeros((m, n))
            weights[np.arange(m), np.clip(NEAREST[self.nearest](at), 0, n - 1).astype(int)] = 1.0
            return weights
        squeeze = min(scale, 1.0) if self.antialias else 1.0
        reach = (2 if self.mode == "cubic" else 1) / squeeze
        first = np.floor(at - reach).astype(int) + 1
        entries = first[:, None] + np.arange(math.ceil(2 * reach) + 1)
        weights = self._kernel((entries - at[:, None]) * squeeze)
        if self.exclude_outside or self.antialias:
            weights = np.where((entries >= 0) & (entries < n), weights, 0.0)
        weights = weights / weights.sum(axis=1, keepdims=True)
        matrix = np.zeros((m, n))
        np.add.at(matrix, (np.arange(m)[:, None], np.clip(entries, 0, n - 1)), weights)
        return matrix

    def _kernel(self, distance: np.ndarray) -> np.ndarray:
        """The weight of an entry so far away."""
        d = np.abs(distance)
        if self.mode == "linear":
            return np.maximum(1.0 - d, 0.0)
        a = self.cubic
        near = ((a + 2) * d - (a + 3)) * d * d + 1
        far = (((d - 5) * d + 8) * d - 4) * a
        return np.where(d <= 1, near, np.where(d < 2, far, 0.0))


def resize(
    x: Any,
    axes: Sequence[int],
    lengths: Sequence[int],
    how: Resizing,
    scales: Sequence[float] | None = None,
    spans: Sequence[tuple[float, float]] | None = None,
) -> Any:
    """``x`` with other lengths along some axes.

    Args:
        x: an array.
        axes: which change.
        lengths: that they get.
        how: entries are found between entries.
        scales: from old to new lengths, where they are not the lengths' own.
        spans: parts of the axes that are taken, from 0 to 1, for ``"tf_crop_and_resize"``.

    Raises:
        SettingError: for words that are none.
    """
    outside: list[tuple[int, np.ndarray]] = []
    for k, (axis, m) in enumerate(zip(axes, lengths, strict=True)):
        n = np.shape(x)[axis]
        scale = m / n if scales is None else scales[k]
        span = (0.0, 1.0) if spans is None else spans[k]
        if n == m and scale == 1.0 and span == (0.0, 1.0):
            continue
        if how.coordinates == "tf_crop_and_resize":
            at = how.places(n, m, scale, span)
            outside.append((axis, (at < 0) | (at > n - 1)))
        matrix = how.matrix(n, m, scale, span)
        if how.mode == "nearest":
            x = np.take(x, np.argmax(matrix, axis=1), axis)
        else:
            dtype = spec_of(x).dtype
            x = np.moveaxis(np.moveaxis(x, axis, -1) @ np.ascontiguousarray(matrix.T).astype(dtype), -1, axis)
    for axis, beyond in outside:
        shape = [1] * np.ndim(x)
        shape[axis] = len(beyond)
        x = np.where(np.reshape(beyond, shape), np.asarray(how.outside, spec_of(x).dtype), x)
    return x
