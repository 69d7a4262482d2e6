"""Progress of a fit: one line that is written again on a terminal, a few lines elsewhere."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from typing import TextIO, final

WIDTH, LINES = 24, 10


class Progress(ABC):
    """Hears of epochs."""

    @abstractmethod
    def epoch(self, number: int, done: float, loss: float, members: int) -> None:
        """One has ended.

        Args:
            number: from 1.
            done: how much of the course lies behind, from 0 to 1.
            loss: of held-out rows.
            members: that go on.
        """

    @abstractmethod
    def end(self) -> None:
        """There will be none any more."""


@final
class Silent(Progress):
    """Tells nothing."""

    def epoch(self, number: int, done: float, loss: float, members: int) -> None:
        pass

    def end(self) -> None:
        pass


@final
class Line(Progress):
    """Tells on a stream.

    Args:
        out: where to; by default standard output.
    """

    def __init__(self, out: TextIO | None = None):
        self.out = sys.stdout if out is None else out
        self.live, self.told = self.out.isatty(), 0

    def epoch(self, number: int, done: float, loss: float, members: int) -> None:
        full = round(WIDTH * done)
        text = f"epoch {number:4d}   {members} members   held-out loss {loss:.5f}"
        if self.live:
            self.out.write(f"\r  {'█' * full}{'░' * (WIDTH - full)} {done:4.0%}   {text} ")
            self.out.flush()
        elif done >= self.told / LINES:
            self.told = int(done * LINES) + 1
            self.out.write(f"  {done:4.0%}   {text}\n")

    def end(self) -> None:
        if self.live:
            self.out.write("\n")
