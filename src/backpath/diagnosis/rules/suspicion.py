"""A suspicion: what evidence suggests, before it is tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backpath.diagnosis.fixes.fix import Fix
from backpath.diagnosis.thresholds import limit, source

SOFT = frozenset(
    {"rate_too_small", "too_few_epochs", "batch_size", "underfitting", "overfitting", "bad_optimizer", "rate_too_large"}
)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something that may be wrong.

    Attributes:
        kind: one of ``KINDS``.
        where: the layer, parameter, column, rows or epoch.
        message: what would be wrong, in a sentence.
        evidence: numbers by name, and ``sources``.
        fixes: to try; the best of them counts.
        strength: how specific the evidence is to this kind, from 0 to 1.
        plain: whether it is wrong by what was given, however training goes.
        hidden: whether it makes training look better than it is, so that its repair lowers the skill.
    """

    kind: str
    where: str
    message: str
    evidence: dict[str, Any]
    fixes: Sequence[Fix]
    strength: float = 0.5
    plain: bool = False
    hidden: bool = False

    @property
    def soft(self) -> bool:
        """Whether the evidence is of degree alone, and not of something that is plainly out of place."""
        return self.kind in SOFT and self.strength < 1


def sourced(*names: str) -> list[str]:
    """Thresholds with their sources, as evidence tells them."""
    return [f"{name} {limit(name):g}: {source(name)}" for name in names]
