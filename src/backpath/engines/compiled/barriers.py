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
    """How often threads must have met before each instruction, told from what those before it have touched.

    An instruction belongs to the earliest stretch between two meetings that it can, whatever stands before it: the sums
    over a batch that make gradients of many layers wait for one meeting, not for one each.
    """

    def __init__(self) -> None:
        self._stretch: dict[Access, int] = {}
        self._by_size: dict[int, list[Access]] = {}

    def before(self, accesses: list[Access]) -> int:
        """The number of meetings before an instruction with these accesses, which comes next."""
        found = 0
        for new in accesses:
            for old in self._near(new):
                if (new.writes or old.writes) and old.start < new.end and new.start < old.end:
                    found = max(found, self._stretch[old] + new.clashes(old))
        for access in accesses:
            self._note(access, found)
        return found

    def _note(self, access: Access, stretch: int) -> None:
        if access.writes:
            # Whoever waits for this one waits for what it has waited for.
            for old in [old for old in self._near(access) if access.start <= old.start and old.end <= access.end]:
                if self._stretch[old] < stretch or (old.share, old.alone) == (access.share, access.alone):
                    self._forget(old)
        if access not in self._stretch:
            insort(self._by_size.setdefault((access.end - access.start).bit_length(), []), access, key=_start)
        self._stretch[access] = max(stretch, self._stretch.get(access, 0))

    def _forget(self, access: Access) -> None:
        del self._stretch[access]
        touched = self._by_size[(access.end - access.start).bit_length()]
        del touched[touched.index(access, bisect_left(touched, access.start, key=_start))]

    def _near(self, new: Access) -> Iterator[Access]:
        """All that was touched where ``new`` is, and little else."""
        for bits, touched in self._by_size.items():
            first = bisect_left(touched, new.start - (1 << bits), key=_start)
            for k in range(first, bisect_left(touched, new.end, key=_start)):
                yield touched[k]


_start = attrgetter("start")
