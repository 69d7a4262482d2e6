"""The search for what is wrong: suspicions by rules, each tried by training again, and what was found so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backpath.diagnosis.by_hand import effect_of_gradient
from backpath.diagnosis.comparison import Effect, effect_of, needed
from backpath.diagnosis.evidence.observed import Observed
from backpath.diagnosis.findings import Finding
from backpath.diagnosis.fixes.fix import Fix
from backpath.diagnosis.fixes.random import random_change
from backpath.diagnosis.rules.given import GIVEN
from backpath.diagnosis.rules.layers import LAYERS
from backpath.diagnosis.rules.seen import SEEN, labels
from backpath.diagnosis.rules.suspicion import Suspicion
from backpath.diagnosis.subject import Subject
from backpath.diagnosis.trials import Outcome, Trials
from backpath.graph import BackpathError

SCREENING, CONFIRMING, MORE = (0, 1), (2, 3, 4, 5), (6, 7, 8, 9)
"""Seeds that choose among fixes; other seeds that judge the chosen ones; and more, where a large gain is uncertain."""

MOST_CONFIRMED, MOST_TOGETHER, AT_A_TIME = 4, 6, 4

_Tried = tuple[Suspicion, Fix, Subject]

HOPEFUL, NEAR, SPECIFIC = 0.7, 0.7, 0.55
"""The part of a gain that makes a fix worth confirming; that counts as about as much; and how specific evidence must be
for its fix to be one of several at once."""


@dataclass(frozen=True, slots=True)
class _Option:
    """A suspicion with the fix that looks best, and what it gained on a few seeds."""

    suspicion: Suspicion
    fix: Fix
    changed: Subject
    gain: float

    def finding(self, effect: Effect, repaired: Subject | None = None) -> Finding:
        """As a finding, confirmed or not."""
        s = self.suspicion
        good = effect.helps(s.soft)
        return Finding(s.kind, s.where, s.message, s.evidence, self.fix.words, effect, good, repaired or self.changed)


def _all_of(subject: Subject, options: Sequence[_Option]) -> Subject | None:
    """The subject with several fixes, one after another; None where one cannot follow the others."""
    for x in options:
        changed = _changed(x.fix, subject)
        if changed is None:
            return None
        subject = changed
    return subject


@dataclass(slots=True)
class Search:
    """Findings so far, and what was tried in vain."""

    trials: Trials
    findings: list[Finding] = field(default_factory=list)
    fixes: list[Fix | None] = field(default_factory=list)
    tried: dict[str, Finding] = field(default_factory=dict)

    def given(self, subject: Subject) -> Subject:
        """Findings by what was given; the subject with all of their fixes."""
        found: list[tuple[Suspicion, Fix | None]] = []
        repaired = subject
        for rule in GIVEN:
            for suspicion in _asked(rule, Observed(repaired)):
                fix, changed = self._first_that_works(suspicion, repaired)
                found.append((suspicion, fix))
                repaired = changed
        for k, (suspicion, fix) in enumerate(found):
            without = subject
            for other in (f for j, (_, f) in enumerate(found) if j != k and f is not None):
                without = other.of(without) or without
            self._add_given(suspicion, fix, without, repaired)
        return repaired

    def _first_that_works(self, suspicion: Suspicion, subject: Subject) -> tuple[Fix | None, Subject]:
        changes = [(fix, changed) for fix in suspicion.fixes if (changed := _changed(fix, subject)) is not None]
        if len(changes) < 2:
            return changes[0] if changes else (None, subject)
        outcomes = self.trials.run([changed for _, changed in changes], SCREENING)
        skills = [np.mean([o.skill for o in pair]) for pair in outcomes]
        return changes[int(np.argmax(skills))]

    def _add_given(self, s: Suspicion, fix: Fix | None, without: Subject, repaired: Subject) -> None:
        if s.kind == "wrong_gradient":
            effect = effect_of_gradient(repaired)
            words = "the gradient that backpropagation gives"
            self._keep(Finding(s.kind, s.where, s.message, s.evidence, words, effect, bool(effect and effect.helps())))
            return
        if fix is None:
            self._keep(Finding(s.kind, s.where, s.message, s.evidence, "none is known", None, False))
            return
        effect = replace(self._effect(without, repaired), random=self._random(without, fix))
        confirmed = effect.harms if s.hidden else effect.helps()
        self._keep(Finding(s.kind, s.where, s.message, s.evidence, fix.words, effect, confirmed, repaired), fix)

    def round(self, subject: Subject) -> Subject | None:
        """What a round of trials confirms, as further findings; the subject with its fixes, or None."""
        observed = Observed(subject, self.trials.run([subject], SCREENING)[0])
        known = {(f.kind, f.where) for f in self.findings}
        suspicions = [s for rule in (*SEEN, *LAYERS) for s in _asked(rule, observed) if (s.kind, s.where) not in known]
        screened = self._screened(subject, suspicions, observed.skill)
        together = self._together(subject, screened)
        return together or self._alone(subject, screened)

    def _alone(self, subject: Subject, screened: Sequence[_Option]) -> Subject | None:
        """The most specific of the fixes that help about most."""
        base = float(np.mean([o.skill for o in self.trials.run([subject], SCREENING)[0]]))
        confirmed: list[tuple[_Option, Finding]] = []
        hopeful = [x for x in screened if x.gain >= HOPEFUL * needed(base, x.suspicion.soft)]
        for x in sorted(hopeful, key=lambda x: -min(x.gain, 1.0) * _trust(x.suspicion))[:MOST_CONFIRMED]:
            if self.trials.exhausted and confirmed:
                break
            finding = x.finding(self._effect(subject, x.changed))
            if finding.confirmed:
                confirmed.append((x, finding))
            else:
                self.tried.setdefault(finding.kind, finding)
        if not confirmed:
            return None
        most = max(f.effect.gain for _, f in confirmed if f.effect)
        near = [(x, f) for x, f in confirmed if f.effect and f.effect.gain >= NEAR * most]
        x, finding = max(near, key=lambda pair: (pair[0].suspicion.strength, pair[0].gain))
        self._add(subject, x, finding)
        return finding.repaired

    def _together(self, subject: Subject, screened: Sequence[_Option]) -> Subject | None:
        """Several fixes at once, where no one of them does as much: each that is needed beside the others."""
        specific = sorted(
            (x for x in screened if x.suspicion.strength >= SPECIFIC), key=lambda x: -x.suspicion.strength
        )
        chosen = list({x.suspicion.kind: x for x in reversed(specific[:MOST_TOGETHER])}.values())
        whole = _all_of(subject, chosen)
        if len(chosen) < 2 or whole is None or self.trials.exhausted:
            return None
        alone = max(x.gain for x in screened)
        base = float(np.mean([o.skill for o in self.trials.run([subject], SCREENING)[0]]))
        skill = self._skill(whole)
        if skill < base + max(alone, 0.0) + needed(base + max(alone, 0.0), True):
            return None
        for x in sorted(chosen, key=lambda x: x.suspicion.strength):
            fewer = [other for other in chosen if other is not x]
            without = _all_of(subject, fewer)
            if len(fewer) and without is not None and self._skill(without) > skill - HOPEFUL * needed(skill):
                chosen, skill = fewer, max(skill, self._skill(without))
        whole = _all_of(subject, chosen)
        return self._each_needed(subject, chosen, whole) if whole is not None else None

    def _each_needed(self, subject: Subject, chosen: Sequence[_Option], whole: Subject) -> Subject | None:
        found = []
        for x in chosen:
            without = _all_of(subject, [other for other in chosen if other is not x]) or subject
            found.append((x, without, x.finding(self._effect(without, whole), whole)))
        confirmed = [f for f in found if f[2].confirmed]
        for x, without, finding in sorted(confirmed, key=lambda f: -(f[2].effect.gain if f[2].effect else 0.0)):
            self._add(without, x, finding)
        return whole if confirmed else None

    def _add(self, subject: Subject, option: _Option, finding: Finding) -> None:
        if finding.effect is not None:
            effect = replace(finding.effect, random=self._random(subject, option.fix))
            self._keep(replace(finding, effect=effect), option.fix)

    def _keep(self, finding: Finding, fix: Fix | None = None) -> None:
        self.findings.append(finding)
        self.fixes.append(fix)

    def beside_the_others(self, subject: Subject, repaired: Subject) -> None:
        """What the fixes that did not help by themselves bring where all others are in place, too."""
        for k, finding in enumerate(self.findings):
            if finding.confirmed or self.fixes[k] is None or self.trials.exhausted or len(self.findings) < 2:
                continue
            without = subject
            for fix in (f for j, f in enumerate(self.fixes) if j != k and f is not None):
                without = _changed(fix, without) or without
            effect = replace(
                self._effect(without, repaired), random=finding.effect.random if finding.effect else math.nan
            )
            if effect.harms if finding.kind == "leakage" else effect.helps():
                self.findings[k] = replace(finding, effect=effect, confirmed=True, repaired=repaired)

    def _skill(self, subject: Subject) -> float:
        return float(np.mean([o.skill for o in self.trials.run([subject], SCREENING)[0]]))

    def labels(self, subject: Subject) -> None:
        """What no change of settings repairs, where no fix helps any more."""
        observed = Observed(subject, self.trials.run([subject], SCREENING)[0], final=True)
        if any(f.kind == "noisy_labels" for f in self.findings):
            return
        for s in _asked(labels, observed):
            if not s.fixes:
                self.tried.pop(s.kind, None)
                words = "look at these rows: their labels, not the training, are wrong"
                self._keep(Finding(s.kind, s.where, s.message, s.evidence, words, None, False))

    def _effect(self, subject: Subject, changed: Subject) -> Effect:
        effect = effect_of(*self.trials.run([subject, changed], CONFIRMING))
        if effect.gain >= needed(effect.before) and effect.low <= 0:
            effect = effect_of(*self.trials.run([subject, changed], (*CONFIRMING, *MORE)))
        return effect

    def _screened(self, subject: Subject, suspicions: Sequence[Suspicion], skill: float) -> list[_Option]:
        """The best fix of each suspicion on a few seeds; those that promise nothing count as tried."""
        options = [(s, fix, c) for s in suspicions for fix in s.fixes if (c := _changed(fix, subject)) is not None]
        options, outcomes = self._in_time(options)
        best: dict[int, _Option] = {}
        for (s, fix, changed), pair in zip(options, outcomes, strict=True):
            found = _Option(s, fix, changed, float(np.mean([o.skill for o in pair])) - skill)
            if id(s) not in best or found.gain > best[id(s)].gain:
                best[id(s)] = found
        base = self.trials.run([subject], SCREENING)[0]
        for x in best.values():
            if x.gain < HOPEFUL * needed(skill, x.suspicion.soft):
                effect = effect_of(base, self.trials.run([x.changed], SCREENING)[0])
                self.tried.setdefault(x.suspicion.kind, replace(x.finding(effect), confirmed=False))
        return list(best.values())

    def _in_time(self, options: list[_Tried]) -> tuple[list[_Tried], list[list[Outcome]]]:
        """The options that there is time for, the most specific suspicions' first, and their outcomes."""
        if self.trials.budget is None:
            return options, self.trials.run([changed for _, _, changed in options], SCREENING)
        outcomes: list[list[Outcome]] = []
        options = sorted(options, key=lambda option: -option[0].strength)
        for first in range(0, len(options), AT_A_TIME):
            if self.trials.late:
                break
            some = options[first : first + AT_A_TIME]
            outcomes += self.trials.run([changed for _, _, changed in some], SCREENING)
        return options[: len(outcomes)], outcomes

    def _random(self, subject: Subject, fix: Fix) -> float:
        """The skill that a random change of the same kind gives."""
        changed = random_change(subject, fix.knob, np.random.default_rng(len(self.findings) + 11))
        if changed is None:
            return math.nan
        return float(np.mean([o.skill for o in self.trials.run([changed], CONFIRMING)[0]]))


def _trust(s: Suspicion) -> float:
    return 0.4 + 0.6 * s.strength


def _asked(rule: Callable[[Observed], Any], observed: Observed) -> list[Suspicion]:
    """What a rule suspects; nothing where what it looks at cannot be computed."""
    try:
        return list(rule(observed))
    except (BackpathError, ArithmeticError, np.linalg.LinAlgError):
        return []


def _changed(fix: Fix, subject: Subject) -> Subject | None:
    try:
        return fix.of(subject)
    except BackpathError:
        return None
