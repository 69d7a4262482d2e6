"""The training of one member as a training to diagnose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

from backpath.diagnosis import Diagnosis, diagnose
from backpath.estimators.robust.lesson import Lesson
from backpath.estimators.robust.members import Form, scores_of_each
from backpath.estimators.robust.schedule import Schedule
from backpath.estimators.robust.squad import optimizer_of
from backpath.nets import Model

MOST_EPOCHS = 200


@final
@dataclass(frozen=True)
class _Alone:
    """The scores of one member.

    Attributes:
        form: of it.
    """

    form: Form

    def __call__(self, p: Any, X: Any) -> Any:
        return scores_of_each(self.form, {name: value[None] for name, value in p.items()}, X)[0]


def diagnosis_of_member(lesson: Lesson, names: Sequence[str], budget: float | None, steps: int | None) -> Diagnosis:
    """The diagnosis of the first member's training on all rows, without dropout and smoothing."""
    form, c = replace(lesson.form, drops=False), lesson.chosen
    first = {name: value.astype(float) for name, value in form.first(lesson.seed, 0, c.bias, c.spread).items()}
    epochs = min(c.epochs, MOST_EPOCHS)
    return diagnose(
        Model(_Alone(form), first, loss=form.loss),
        lesson.X.astype(float),
        lesson.y,
        optimizer=optimizer_of(replace(lesson, form=form), form.shapes, Schedule(epochs * lesson.steps)),
        epochs=epochs,
        batch=lesson.batch,
        weights=lesson.weights,
        names=tuple(names),
        budget=budget,
        steps=steps,
    )
