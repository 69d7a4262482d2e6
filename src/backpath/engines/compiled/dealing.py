"""Into how many pieces the work between two meetings is dealt out, which threads take as they come to them.

With more pieces than threads, a thread whose core is lent to another process holds the others up by one piece at the
most, not by half of the work. What a piece touches no other piece does, so the bits do not depend on who took which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GRAIN = 1e-5
"""Seconds of work that a piece should have: to take one, and to call its kernels, costs a part of a microsecond."""

ROWS = 16
"""Rows or entries of a piece, at least: products of fewer leave registers idle, and pack their factors as often."""

MOST = 8
"""Pieces for each thread."""

TELLING = 0.05
"""Part of a stretch's work from which on an instruction has a say."""


@dataclass(frozen=True, slots=True)
class Work:
    """What an instruction does.

    Attributes:
        extent: how many rows or entries of it can be shared out.
        seconds: that one thread takes, about.
    """

    extent: int
    seconds: float


def pieces(stretch: Sequence[Work], threads: int) -> int:
    """How many pieces a stretch makes for so many threads: as many for each of them."""
    if threads == 1:
        return 1
    seconds = sum(work.seconds for work in stretch)
    rows = min((work.extent for work in stretch if work.seconds > TELLING * seconds), default=0)
    each = min(seconds / GRAIN, rows / ROWS) / threads
    return threads * max(1, min(int(each), MOST))
