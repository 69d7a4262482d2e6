"""Random changes of the same kind as a fix, to see whether its advice is better than none."""

from __future__ import annotations

import numpy as np

from backpath.diagnosis.fixes import models, rows, steps
from backpath.diagnosis.fixes.fix import Fix
from backpath.diagnosis.subject import Subject
from backpath.graph import BackpathError
from backpath.nets import ACTIVATIONS, INITIALIZERS
from backpath.training.optimizers.descent import RATES, descent

WIDEST = 3.0
"""Digits of a factor, to both sides together twice as many."""


def random_change(subject: Subject, knob: str, rng: np.random.Generator) -> Subject | None:
    """The subject with the knob turned to a random place; None where it has no other places."""
    for _ in range(6):
        fix = _random_fix(subject, knob, rng)
        if fix is None:
            return None
        try:
            changed = fix.of(subject)
        except BackpathError:
            continue
        if changed is not None:
            return changed
    return None


def _random_fix(s: Subject, knob: str, rng: np.random.Generator) -> Fix | None:
    factor = float(10 ** rng.uniform(-WIDEST / 1.5, WIDEST / 1.5))
    if knob == "rate":
        return steps.rate(factor)
    if knob == "epochs":
        return steps.epochs(float(10 ** rng.uniform(-1, 1)))
    if knob == "batch":
        return steps.batch(int(2 ** rng.integers(0, 9)))
    if knob == "optimizer":
        name = str(rng.choice(list(RATES)))
        return steps.optimizer(descent(name), name)
    if knob in ("penalty", "clip"):
        return steps.decay(factor * 0.01) if knob == "penalty" else steps.clipped(factor)
    if knob == "activation":
        return models.activation(str(rng.choice(list(ACTIVATIONS))))
    if knob == "init":
        return models.init(str(rng.choice([name for name in INITIALIZERS if name != "critical"])))
    if knob == "size":
        return models.widths(factor)
    if knob == "norm":
        return models.norm(str(rng.choice(["batch", "layer"])))
    if knob == "dropout":
        return models.dropout(float(rng.uniform(0.05, 0.8)))
    if knob == "features":
        width = int(np.prod(s.X.shape[1:]))
        return rows.scaled_by("random scales", np.zeros(width), 10 ** rng.uniform(-1.5, 1.5, width))
    if knob == "rows":
        kept = rng.choice(len(s.X), max(len(s.X) // 5, 1), replace=False)
        return rows.without_rows(kept, "random rows left out")
    if knob == "columns":
        column = int(rng.integers(np.prod(s.X.shape[1:])))
        return rows.without_columns([column], [s.name(column)])
    return None
