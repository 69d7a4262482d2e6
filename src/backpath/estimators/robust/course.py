"""The training of all members: squads side by side, as long as time and held-out rows say."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
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
from backpath.training.loop.stepping import Programs

TURNS = (1 / 15, 3 / 15, 7 / 15)
"""Where a wave of the step size ends and the next one begins."""

RESERVE = 0.08
"""The part of the time that is kept for what comes after the last step."""

LOOKS = 12
"""How often members are judged at least, on a course that is shorter than so many epochs."""

Each = Callable[[Callable[[Squad], None]], Any]


class Course:
    """One fit of all members.

    Members of one dealing of the folds are a squad, or half of them where there are no more, so that two threads have
    work: what each learns depends on its squad alone, however many threads train squads at a time.

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
        size = members if lesson.engine == "xla" else min(c.folds, math.ceil(members / 2))
        parts = [np.arange(begin, min(begin + size, members)) for begin in range(0, members, size)]
        self.workers = min(len(parts), lesson.threads)
        self.threads = max(lesson.threads // self.workers, 1)
        programs: dict[int, Programs] = {}
        rows = rows_of(lesson.X)
        self.squads = [
            Squad(lesson, rows, self.found, self.schedule, part, lesson.seed + number, self.threads, programs)
            for number, part in enumerate(parts)
        ]
        self.turns = list(TURNS)
        self.in_wave, self.before_wave = np.full(members, np.inf), np.full(members, np.inf)
        self.began, self.judged_at = clock.spent, 0

    def run(self) -> Learned:
        """Train until the course or the time ends.

        Raises:
            SettingError: if training diverged.
        """
        with self._side_by_side() as each:
            while self._round(each):
                pass
        found = self.found
        # Those that there was no time for have never been judged.
        taken = np.isfinite(found.losses) | ~found.judges.judged & (found.epochs > 0)
        if not taken.any() or (not self.lesson.timed and not taken.all()):
            raise SettingError(
                f"training diverged: scores of held-out rows overflow: lower "
                f"learning_rate_init={self.lesson.chosen.rate:g}"
            )
        return found if taken.all() else found.only(np.flatnonzero(taken))

    @contextmanager
    def _side_by_side(self) -> Iterator[Each]:
        """What does something with each squad, several at a time."""
        with blas_threads(self.threads) if self.squads[0].loop.stepping.minds_blas else nullcontext():
            if self.workers == 1:
                yield lambda do: [do(squad) for squad in self.squads]
                return
            with ThreadPoolExecutor(self.workers) as pool:
                yield lambda do: list(pool.map(do, self.squads))

    def _round(self, each: Each) -> bool:
        """A round of steps; whether there is another one."""
        each(Squad.train)
        step = self.squads[0].loop.state.steps
        self._mind_time(step)
        ends = step >= self.schedule.total or self.clock.left <= self._reserve
        if not ends and step - self.judged_at < min(self.lesson.steps, self.schedule.total / LOOKS):
            return True
        self.judged_at = step
        epoch = math.ceil(step / self.lesson.steps)
        each(partial(Squad.judge, number=epoch))
        self._note()
        members = sum(len(squad.members) for squad in self.squads)
        self.told.epoch(epoch, self.schedule.progress(step), self.found.held_curve[-1], members)
        return not ends and self._thin_out(epoch, step)

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

    def _mind_time(self, step: int) -> None:
        """Shorten the course to what the time allows, by what the steps so far took; at first leave members out."""
        if not self.lesson.timed:
            return
        pace = max((self.clock.spent - self.began) / step, 1e-9)
        left = max(self.clock.left - self._reserve, 0) / pace
        fewest = self.lesson.chosen.fewest * self.lesson.steps
        if step == self.lesson.round and step + left < min(fewest, self.schedule.total):
            left = max(left, left * self._leave_out((step + left) / fewest))
        end = step + int(left)
        if end < self.schedule.total:
            self.schedule.end_at(end, step)

    def _leave_out(self, part: float) -> float:
        """Go on with about this part of the members; how many times as fast, about."""
        before = sum(len(squad.members) for squad in self.squads)
        wanted = max(round(before * part), 1)
        self.squads = self.squads[: max(min(self.workers, wanted), -(-wanted // self.lesson.chosen.folds))]
        size = -(-wanted // len(self.squads))
        for squad in self.squads:
            if len(squad.members) > size:
                squad.keep(np.arange(size))
        return before / sum(len(squad.members) for squad in self.squads)

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
