"""What a launched process tells the one that launched it, by files in a folder of theirs."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

FOLDER = "BACKPATH_LAUNCH"
"""The variable that names the folder."""

RUN = "run"

BEAT, LEAST = 0.2, 2e-3
"""Seconds between two looks at a process at work, and of processor time between them by which it shows that it is."""

UNWATCHED = 0
"""The time of change of who is not watched any more."""


@cache
def _folder() -> Path | None:
    return Path(folder) if (folder := os.environ.get(FOLDER)) else None


def sign_of(folder: Path, pid: int) -> Path:
    """The file whose time of change is when a process was last seen to get on."""
    return folder / f"alive-{pid}"


def getting_on() -> None:
    """Tell that this process has got a step further."""
    if folder := _folder():
        with suppress(OSError):
            sign_of(folder, os.getpid()).touch()


@contextmanager
def at_work() -> Iterator[None]:
    """Within, what has no steps to tell of, this process gets on as long as it uses the processor: one that is stopped,
    or waits for what does not come, does not.
    """
    if not _folder():
        yield
        return
    done = threading.Event()

    def watch() -> None:
        used = time.process_time()
        while not done.wait(BEAT):
            if time.process_time() - used > LEAST:
                getting_on()
            used = time.process_time()

    getting_on()
    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        done.set()
        getting_on()


def unwatched() -> None:
    """Tell that from now on this process may take its time."""
    if folder := _folder():
        getting_on()
        os.utime(sign_of(folder, os.getpid()), (UNWATCHED, UNWATCHED))


def follow_launcher() -> None:
    """Be interrupted, as by Ctrl-C, when whoever launched this process is no more."""
    if not _folder():
        return
    launcher = os.getppid()

    def watch() -> None:
        while os.getppid() == launcher:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()


def tell_run(run: Path) -> None:
    """Tell which run folder is on its way, so that a new start goes on with it."""
    if folder := _folder():
        (folder / RUN).write_text(str(run.absolute()), encoding="utf-8")


def told_run(folder: Path) -> Path | None:
    """The run folder that process 0 has told of."""
    try:
        return Path((folder / RUN).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
