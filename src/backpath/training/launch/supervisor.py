"""A training in several processes, started again from its last checkpoint when one of them dies or stops getting on."""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backpath.engines.processes.signs import told_run
from backpath.training.launch.team import Team, free_address
from backpath.training.runs.run_folder import checkpoint_of

LOOK = 0.05
"""Seconds between two looks at the processes."""

SETTLE = 1.0
"""Seconds after the first end in which others may show why."""

WRONG, LOST = 2, 75
"""Exit codes: of an error that starting again does not cure, and of a process that has lost another one."""

STOPPED = 128


@dataclass(frozen=True, slots=True)
class Ended:
    """How a start ended.

    Attributes:
        code: to exit with; of a process that a signal ended, 128 and its number.
        why: in words, "" if all went well.
        again: whether another start may do better.
    """

    code: int
    why: str = ""
    again: bool = False


@dataclass(frozen=True)
class Supervisor:
    """Runs a command in several processes until it has ended well.

    Attributes:
        begin: the command of the first start.
        go_on: from the folder of the run that is on its way to the command that goes on with it.
        processes: how many.
        tell: shows a line to whoever waits.
        coordinator: ``host:port`` for all starts; by default a free port of loopback for each.
        restarts: at most.
        stall: seconds without progress after which a process counts as stuck.
    """

    begin: Sequence[str]
    go_on: Callable[[Path], Sequence[str]]
    processes: int
    tell: Callable[[str], None]
    coordinator: str | None = None
    restarts: int = 3
    stall: float = 300.0

    def run(self) -> int:
        """The exit code: that of process 0 if all went well, else of the process that did not."""
        with tempfile.TemporaryDirectory(prefix="backpath-launch-") as name, _signals() as asked:
            folder, ended = Path(name), Ended(0)
            for start in range(self.restarts + 1):
                run = told_run(folder)
                team = Team(self._command(run), self.processes, self.coordinator or free_address(), folder)
                try:
                    ended = self._watch(team, asked)
                finally:
                    team.end()
                    _clean(told_run(folder), team)
                if not ended.again or asked:
                    return ended.code
                left = self.restarts - start
                after = "from the last checkpoint" if told_run(folder) else "from the beginning"
                self.tell(f"{ended.why}; starting again {after}, {left - 1} more times" if left else ended.why)
            self.tell(f"gave up after {self.restarts} restarts")
            return ended.code

    def _command(self, run: Path | None) -> Sequence[str]:
        """A run whose checkpoint is there is gone on with."""
        return self.go_on(run) if run and checkpoint_of(run).exists() else self.begin

    def _watch(self, team: Team, asked: list[int]) -> Ended:
        passed = 0
        while True:
            for number in asked[passed:]:
                # A process saves on SIGINT alone.
                team.pass_on(signal.SIGINT if number == signal.SIGTERM else number)
                passed += 1
            codes = team.codes()
            if any(code not in (None, 0) for code in codes) and not asked:
                return self._failed(team)
            if None not in codes:
                worst = next((code for code in codes if code), 0)
                return Ended(STOPPED - worst if worst < 0 else worst)
            if stuck := team.stuck(self.stall):
                names = " and ".join(map(str, stuck))
                return Ended(LOST, f"process {names} made no progress for {self.stall:g} s", again=True)
            time.sleep(LOOK)

    def _failed(self, team: Team) -> Ended:
        """What a process's end means, told once others had time to show theirs."""
        until = time.monotonic() + SETTLE
        while time.monotonic() < until and None in team.codes():
            time.sleep(LOOK)
        codes = team.codes()
        # The cause first: what a signal ended, then errors; last those that have only lost another.
        failed = [rank for rank, code in enumerate(codes) if code]
        rank = min(failed, key=lambda rank: _order(codes[rank] or 0))
        code = codes[rank] or 0
        if text := team.error_of(rank):
            self.tell(f"process {rank} said:\n{text}")
        if code < 0:
            return Ended(STOPPED - code, f"process {rank} was ended by {signal.Signals(-code).name}", again=True)
        return Ended(code, f"process {rank} ended with code {code}", again=code not in (WRONG, STOPPED + signal.SIGINT))


def _order(code: int) -> int:
    # JAX's runtime aborts processes that have lost another one.
    if code in (LOST, -signal.SIGABRT):
        return 2
    return 0 if code < 0 else 1


def _clean(run: Path | None, team: Team) -> None:
    """Remove what a process was writing when it was ended."""
    if run:
        place = checkpoint_of(run)
        for process in team.processes:
            place.with_name(f".{place.name}.{process.pid}").unlink(missing_ok=True)
            shutil.rmtree(run.with_name(f".{run.name}.{process.pid}"), ignore_errors=True)


@contextmanager
def _signals() -> Iterator[list[int]]:
    """The signals that have come, which no longer end this process."""
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def note(number: int, frame: Any) -> None:
        asked.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
