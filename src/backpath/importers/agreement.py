"""How far an imported model's values and gradients are from the framework's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

TOLERANCE = {np.dtype(np.float16): 1e-2, np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-9}
"""Of relative differences, by the narrower of two types."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Two arrays of one name beside each other.

    Attributes:
        name: of the node or parameter.
        absolute: the largest difference of two entries.
        relative: that over the largest entry, in magnitude, of the framework's array.
        tolerance: of the relative difference.
    """

    name: str
    absolute: float
    relative: float
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether the relative difference is within the tolerance; a shape or a nan of one alone never is."""
        return self.relative <= self.tolerance

    def __str__(self) -> str:
        return f"{self.name}: {self.absolute:.1e}, {self.relative:.1e} of the largest entry"


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a comparison found.

    Attributes:
        source: what was imported.
        reference: what ran it beside us.
        values: of nodes, in order.
        gradients: of parameters, where the framework has a backward pass.
    """

    source: str
    reference: str
    values: tuple[Difference, ...]
    gradients: tuple[Difference, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether all agree."""
        return all(d.agrees for d in (*self.values, *self.gradients))

    @property
    def first(self) -> Difference | None:
        """The first node whose values differ; else the first parameter whose gradient does; else None."""
        return next((d for d in (*self.values, *self.gradients) if not d.agrees), None)

    @property
    def largest(self) -> float:
        """The largest relative difference of values."""
        return max((d.relative for d in self.values), default=0.0)

    @property
    def largest_gradient(self) -> float:
        """The largest relative difference of gradients."""
        return max((d.relative for d in self.gradients), default=0.0)

    def __str__(self) -> str:
        parts = [f"values of {len(self.values):,} nodes, largest relative difference {self.largest:.1e}"]
        if self.gradients:
            parts.append(f"gradients of {len(self.gradients):,} parameters, largest {self.largest_gradient:.1e}")
        told = f"{self.source} beside {self.reference}: {'; '.join(parts)}"
        return told if self.first is None else f"{told}; first to differ: {self.first}"


def compared(
    source: str,
    reference: str,
    values: Iterable[tuple[str, Any, Any]],
    gradients: Mapping[str, tuple[Any, Any]] | None = None,
) -> Agreement:
    """Arrays of ours beside the framework's: (name, ours, theirs), nodes in order, and gradients by parameter."""
    found = tuple(difference(name, ours, theirs) for name, ours, theirs in values)
    by_parameter = gradients or {}
    largest = max((float(np.max(np.abs(theirs), initial=0.0)) for _, theirs in by_parameter.values()), default=0.0)
    # A gradient that is 0 but for rounding, such as that by a key's bias, is measured by the others.
    told = tuple(difference(name, *pair, least=NEGLIGIBLE * largest) for name, pair in by_parameter.items())
    return Agreement(source, reference, found, told)


NEGLIGIBLE = 1e-3
"""A gradient that is less than this part of the largest one is measured by that part."""


def difference(name: str, ours: Any, theirs: Any, least: float = 0.0) -> Difference:
    """How far two arrays are apart; infinitely where shapes differ, or a nan stands in one alone.

    Differences are relative to the largest entry, or to ``least`` if that is larger.
    """
    a, b = np.asarray(ours), np.asarray(theirs)
    kinds = [x.dtype for x in (a, b) if x.dtype.kind == "f"]
    tolerance = max((TOLERANCE.get(dtype, 1e-4) for dtype in kinds), default=0.0)
    if a.shape != b.shape:
        return Difference(name, np.inf, np.inf, tolerance)
    if a.dtype.kind not in "biuf" or b.dtype.kind not in "biuf":
        same = bool(np.array_equal(a, b))
        return Difference(name, *((0.0, 0.0) if same else (np.inf, np.inf)), tolerance)
    if a.dtype == b.dtype and a.dtype.kind == "f" and a.size:
        # Where all numbers are finite, no array of flags is needed.
        with np.errstate(all="ignore"):
            absolute, largest = float(np.max(np.abs(a - b))), max(float(np.max(np.abs(b))), least)
        if np.isfinite(absolute) and np.isfinite(largest):
            return Difference(name, absolute, absolute / largest if largest > 0 else absolute, tolerance)
    with np.errstate(all="ignore"):
        same = (a == b) | (np.isnan(a.astype(float)) & np.isnan(b.astype(float)))
        apart = np.where(same, 0.0, np.abs(a.astype(float) - b.astype(float)))
    absolute = float(np.max(np.where(np.isnan(apart), np.inf, apart), initial=0.0))
    scale = np.abs(b[np.isfinite(b)].astype(float)) if b.size else np.zeros(0)
    largest = max(float(np.max(scale, initial=0.0)), least)
    return Difference(name, absolute, absolute / largest if largest > 0 else absolute, tolerance)


def direction(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Along which gradients of scores are compared: a random one, the same each time."""
    return np.random.default_rng(0).normal(size=shape).astype(dtype)
