"""Where threads that share a program must meet: before an instruction that touches what another thread has yet to do.

Threads take rows of the same numbers of whatever has equally many, so that a chain of layers over one batch needs no
meeting at all: each thread carries its examples through.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter


@dataclass(frozen=True, slots=True)
class Access:
    """Memory that an instruction reads or writes.

    Attributes:
        start: its first address.
        end: the address after its last.
        writes: whether it is written.
        share: for memory of which each thread touches its share alone: where it begins, how many rows are shared out,
            and bytes from row to row. None if a thread may touch all of it.
        alone: whether one thread does it all, always the same.
    """

    start: int
    end: int
    writes: bool
    share: tuple[int, int, int] | None
    alone: bool

    def clashes(self, other: Access) -> bool:
        """Whether threads must meet between the two."""
        if not (self.writes or other.writes) or self.end <= other.start or other.end <= self.start:
            return False
        if self.alone and other.alone:
            return False
        return self.alone or other.alone or self.share is None or self.share != other.share


class Meetings:
    """Notes what was touched since threads last met: by size, and within a size by where it begins."""

    def __init__(self) -> None:
        self._forget()

    def needed(self, accesses: list[Access]) -> bool:
        """Whether threads must meet before an instruction with these accesses, which comes next."""
        clash = any(new.clashes(old) for new in accesses for old in self._near(new))
        if clash:
            self._forget()
        for access in accesses:
            if access not in self._known:
                self._known.add(access)
                insort(self._by_size.setdefault((access.end - access.start).bit_length(), []), access, key=_start)
        return clash

    def _forget(self) -> None:
        self._known: set[Access] = set()
        self._by_size: dict[int, list[Access]] = {}

    def _near(self, new: Access) -> Iterator[Access]:
        """All that was touched where ``new`` is, and little else."""
        for bits, touched in self._by_size.items():
            first = bisect_left(touched, new.start - (1 << bits), key=_start)
            for k in range(first, bisect_left(touched, new.end, key=_start)):
                yield touched[k]


_start = attrgetter("start")
