"""Whether one training is better than another: paired by seed and by row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backpath.diagnosis.thresholds import limit
from backpath.diagnosis.trials import Outcome

T_95 = (math.nan, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""Student's quantile for 95 % by degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change brings, in skill: 1 is perfect, 0 is what chance gives.

    Attributes:
        before: mean skill without it.
        after: mean skill with it.
        gain: their difference.
        low: of the 95 % interval of the gain, over seeds and rows.
        high: of it.
        seeds: pairs of trainings.
        random: mean skill with a random change of the same kind; nan if none was tried.
    """

    before: float
    after: float
    gain: float
    low: float
    high: float
    seeds: int
    random: float = math.nan

    def helps(self, soft: bool = False) -> bool:
        """Whether the gain is certain, and large enough to be a repair; see :func:`needed`."""
        return self.low > 0 and self.gain >= needed(self.before, soft)

    @property
    def harms(self) -> bool:
        """Whether the loss of skill is certain."""
        return self.high < 0

    def to_json(self) -> dict[str, float | int | None]:
        """As plain data."""
        told = {name: getattr(self, name) for name in ("before", "after", "gain", "low", "high", "random")}
        return {name: None if math.isnan(value) else round(value, 4) for name, value in told.items()} | {
            "seeds": self.seeds
        }


def needed(before: float, soft: bool = False) -> float:
    """The gain in skill that makes a change a repair; more of it where the evidence is ``soft``."""
    return max(limit("soft" if soft else "gain"), limit("part") * (1 - before))


def effect_of(before: Sequence[Outcome], after: Sequence[Outcome]) -> Effect:
    """The effect of a change from outcomes of the same seeds, judged on the same rows.

    Rows and seeds are crossed: both are draws, so that the interval holds for other rows and other seeds.
    """
    gains = np.array([b.losses - a.losses for b, a in zip(before, after, strict=True)])
    k, n = gains.shape
    gain = float(gains.mean())
    over_rows = 1.96 * gains.mean(axis=0).std(ddof=1) / math.sqrt(n) if n > 1 else math.inf
    over_seeds = T_95[min(k - 1, 9)] * gains.mean(axis=1).std(ddof=1) / math.sqrt(k) if k > 1 else 0.0
    half = float(np.hypot(over_rows, over_seeds))
    skill_before, skill_after = (float(np.mean([o.skill for o in side])) for side in (before, after))
    return Effect(skill_before, skill_after, gain, gain - half, gain + half, k)
