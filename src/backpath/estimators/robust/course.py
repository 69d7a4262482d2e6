"""The training of all members: squads side by side, as long as time and held-out rows say."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from backpath.estimators.robust.lesson import Learned, Lesson
from backpath.estimators.robust.members import stacked
from backpath.estimators.robust.progress import Progress
from backpath.estimators.robust.schedule import Clock, Schedule
from backpath.estimators.robust.squad import Squad
from backpath.graph import SettingError
from backpath.training.loop.cores import blas_threads
from backpath.training.loop.rows import rows_of

TURNS = (1 / 15, 3 / 15, 7 / 15)
"""Where a wave of the step size ends and the next one begins."""

RESERVE = 0.08
"""The part of the time that is kept for what comes after the last epoch."""


class Course:
    """One fit of all members.

    Members of one dealing of the folds are a squad: what each learns depends on its squad alone, however many threads
    train squads at a time.

    Args:
        lesson: what they train on.
        clock: how long it may take.
        told: hears of each epoch.
    """

    def __init__(self, lesson: Lesson, clock: Clock, told: Progress):
        self.lesson, self.clock, self.told = lesson, clock, told
        c, members = lesson.chosen, len(lesson.held)
        first = stacked(lesson.form, lesson.seed, range(members), c.bias, c.spread)
        self.found = Learned.none_yet(lesson, {n: value.astype(lesson.X.dtype) for n, value in first.items()})
        self.schedule = Schedule(c.epochs * lesson.steps)
        size = members if lesson.engine == "xla" else c.folds
        parts = [np.arange(begin, min(begin + size, members)) for begin in range(0, members, size)]
        self.workers = min(len(parts), lesson.threads)
        programs, rows, threads = {}, rows_of(lesson.X), max(lesson.threads // self.workers, 1)
        self.squads = [
            Squad(lesson, rows, self.found, self.schedule, part, lesson.seed + number, threads, programs)
            for number, part in enumerate(parts)
        ]
        self.turns = list(TURNS)
        self.in_wave, self.before_wave = np.full(members, np.inf), np.full(members, np.inf)
        self.began = 0.0

    def run(self) -> Learned:
        """Train until the course or the time ends.

        Raises:
            SettingError: if training diverged.
        """
        found, epoch = self.found, 0
        with self._side_by_side() as each:
            going = True
            while going:
                epoch += 1
                each(partial(Squad.epoch, number=epoch))
                self._note()
                step = self.squads[0].loop.state.steps
                self._mind_time(epoch, step)
                members = sum(len(squad.members) for squad in self.squads)
                self.told.epoch(epoch, self.schedule.progress(step), found.held_curve[-1], members)
                going = step < self.schedule.total and self.clock.left > self._reserve and self._thin_out(epoch, step)
        if not np.isfinite(found.losses[found.judges.judged]).all():
            raise SettingError(
                f"training diverged: scores of held-out rows overflow: lower "
                f"learning_rate_init={self.lesson.chosen.rate:g}"
            )
        return found

    @contextmanager
    def _side_by_side(self) -> Iterator[Any]:
        """What does something with each squad, several at a time."""
        inner = max(self.lesson.threads // self.workers, 1)
        with blas_threads(inner if self.squads[0].loop.stepping.minds_blas else None):
            if self.workers == 1:
                yield lambda do: [do(squad) for squad in self.squads]
                return
            with ThreadPoolExecutor(self.workers) as pool:
                yield lambda do: list(pool.map(do, self.squads))

    @property
    def _reserve(self) -> float:
        return 0.0 if self.clock.budget is None else RESERVE * self.clock.budget

    def _note(self) -> None:
        """The losses of an epoch."""
        sizes = [len(squad.members) for squad in self.squads]
        self.found.loss_curve.append(float(np.average([squad.loss for squad in self.squads], weights=sizes)))
        judged = self.found.judges.judged
        told = np.concatenate([squad.losses[judged[squad.members]] for squad in self.squads])
        self.found.held_curve.append(float(told.mean()) if len(told) else math.nan)
        for squad in self.squads:
            self.in_wave[squad.members] = np.minimum(self.in_wave[squad.members], squad.losses)

    def _mind_time(self, epoch: int, step: int) -> None:
        """Shorten the course to what the time allows, by what the epochs so far took."""
        if self.clock.budget is None:
            return
        if epoch == 1:
            self.began = self.clock.spent
            return
        pace = (self.clock.spent - self.began) / (epoch - 1)
        left = max(int((self.clock.left - self._reserve) / max(pace, 1e-9)), 0)
        end = step + left * self.lesson.steps
        if end < self.schedule.total:
            self.schedule.end_at(end, step)

    def _thin_out(self, epoch: int, step: int) -> bool:
        """Leave behind the members that will not get better; whether any go on."""
        found, stays = self.found, np.ones(len(self.lesson.held), bool)
        if self.lesson.patience < math.inf:
            stays &= epoch - found.epochs <= self.lesson.patience
        if self.turns and self.schedule.progress(step) >= self.turns[0]:
            self.turns.pop(0)
            # Waves lengthen: where one was no better than all before it, longer ones would only fit more closely.
            stays &= (self.in_wave <= self.before_wave) | ~found.judges.judged
            self.before_wave = np.minimum(self.before_wave, self.in_wave)
            self.in_wave[:] = np.inf
        self.squads = [squad for squad in self.squads if stays[squad.members].any()]
        for squad in self.squads:
            if not stays[squad.members].all():
                squad.keep(np.flatnonzero(stays[squad.members]))
        return bool(self.squads)
