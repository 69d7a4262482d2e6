"""How far a training has come, and what that says of step sizes, decay and dropout."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Schedule:
    """A course from 0 to 1 over so many steps, which may be shortened on the way.

    Attributes:
        total: steps at whose end it is at 1.
        from_step: where the present pace began.
        from_progress: how far it was there.
    """

    total: int
    from_step: int = 0
    from_progress: float = 0.0

    def progress(self, step: int) -> float:
        """How far it is before this step, from 0."""
        left = max(self.total - self.from_step, 1)
        reached = self.from_progress + (1 - self.from_progress) * (step - self.from_step) / left
        return min(max(reached, 0.0), 1.0)

    def end_at(self, total: int, step: int) -> None:
        """Go on from this step so that the course ends at another one."""
        self.from_progress, self.from_step, self.total = self.progress(step), step, max(total, step)


def waves(progress: float) -> float:
    """Four cosine waves that lengthen, from 0 to 1 (coslog4 of RealMLP, 2024)."""
    return (1 - math.cos(2 * math.pi * math.log2(1 + 15 * progress))) / 2


def level_then_down(progress: float) -> float:
    """1 for half of the course, then half a cosine down to 0 (flat_cos of RealMLP, 2024)."""
    return 1.0 if progress < 0.5 else (1 + math.cos(math.pi * (2 * progress - 1))) / 2


@dataclass(slots=True)
class Clock:
    """The seconds that a fit may take.

    Attributes:
        budget: all of them; None for no end.
        began: when it began.
    """

    budget: float | None
    began: float = field(default_factory=time.perf_counter)

    @property
    def spent(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self.began

    @property
    def left(self) -> float:
        """Seconds that remain."""
        return math.inf if self.budget is None else self.budget - self.spent
