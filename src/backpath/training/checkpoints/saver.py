"""When to write checkpoints, and how to stop without losing a step."""

from __future__ import annotations

import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backpath.engines.processes.company import ALONE
from backpath.training.checkpoints.checkpoint import Checkpoint, write_checkpoint

SHORTEST = 1.0

LONGEST = 0.2
"""Seconds of steps, about, after which a training looks up: whether to save, or to stop."""


class Interrupted(KeyboardInterrupt):
    """Training was stopped between two steps, and all of it is in a checkpoint.

    Attributes:
        path: where.
    """

    def __init__(self, path: Path):
        super().__init__(f"stopped; the checkpoint {path} holds all of it")
        self.path = path


class Saver:
    """Writes a checkpoint after an epoch, within one as often as asked, and when training is to stop.

    Args:
        path: where to write.
        every: seconds between two checkpoints within an epoch. After an epoch there is one, unless the last is younger
            than a second and than this, and after the last epoch in any case.
        about: plain data that go into each checkpoint beside where training stands.

    Attributes:
        patience: seconds of steps after which to ask again.
        company: the processes of the training: all stop when one is to stop, and the first one's clock says when to
            write, which it does.
    """

    def __init__(self, path: str | Path, every: float = 60.0, about: Mapping[str, Any] | None = None):
        self.path, self.every, self.about = Path(path), every, dict(about or {})
        self.last = time.monotonic()
        self.stopping = False
        self.patience = min(every, LONGEST)
        self.company = ALONE

    def after_step(self, capture: Callable[[], Checkpoint]) -> None:
        """Raises Interrupted, with everything saved, if training is to stop."""
        told = self.company.told(self.stopping, time.monotonic() - self.last >= self.every)
        if told[:, 0].any():
            self._write(capture())
            raise Interrupted(self.path)
        if told[0, 1]:
            self._save(capture())

    def after_epoch(self, capture: Callable[[], Checkpoint], last: bool = False) -> None:
        """Likewise after an epoch; the last one is always saved, for what comes after it can be stopped too."""
        due = time.monotonic() - self.last >= min(self.every, SHORTEST)
        if self.company.led(last or due):
            self._save(capture())
        self.after_step(capture)

    @contextmanager
    def catching_interrupts(self) -> Iterator[None]:
        """Within, Ctrl-C lets the step end and be saved; a second one stops at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.getsignal(signal.SIGINT)

        def stop(number: int, frame: Any) -> None:
            if self.stopping:
                raise KeyboardInterrupt
            self.stopping = True

        signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _save(self, checkpoint: Checkpoint) -> None:
        def write() -> None:
            try:
                self._put(checkpoint)
            except OSError as error:
                warnings.warn(f"no checkpoint could be written to {self.path}: {error}; training goes on", stacklevel=2)

        self.company.by_first(write)
        self.last = time.monotonic()

    def _write(self, checkpoint: Checkpoint) -> None:
        self.company.by_first(lambda: self._put(checkpoint))

    def _put(self, checkpoint: Checkpoint) -> None:
        write_checkpoint(self.path, Checkpoint(checkpoint.arrays, {**self.about, **checkpoint.facts}))
