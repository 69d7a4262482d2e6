"""How a column's numbers are brought to the order of one: by quartiles, by ranks, or to the two ends of a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, final

import numpy as np

from backpath.data.scaling import smooth_clip
from backpath.estimators.robust.distribution import Distribution

WILD = 12.0
"""Distances between the quartiles from the first percentile to the last, beyond which ranks tell more than values: a
normal column has 3.4 of them, an exponential one 4.2, a lognormal one of deviation 1.5 has 13.5."""

FEW_VALUES = 12
"""So few different numbers are read as categories, too; a column of so few is never wild."""

KNOTS = np.linspace(-4.0, 4.0, 65)
"""Normal scores near which the knots of ranks lie: dense where the tails are thin."""

FAR = 1e6
"""Scaled numbers are cut here before they are clipped smoothly, which makes 3 of it to the last digit."""

QUARTILES_OF_NORMAL = 1.3489795003921634
"""The distance between the quartiles of a normal column of deviation 1."""


@final
@dataclass(frozen=True, slots=True)
class ByQuartiles:
    """x less the median, by the distance between the quartiles, then clipped smoothly to (-3, 3) as by RealMLP-TD
    (Holzmueller and others, 2024): z / sqrt(1 + (z / 3)^2).

    Attributes:
        middle: half the median.
        unit: half the distance between the quartiles; half the half range where they coincide. Halves do not overflow.
    """

    middle: float
    unit: float

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Scaled; NaN stays NaN."""
        z = np.multiply(x, 0.5)
        z -= self.middle
        with np.errstate(over="ignore"):
            z /= self.unit
        np.clip(z, -FAR, FAR, out=z)
        return smooth_clip(z, out=z)


@final
@dataclass(frozen=True, slots=True)
class ByRanks:
    """The normal score of x's rank, between knots linearly; beyond the first and the last knot, theirs.

    Attributes:
        knots: ascending.
        scores: of the knots, in units of the distance between the quartiles of a normal column.
    """

    knots: tuple[float, ...]
    scores: tuple[float, ...]

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Scaled; NaN stays NaN."""
        return np.interp(x, self.knots, self.scores)


@final
@dataclass(frozen=True, slots=True)
class BetweenTwo:
    """-1 and 1 for a column of two numbers; what lies between them between, what lies outside at the nearer end."""

    low: float
    high: float

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Scaled; NaN stays NaN."""
        return np.interp(x, (self.low, self.high), (-1.0, 1.0))


Scale = ByQuartiles | ByRanks | BetweenTwo


def fit_scale(found: Distribution) -> Scale:
    """What suits these numbers, of which there are at least two."""
    low, high = float(found.values[0]), float(found.values[-1])
    if len(found) == 2:
        return BetweenTwo(low, high)
    if len(found) > FEW_VALUES and is_wild(found):
        return fit_ranks(found)
    lower, middle, upper = found.quantiles((0.25, 0.5, 0.75)) / 2
    unit = upper - lower if upper > lower else high / 4 - low / 4
    return ByQuartiles(float(middle), float(unit))


def is_wild(found: Distribution) -> bool:
    """Whether the tails are so far out that the middle half would say nothing, or all of them would say the same.

    Of numbers of which half are the same, the others are asked.
    """
    lower, upper = found.quantiles((0.25, 0.75)) / 2
    if lower == upper:
        found = found.without_mode()
    first, lower, upper, last = found.quantiles((0.01, 0.25, 0.75, 0.99)) / 2
    return bool(last - first > WILD * (upper - lower))


def fit_ranks(found: Distribution) -> ByRanks:
    """Equal numbers share the middle of their ranks."""
    from scipy.special import ndtr, ndtri

    middle = (np.cumsum(found.weights) - found.weights / 2) / found.total
    near = np.searchsorted(middle, ndtr(KNOTS)).clip(max=len(middle) - 1)
    chosen = np.unique([0, *near, len(middle) - 1])
    scores = ndtri(middle[chosen]) / QUARTILES_OF_NORMAL
    return ByRanks(tuple(found.values[chosen].tolist()), tuple(scores.tolist()))


_NAMES: Mapping[type[Scale], str] = {ByQuartiles: "quartiles", ByRanks: "ranks", BetweenTwo: "two"}


def scale_to_json(scale: Scale) -> dict[str, Any]:
    """Plain data from which :func:`scale_from_json` makes the same scale."""
    return {"by": _NAMES[type(scale)], **asdict(scale)}


def scale_from_json(data: Mapping[str, Any]) -> Scale:
    """The scale that ``data`` describe; KeyError, TypeError or ValueError if they describe none."""
    if data["by"] == "quartiles":
        scale = ByQuartiles(float(data["middle"]), float(data["unit"]))
        sound = np.isfinite(scale.middle) and 0 < scale.unit < np.inf
    elif data["by"] == "ranks":
        scale = ByRanks(tuple(map(float, data["knots"])), tuple(map(float, data["scores"])))
        sound = len(scale.knots) == len(scale.scores) > 1 and bool(np.all(np.diff(scale.knots) > 0))
        sound = sound and bool(np.isfinite([*scale.knots, *scale.scores]).all())
    elif data["by"] == "two":
        scale = BetweenTwo(float(data["low"]), float(data["high"]))
        sound = -np.inf < scale.low < scale.high < np.inf
    else:
        raise ValueError(f"{data['by']!r} is no way to scale")
    if not sound:
        raise ValueError(f"{data!r} is no scale")
    return scale
