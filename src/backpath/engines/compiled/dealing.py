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

READ, MOST_ROWS = 1 << 15, 64
"""Bytes of a product's second factor for each row of a piece, and the rows from which on reading them counts little."""

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
        least: rows or entries of a piece, at least.
    """

    extent: int
    seconds: float
    least: int = ROWS


def least_rows(nbytes: int) -> int:
    """Rows of a piece of a product, at least, whose second factor has so many bytes: each piece reads all of it."""
    return min(max(nbytes // READ, ROWS), MOST_ROWS)


def pieces(stretch: Sequence[Work], threads: int) -> int:
    """How many pieces a stretch makes for so many threads: as many for each of them."""
    if threads == 1:
        return 1
    seconds = sum(work.seconds for work in stretch)
    most = min((work.extent / work.least for work in stretch if work.seconds > TELLING * seconds), default=0)
    each = min(seconds / GRAIN, most) / threads
    return threads * max(1, min(int(each), MOST))
