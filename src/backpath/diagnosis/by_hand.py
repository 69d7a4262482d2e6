"""What a hand-written gradient costs: descent by it, and by ours, from the same parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.calculus import grad
from backpath.diagnosis.comparison import Effect, effect_of
from backpath.diagnosis.evidence.observed import Observed
from backpath.diagnosis.subject import Subject
from backpath.diagnosis.trials import Outcome
from backpath.engines import compile

STEPS, SEEDS = 150, (2, 3, 4)


def effect_of_gradient(subject: Subject) -> Effect | None:
    """The effect of our gradient in place of the user's, over full-batch steps of the given optimizer."""
    if subject.gradient is None:
        return None
    model = subject.model
    X, y = np.asarray(subject.X, float), subject.y
    ours = compile(grad(lambda parameters: model.loss_value(parameters, X, y)))
    theirs = subject.gradient
    before = [_descended(subject, lambda p: theirs(p, X, y), seed) for seed in SEEDS]
    after = [_descended(subject, ours, seed) for seed in SEEDS]
    return effect_of(before, after)


def _descended(subject: Subject, gradient: Any, seed: int) -> Outcome:
    model = subject.model
    first = model.init(seed, np.float64) if isinstance(subject.init, str) else Observed(subject).first
    flat = np.concatenate([np.ravel(np.asarray(v, float)) for v in model.named(first).values()])
    state = subject.optimizer.init(flat)
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            slopes = gradient(model.views(flat))
            slope = np.concatenate([np.ravel(np.asarray(v, float)) for v in model.named(slopes).values()])
            flat, state = subject.optimizer.update(slope, state, flat)
            if not np.isfinite(flat).all():
                return Outcome(np.ones(len(subject.held)), 1.0, error="not finite")
        goal = subject.goal
        held = goal.losses(subject.predicted(model, model.views(flat), subject.held), goal.held)
    return Outcome(held, 0.0, (), model.views(flat), model)
