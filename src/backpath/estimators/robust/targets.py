"""Targets as members learn them: of about the same size and spread, skewed ones on a scale where they are less so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from backpath.data.scaling import quantiles
from backpath.graph import DataError

SKEWED = 1.5
"""Third standardized moment from which on a target is learned on another scale, if that halves it."""

WIDE = 10.0
"""The largest of positive targets over the smallest, from which on their logarithms may be what is learned."""

NODES = 64
"""Residuals that stand for all of them."""

BEYOND = 0.1
"""How far predictions may lie beyond the targets of training, as a part of these's range, on a curved scale."""


class Curve(NamedTuple):
    """A scale: to it, and back."""

    to: Callable[[np.ndarray], np.ndarray]
    back: Callable[[np.ndarray], np.ndarray]


CURVES = MappingProxyType({"plain": Curve(np.asarray, np.asarray), "log": Curve(np.log, np.exp)}) | {
    "arcsinh": Curve(np.arcsinh, np.sinh)
}
"""Scales by name; arcsinh is of targets less their median, in units of the distance between their quartiles."""


@dataclass(frozen=True)
class Quantity:
    """One target.

    Attributes:
        curve: a name in ``CURVES``.
        middle: what is taken off before it.
        width: what is divided by before it.
        center: mean on its scale.
        unit: deviation on its scale.
        low: the smallest that is predicted, after all that.
        high: the largest.
        nodes: residuals of rows not seen in training, there; none on the plain scale, where their mean is 0.
    """

    curve: str
    middle: float
    width: float
    center: float
    unit: float
    low: float = -np.inf
    high: float = np.inf
    nodes: np.ndarray | None = None

    def to_learn(self, y: np.ndarray) -> np.ndarray:
        """Targets as members learn them."""
        return (CURVES[self.curve].to((y - self.middle) / self.width) - self.center) / self.unit

    def predicted(self, z: np.ndarray) -> np.ndarray:
        """The mean target that goes with what members predict, in the target's own units.

        On a curved scale the mean is not where the curve has it: residuals are added first (Duan, 1983: smearing).
        """
        if self.curve == "plain":
            return z * self.unit + self.center
        z = np.clip(z, self.low, self.high)
        back, nodes = CURVES[self.curve].back, np.zeros(1) if self.nodes is None else self.nodes
        total = np.zeros_like(z)
        for node in nodes:
            total += back(np.clip(z + node, self.low, self.high) * self.unit + self.center)
        return total / len(nodes) * self.width + self.middle

    def given(self, z: np.ndarray) -> np.ndarray:
        """The targets that :meth:`to_learn` made these of."""
        return CURVES[self.curve].back(z * self.unit + self.center) * self.width + self.middle

    def corrected(self, residuals: np.ndarray, weights: np.ndarray | None) -> Quantity:
        """The same, which knows by how much predictions of unseen rows miss."""
        if self.curve == "plain" or len(residuals) < 2:
            return self
        fractions = (np.arange(NODES) + 0.5) / NODES
        return replace(self, nodes=quantiles(residuals[:, None], fractions.tolist(), weights)[:, 0])


def learned(y: np.ndarray, weights: np.ndarray | None) -> Quantity:
    """How a target of shape (rows,) is to be learned.

    Raises:
        DataError: if its range cannot be computed with.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        plain = _standard("plain", y, 0.0, 1.0, weights)
        if not (np.isfinite(plain.unit) and np.isfinite(plain.center)):
            raise DataError("y spans a range that cannot be computed with: scale it down")
        skew = _skewness(plain.to_learn(y), weights)
        if not abs(skew) > SKEWED:
            return plain
        lower, middle, upper = quantiles(y[:, None], (0.25, 0.5, 0.75), weights)[:, 0].tolist()
        curved = []
        if upper > lower:
            curved.append(_standard("arcsinh", y, middle, upper - lower, weights))
        if y.min() > 0 and y.max() > WIDE * y.min():
            curved.append(_standard("log", y, 0.0, 1.0, weights))
        skews = [abs(_skewness(q.to_learn(y), weights)) for q in curved]
    if not skews or not min(skews) < abs(skew) / 2:
        return plain
    best = curved[int(np.argmin(skews))]
    z = best.to_learn(y)
    beyond = BEYOND * float(z.max() - z.min())
    return replace(best, low=float(z.min()) - beyond, high=float(z.max()) + beyond)


def _standard(curve: str, y: np.ndarray, middle: float, width: float, weights: np.ndarray | None) -> Quantity:
    z = CURVES[curve].to((y - middle) / width)
    center = float(np.average(z, weights=weights))
    unit = float(np.sqrt(np.average(np.square(z - center), weights=weights)))
    return Quantity(curve, middle, width, center, unit if not unit <= 1e-12 * abs(center) else 1.0)


def _skewness(z: np.ndarray, weights: np.ndarray | None) -> float:
    center = np.average(z, weights=weights)
    variance = np.average(np.square(z - center), weights=weights)
    return float(np.average((z - center) ** 3, weights=weights) / max(float(variance) ** 1.5, 1e-300))
