"""What a launched process tells the one that launched it, by files in a folder of theirs."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

FOLDER = "BACKPATH_LAUNCH"
"""The variable that names the folder."""

RUN = "run"

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
