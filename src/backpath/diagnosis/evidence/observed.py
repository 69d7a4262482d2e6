"""Everything that is seen of a subject and its trainings, each when it is asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from backpath.diagnosis.evidence.columns import Columns, Leaks, columns_of, leaks_of
from backpath.diagnosis.evidence.course import Course, batch_left, course_of
from backpath.diagnosis.evidence.curvature import noise_scale, sharpness
from backpath.diagnosis.evidence.depth import Depth, depth_of
from backpath.diagnosis.evidence.labels import Labels, labels_of_rows
from backpath.diagnosis.evidence.layout import Layout, layout_of
from backpath.diagnosis.evidence.units import Units, units_of
from backpath.diagnosis.subject import Subject
from backpath.diagnosis.trials import Outcome
from backpath.graph import BackpathError
from backpath.training.given import first_parameters
from backpath.training.loop.rows import rows_of

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Observed:
    """A subject, the outcomes of its trainings, and the evidence that they give; ``final`` when no fix helps any more.

    What cannot be seen of a subject, since it cannot be computed, is None.
    """

    subject: Subject
    outcomes: Sequence[Outcome] = ()
    final: bool = False

    @property
    def skill(self) -> float:
        """On held-out rows."""
        return float(np.mean([o.skill for o in self.outcomes]))

    @property
    def train_skill(self) -> float:
        """On training rows."""
        return 1 - float(np.mean([o.train for o in self.outcomes]))

    @cached_property
    def first(self) -> Any:
        """Parameters before the first step."""
        s = self.subject
        rows = rows_of(np.asarray(s.X, s.model.input_dtype(np.float32)))
        return s.model.views(first_parameters(s.model, rows, s.init, 0, np.float64))

    @cached_property
    def last(self) -> Any:
        """Parameters at the end of a training, or before it where none ended well."""
        same = [o for o in self.outcomes if o.parameters is not None and o.network is not None]
        for outcome in same:
            if outcome.network.parameter_shapes == self.subject.model.parameter_shapes:
                return outcome.parameters
        return self.first

    @cached_property
    def named(self) -> dict[str, np.ndarray]:
        """The parameters before the first step, by name."""
        return {k: np.asarray(v) for k, v in self.subject.model.named(self.first).items()}

    @cached_property
    def columns(self) -> Columns:
        """Of the features."""
        return columns_of(self.subject)

    @cached_property
    def leaks(self) -> Leaks:
        """What gives the target away."""
        return leaks_of(self.subject)

    @cached_property
    def labels(self) -> Labels | None:
        """What neighbours say of labels."""
        return labels_of_rows(self.subject)

    @cached_property
    def course(self) -> Course | None:
        """How the loss went."""
        return _seen(lambda: course_of(self.subject, self.outcomes, self.first))

    @cached_property
    def layout(self) -> Layout | None:
        """The layers before the first step."""
        return _seen(lambda: layout_of(self.subject, self.first))

    @cached_property
    def units(self) -> tuple[Units, Units]:
        """Before the first step and at the end."""
        end = _seen(lambda: layout_of(self.subject, self.last))
        return units_of(self.layout) if self.layout else Units(), units_of(end) if end else Units()

    @cached_property
    def depth(self) -> Depth | None:
        """The gradient by layers before the first step."""
        return _seen(lambda: depth_of(self.subject, self.first))

    @cached_property
    def sharp(self) -> float:
        """Curvature over what the step allows, at the start or the end, whichever is larger; nan where unknown."""
        points = [self.first, *([self.last] if self.last is not self.first else [])]
        values = [_seen(lambda p=p: sharpness(self.subject, p)) for p in points]
        known = [v for v in values if v is not None and not math.isnan(v)]
        return max(known, default=math.nan)

    @cached_property
    def noise_scale(self) -> float:
        """Of the gradient before the first step; nan where unknown."""
        found = _seen(lambda: noise_scale(self.subject, self.first))
        return math.nan if found is None else found

    @cached_property
    def batch_left(self) -> float:
        """What steps on one batch alone leave of its loss; nan where unknown."""
        found = _seen(lambda: batch_left(self.subject, self.first))
        return math.nan if found is None else found


def _seen(look: Callable[[], Seen]) -> Seen | None:
    try:
        return look()
    except (BackpathError, ArithmeticError, np.linalg.LinAlgError):
        return None
