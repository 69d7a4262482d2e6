"""A fix: a change of a subject, in words and as a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backpath.diagnosis.subject import Subject

Change = Callable[[Subject], Subject | None]


@dataclass(frozen=True, slots=True)
class Fix:
    """A change to try.

    Attributes:
        words: what is changed, as it is told.
        knob: what is turned: random changes of the same knob are tried beside it.
        change: makes the changed subject; None where the model does not allow it.
    """

    words: str
    knob: str
    change: Change

    def of(self, subject: Subject) -> Subject | None:
        """The changed subject."""
        return self.change(subject)


def with_settings(subject: Subject, **settings: Any) -> dict[str, Any]:
    """The settings of a run that say the same."""
    return {**subject.settings, **settings}
