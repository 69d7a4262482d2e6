"""Findings: what is wrong with a training, with its evidence, and the fix that was tried."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from backpath.diagnosis.comparison import Effect
from backpath.diagnosis.subject import Subject

KINDS = (
    "vanishing_gradient exploding_gradient dead_units saturated_units rate_too_large rate_too_small wrong_output "
    "wrong_loss unscaled_features bad_features leakage noisy_labels imbalance bad_initialization too_few_epochs "
    "batch_size overfitting underfitting over_regularized bad_optimizer bad_normalization wrong_gradient non_finite"
).split()
"""What a finding may be of, by name."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        kind: one of ``KINDS``.
        where: the layer, parameter, column, rows or epoch.
        message: what is wrong, in a sentence.
        evidence: numbers by name; ``sources`` are where the thresholds come from.
        fix: what was changed, in words.
        effect: of the fix: skill without and with it, gain and interval, beside a random change of the same kind; None
            if none was tried.
        confirmed: whether the fix was tried and helped; of leakage, whether the score falls as it should.
        repaired: the training with the fix, and with those of the findings before it.
    """

    kind: str
    where: str
    message: str
    evidence: dict[str, Any]
    fix: str
    effect: Effect | None
    confirmed: bool
    repaired: Subject | None = field(default=None, repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "kind": self.kind,
            "where": self.where,
            "message": self.message,
            "evidence": _plain(self.evidence),
            "fix": self.fix,
            "effect": self.effect.to_json() if self.effect else None,
            "confirmed": self.confirmed,
        }

    def __str__(self) -> str:
        lines = [f"{self.kind} ({self.where}): {self.message}"]
        lines += [f"    {name}: {_short(value)}" for name, value in self.evidence.items() if name != "sources"]
        lines += [f"    threshold: {text}" for text in self.evidence.get("sources", ())]
        lines.append(f"  fix: {self.fix}")
        lines.append(f"    {effect_in_words(self.effect, self.confirmed)}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What ``diagnose`` found.

    Attributes:
        findings: the heaviest first.
        tried: what looked suspicious but did not help when it was changed, as findings that are not confirmed.
        skill: of the training as it was given, on held-out rows: 1 is perfect, 0 is chance's.
        checks: the quick experiments: the loss at the start over chance's, and whether one batch can be fitted.
        trainings: made to find out.
        seconds: that it took.
        subject: what was diagnosed.
        cut_short: whether the budget was spent before everything that looked suspicious was tried.
    """

    findings: tuple[Finding, ...]
    tried: tuple[Finding, ...]
    skill: float
    checks: dict[str, Any]
    trainings: int
    seconds: float
    subject: Subject = field(repr=False)
    cut_short: bool = False

    @property
    def nothing_found(self) -> str:
        """What to say where there are no findings."""
        said = "Nothing is wrong that could be shown"
        return f"{said} before the budget was spent: a larger one tries more." if self.cut_short else f"{said}."

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def repaired(self) -> Subject | None:
        """The training with all confirmed fixes; None without one."""
        fixed = [f.repaired for f in self.findings if f.repaired is not None and f.confirmed]
        return fixed[-1] if fixed else None

    def to_json(self) -> list[dict[str, Any]]:
        """The findings as plain data."""
        return [f.to_json() for f in self.findings]

    def page(self) -> str:
        """The findings as one HTML page that needs nothing else."""
        from backpath.report.diagnosis_page import diagnosis_page

        return diagnosis_page(self)

    def __str__(self) -> str:
        head = f"skill {self.skill:.3f} on held-out rows (1 is perfect, 0 is chance's)"
        if self.findings:
            parts = [f"{k}. {finding}" for k, finding in enumerate(self.findings, 1)]
        else:
            parts = [self.nothing_found]
        if self.tried:
            parts.append("tried, did not help:")
            parts += [f"  {f.kind} ({f.where}): {f.fix}; {effect_in_words(f.effect, False)}" for f in self.tried]
        checks = ", ".join(f"{name} {_short(value)}" for name, value in self.checks.items())
        tail = f"{checks}\n{self.trainings} trainings in {self.seconds:.1f} s"
        return "\n".join([head, *parts, tail])


def effect_in_words(effect: Effect | None, confirmed: bool) -> str:
    """What a fix brought, in a line."""
    if effect is None:
        return "not tried: it follows from what was given"
    told = (
        f"skill {effect.before:.3f} -> {effect.after:.3f}, gain {effect.gain:+.3f} "
        f"[{effect.low:+.3f}, {effect.high:+.3f}] over {effect.seeds} seeds"
    )
    if effect.random == effect.random:
        told += f"; a random change of the same kind: {effect.random:.3f}"
    return told + ("" if confirmed else "; tried, did not help")


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_short(v)}" for name, v in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_short(v) for v in value)
    return str(value)


def _plain(value: Any) -> Any:
    """As JSON can hold it."""
    if isinstance(value, dict):
        return {str(name): _plain(v) for name, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and value != value:
        return None
    return value if isinstance(value, (str, int, float, bool, type(None))) else json.loads(json.dumps(str(value)))
