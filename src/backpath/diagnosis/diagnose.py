"""``diagnose``: from a training to what is wrong with it, each suspicion tried by training again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backpath.diagnosis.by_hand import effect_of_gradient
from backpath.diagnosis.comparison import Effect, effect_of, needed
from backpath.diagnosis.evidence.observed import Observed
from backpath.diagnosis.findings import Diagnosis, Finding
from backpath.diagnosis.fixes.fix import Fix
from backpath.diagnosis.fixes.random import random_change
from backpath.diagnosis.rules.given import GIVEN
from backpath.diagnosis.rules.layers import LAYERS
from backpath.diagnosis.rules.seen import SEEN
from backpath.diagnosis.rules.suspicion import Suspicion
from backpath.diagnosis.subject import Subject, subject_of
from backpath.diagnosis.trials import Trials
from backpath.graph import BackpathError, SettingError
from backpath.nets import Model
from backpath.training.fit import DESCENT
from backpath.training.given import Init
from backpath.training.optimizers.chain import Optimizer

SCREENING, CONFIRMING = (0, 1), (2, 3, 4, 5)
"""Seeds that choose among fixes, and other seeds that judge the chosen ones."""

ROUNDS, MOST_CONFIRMED, HOPEFUL = 3, 4, 0.7


def diagnose(
    model: Model,
    X: Any,
    y: Any,
    *,
    optimizer: Optimizer = DESCENT,
    epochs: int = 40,
    batch: int = 32,
    init: Init = "auto",
    weights: Any = None,
    validation: tuple[Any, Any] | None = None,
    names: Sequence[str] = (),
    gradient: Callable[..., Any] | None = None,
    budget: float | None = 30.0,
    steps: int | None = None,
    seed: int = 0,
) -> Diagnosis:
    """What is wrong with a training, and which change repairs it: each is tried by training again from paired seeds.

    A third of the rows is held out to judge by, unless ``validation`` is given. Skill is measured on them: 1 is
    perfect, 0 what chance gives; errors of classes that count alike, or squares over the variance. A suspicion becomes
    a finding if its fix gains at least 0.04 of skill and a fifth of what skill lacks, with an interval over seeds and
    rows that leaves out 0; or if it is wrong by what was given, as a softmax behind the last layer in front of
    ``cross_entropy``.

    Args:
        model: what is trained.
        X: shape (rows, ...).
        y: targets as of ``fit``; what the loss cannot read is a finding, and not an error.
        optimizer: as of ``fit``.
        epochs: as of ``fit``.
        batch: as of ``fit``.
        init: as of ``fit``.
        weights: as of ``fit``.
        validation: rows that judge, as (X, y).
        names: of the features.
        gradient: a hand-written one to check: of parameters, X and y to derivatives of the mean loss, nested as they.
        budget: seconds after which nothing new is tried; None for no end.
        steps: in place of seconds, so many steps of the optimizer, which are the same on every machine.
        seed: of what is held out.

    Raises:
        SettingError: if a setting is not of its kind.
        DataError: if there are no rows, or X and y are not equally many.

    >>> from sklearn.datasets import load_iris
    >>> from backpath.nets import Network
    >>> from backpath.training.optimizers import sgd
    >>> X, y = load_iris(return_X_y=True)
    >>> X = (X - X.mean(axis=0)) / X.std(axis=0)
    >>> found = diagnose(Network([4, 8, 3]), X, y, optimizer=sgd(1e-5), epochs=30)
    >>> found.findings[0].kind, found.findings[0].confirmed
    ('rate_too_small', True)
    """
    subject = subject_of(
        model,
        X,
        y,
        optimizer=optimizer,
        batch=batch,
        epochs=epochs,
        init=init,
        weights=weights,
        validation=validation,
        names=tuple(names),
        gradient=gradient,
        seed=seed,
    )
    return diagnosis_of(subject, budget=budget, steps=steps)


def diagnosis_of(subject: Subject, *, budget: float | None = 30.0, steps: int | None = None) -> Diagnosis:
    """The diagnosis of a training; see :func:`diagnose`.

    Raises:
        SettingError: if the budget is not positive.
    """
    if (budget is not None and not budget > 0) or (steps is not None and steps < 1):
        raise SettingError(f"budget={budget!r}, steps={steps!r}: give seconds or steps to spend, more than 0")
    started = time.perf_counter()
    search = _Search(Trials(budget, steps))
    skill = float(np.mean([o.skill for o in search.trials.run([subject], SCREENING)[0]]))
    repaired = search.given(subject)
    checks = _checks(repaired, search.trials)
    for _ in range(ROUNDS):
        following = None if search.trials.exhausted else search.round(repaired)
        if following is None:
            break
        repaired = following
    known = {f.kind for f in search.findings}
    tried = tuple(f for f in search.tried.values() if f.kind not in known)
    seconds = time.perf_counter() - started
    return Diagnosis(tuple(search.findings), tried, skill, checks, search.trials.trainings, seconds, subject)


@dataclass(slots=True)
class _Search:
    """Findings so far, and what was tried in vain."""

    trials: Trials
    findings: list[Finding] = field(default_factory=list)
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
            self.findings.append(
                Finding(s.kind, s.where, s.message, s.evidence, words, effect, bool(effect and effect.helps))
            )
            return
        if fix is None:
            self.findings.append(Finding(s.kind, s.where, s.message, s.evidence, "none is known", None, False))
            return
        before, after = self.trials.run([without, repaired], CONFIRMING)
        effect = replace(effect_of(before, after), random=self._random(without, fix))
        confirmed = effect.harms if s.hidden else effect.helps
        self.findings.append(Finding(s.kind, s.where, s.message, s.evidence, fix.words, effect, confirmed, repaired))

    def round(self, subject: Subject) -> Subject | None:
        """The heaviest suspicion that a fix confirms, as one more finding; the subject with that fix, or None."""
        base = self.trials.run([subject], SCREENING)[0]
        observed = Observed(subject, base)
        known = {(f.kind, f.where) for f in self.findings}
        suspicions = [s for rule in (*SEEN, *LAYERS) for s in _asked(rule, observed) if (s.kind, s.where) not in known]
        hopeful = self._screened(subject, suspicions, observed.skill)
        confirmed = []
        for s, fix, changed, _ in hopeful[:MOST_CONFIRMED]:
            if self.trials.exhausted and confirmed:
                break
            before, after = self.trials.run([subject, changed], CONFIRMING)
            effect = effect_of(before, after)
            finding = Finding(s.kind, s.where, s.message, s.evidence, fix.words, effect, effect.helps, changed)
            if effect.helps:
                confirmed.append((effect.gain * _trust(s), finding, fix))
            else:
                self.tried.setdefault(s.kind, finding)
        if not confirmed:
            return self._without_fix(suspicions)
        _, finding, fix = max(confirmed, key=lambda c: c[0])
        effect = replace(finding.effect or Effect(0, 0, 0, 0, 0, 0), random=self._random(subject, fix))
        self.findings.append(replace(finding, effect=effect))
        return finding.repaired

    def _without_fix(self, suspicions: Sequence[Suspicion]) -> None:
        """Suspicions that no change of settings repairs, where nothing else was found."""
        if not any(f.confirmed for f in self.findings):
            for s in suspicions:
                if not s.fixes:
                    self.findings.append(Finding(s.kind, s.where, s.message, s.evidence, "look at the labels", None, False))

    def _screened(
        self, subject: Subject, suspicions: Sequence[Suspicion], skill: float
    ) -> list[tuple[Suspicion, Fix, Subject, float]]:
        """The best fix of each suspicion on a few seeds, the most promising first; the others count as tried."""
        options = [(s, fix, c) for s in suspicions for fix in s.fixes if (c := _changed(fix, subject)) is not None]
        outcomes = self.trials.run([changed for _, _, changed in options], SCREENING)
        best: dict[int, tuple[Suspicion, Fix, Subject, float]] = {}
        for (s, fix, changed), pair in zip(options, outcomes, strict=True):
            gain = float(np.mean([o.skill for o in pair])) - skill
            if id(s) not in best or gain > best[id(s)][3]:
                best[id(s)] = (s, fix, changed, gain)
        base = self.trials.run([subject], SCREENING)[0]
        for s, fix, changed, gain in best.values():
            if gain < HOPEFUL * needed(skill):
                effect = effect_of(base, self.trials.run([changed], SCREENING)[0])
                self.tried.setdefault(s.kind, Finding(s.kind, s.where, s.message, s.evidence, fix.words, effect, False))
        hopeful = [b for b in best.values() if b[3] >= HOPEFUL * needed(skill)]
        return sorted(hopeful, key=lambda b: -b[3] * _trust(b[0]))

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


def _checks(subject: Subject, trials: Trials) -> dict[str, Any]:
    """The quick experiments."""
    observed = Observed(subject, trials.run([subject], SCREENING)[0])
    course = observed.course
    start = course.start / course.chance if course and course.chance else math.nan
    return {"loss at the start over chance's": start, "left of one batch's loss": observed.batch_left}
