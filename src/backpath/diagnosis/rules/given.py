"""What is wrong by what was given, before any training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from backpath.diagnosis.evidence.observed import Observed
from backpath.diagnosis.evidence.units import unbroken
from backpath.diagnosis.fixes import models, rows, steps
from backpath.diagnosis.fixes.fix import Fix
from backpath.diagnosis.rules.suspicion import Suspicion, sourced
from backpath.diagnosis.subject import Subject
from backpath.diagnosis.thresholds import limit
from backpath.trust import debug_gradient

BOUNDS = {"sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": (0.0, np.inf)}
"""What the scores can be behind an activation."""

SOFTPLUS = (0.0, np.inf)
FEW_HELD_OUT, LEAST_LACK = 0.02, 0.01


def non_finite(o: Observed) -> Iterator[Suspicion]:
    """Cells of X or y that are no numbers."""
    for name, array in (("X", o.subject.X), ("y", o.subject.y), ("X", o.subject.held)):
        flat = np.asarray(array, float).reshape(len(array), -1)
        bad = ~np.isfinite(flat)
        if bad.any():
            row, column = map(int, np.argwhere(bad)[0])
            place = f"{o.subject.name(column)}, row {row}" if name == "X" else f"the target, row {row}"
            yield Suspicion(
                "non_finite",
                place,
                f"{int(bad.sum())} of {bad.size} cells of {name} are no finite numbers, so that no loss is",
                {"cells": int(bad.sum()), "rows": int(bad.any(axis=1).sum())},
                [rows.filled()],
                1.0,
                plain=True,
            )
            return


def wrong_output(o: Observed) -> Iterator[Suspicion]:
    """An activation behind the last layer that the loss has in it already, or that cannot reach the targets."""
    ending = o.layout.ending if o.layout else ()
    if not ending:
        return
    s, last = o.subject, ending[-1]
    told = {"output": " ".join(ending), "loss": str(s.model.loss)}
    fixes = [models.without_ending(), *([right_loss(s)] if right_loss(s) else [])]
    if s.model.loss_function.classifies:
        message = f"{last} stands behind the last layer, and the loss {s.model.loss} takes scores without it"
        yield Suspicion("wrong_output", "output", message, told, fixes, 1.0, plain=True)
        return
    low, high = BOUNDS.get(last, SOFTPLUS if last == "softplus" else (-np.inf, np.inf))
    y = np.asarray(s.y, float)
    outside = float(np.mean((y < low) | (y > high)))
    constant = last == "softmax" and s.model.outputs == (1,)
    if constant or outside > FEW_HELD_OUT:
        message = (
            "softmax over one output is 1 whatever goes in"
            if constant
            else f"{outside:.0%} of the targets lie outside of what {last} gives, from {low:g} to {high:g}"
        )
        yield Suspicion("wrong_output", "output", message, {**told, "outside": outside}, fixes, 1.0, plain=True)


def right_loss(s: Subject) -> Fix | None:
    """The loss that suits the target, where the one that is given does not."""
    loss, classes, outputs = s.model.loss, s.goal.classes, (s.model.outputs or (1,))[-1]
    if classes:
        if loss in ("cross_entropy", "hinge") or (loss == "sigmoid_cross_entropy" and outputs == 1):
            return None
        return models.loss("sigmoid_cross_entropy", 1) if classes == 2 and outputs == 1 else _softmax(classes)
    if loss in ("squared_error", "huber"):
        return None
    return models.loss("squared_error", s.goal.train.shape[1])


def _softmax(classes: int) -> Fix:
    return models.loss("cross_entropy", classes)


def wrong_loss(o: Observed) -> Iterator[Suspicion]:
    """A loss that is not for such targets."""
    s = o.subject
    fix = right_loss(s)
    if fix is None:
        return
    loss, y = s.model.loss, np.asarray(s.y, float)
    if s.goal.classes:
        what = f"the target is one of {s.goal.classes} classes, and the loss {loss} is for values"
        if loss == "sigmoid_cross_entropy":
            what = f"each row is of one of {s.goal.classes} classes, and {loss} lets it be of several or none"
        yield Suspicion(
            "wrong_loss", "loss", what, {"classes": s.goal.classes, "loss": str(loss)}, [fix], 1.0, plain=True
        )
        return
    whole = float(np.mean(y == np.rint(y)))
    if loss == "poisson" and y.min() >= 0 and whole > 0.99:
        return
    multilabel = bool(np.isin(y, (0, 1)).all())
    if s.model.loss_function.classifies and multilabel and y.ndim > 1:
        return
    what = f"the target holds values from {y.min():.4g} to {y.max():.4g}, and the loss {loss} is not for those"
    yield Suspicion("wrong_loss", "loss", what, {"whole": whole, "loss": str(loss)}, [fix], 1.0, plain=True)


def unbroken_symmetry(o: Observed) -> Iterator[Suspicion]:
    """A layer whose units all begin alike, and so stay alike."""
    layer = unbroken(o.layout, o.named) if o.layout else ""
    if layer:
        message = f"all units of {layer} begin with the same weights, so that every step changes them alike"
        yield Suspicion("bad_initialization", layer, message, {"spread": 0.0}, [models.init()], 1.0, plain=True)


def batch_of_one(o: Observed) -> Iterator[Suspicion]:
    """Normalization over a batch that is one row, whose deviation from its own mean is 0."""
    if o.layout and o.layout.normalized and o.subject.batch == 1:
        message = "batches of one row are normalized over the batch: what comes out is 0, whatever goes in"
        told = {"batch": 1, "rows": len(o.subject.X)}
        fixes = [steps.batch(steps.USUAL_BATCH), models.norm("layer"), models.norm(None)]
        yield Suspicion("bad_normalization", "normalization", message, told, fixes, 1.0, plain=True)


def leaking_column(o: Observed) -> Iterator[Suspicion]:
    """A column that tells the target by itself."""
    found, s = o.leaks, o.subject
    ahead = 1 - found.others > 4 * max(1 - found.skill, LEAST_LACK)
    if found.column >= 0 and found.skill > limit("leak") and ahead and found.apart > limit("apart"):
        name = s.name(found.column)
        message = f"{name} by itself tells the target, and no other column comes near: is it known before the target?"
        told: dict[str, Any] = {
            "skill of it alone": found.skill,
            "of the next": found.others,
            "apart by the target": found.apart,
        }
        told["sources"] = sourced("leak", "apart")
        yield Suspicion(
            "leakage", name, message, told, [rows.without_columns([found.column], [name])], 1.0, True, hidden=True
        )


def shared_rows(o: Observed) -> Iterator[Suspicion]:
    """Rows that stand in the training part and in the one that judges."""
    s = o.subject
    if o.leaks.shared > limit("duplicates"):
        X, held = (np.asarray(a, float).reshape(len(a), -1) for a in (s.X, s.held))
        judged = {row.tobytes() for row in np.ascontiguousarray(held)}
        twice = np.flatnonzero([row.tobytes() in judged for row in np.ascontiguousarray(X)])
        message = f"{o.leaks.shared:.0%} of the rows that judge are training rows, too: they are known by heart"
        told = {"shared": o.leaks.shared, "sources": sourced("duplicates")}
        fix = rows.without_rows(twice, f"{len(twice)} training rows left out that stand among those that judge")
        yield Suspicion("leakage", "rows", message, told, [fix], 1.0, plain=True, hidden=True)


def wrong_gradient(o: Observed) -> Iterator[Suspicion]:
    """A hand-written gradient that is not the loss's."""
    s = o.subject
    if s.gradient is None:
        return
    X, y = np.asarray(s.X[:32], float), s.y[:32]
    theirs, model = s.gradient, s.model
    tree = model.tree({k: v.astype(float) for k, v in o.named.items()})

    def loss(parameters):
        return model.loss_value(parameters, X, y)

    told = debug_gradient(loss, lambda parameters: theirs(parameters, X, y), (tree,))
    wrong = [a for a in told.arrays if not a.ok]
    if wrong:
        where = ", ".join(a.name.removeprefix("parameters.") for a in wrong)
        evidence = {a.name: f"{a.wrong} of {a.total} entries, {a.diagnosis}" for a in wrong}
        yield Suspicion(
            "wrong_gradient",
            where,
            f"the hand-written gradient is wrong: {wrong[0].diagnosis}",
            evidence,
            [],
            1.0,
            True,
        )


GIVEN = (
    non_finite,
    wrong_loss,
    wrong_output,
    unbroken_symmetry,
    batch_of_one,
    leaking_column,
    shared_rows,
    wrong_gradient,
)
"""In the order in which they are looked for, and repaired."""
