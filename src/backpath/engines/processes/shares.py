"""Which rows of a batch are whose, where several devices make a step together."""

from __future__ import annotations

from dataclasses import dataclass

from backpath.engines.processes.company import ALONE, Company
from backpath.graph import SettingError


@dataclass(frozen=True, slots=True)
class Shares:
    """Batches split over devices, as many on each process.

    A batch that does not divide among the devices is not split: each of them computes all of it.

    Attributes:
        company: the processes.
        devices: how many there are in all.
    """

    company: Company = ALONE
    devices: int = 1

    def split(self, batch: int) -> bool:
        """Whether a batch of so many rows is split."""
        return batch % self.devices == 0

    def rows(self, batch: int, rank: int | None = None) -> slice:
        """Those rows of a batch that a process reads: by default this one."""
        if not self.split(batch):
            return slice(0, batch)
        rank, own = self.company.rank if rank is None else rank, batch // self.company.size
        return slice(rank * own, (rank + 1) * own)

    def require(self, batch: int) -> None:
        """Raises SettingError if batches of so many rows are not split."""
        if not self.split(batch):
            less = batch // self.devices * self.devices
            cure = f"take {less} or {less + self.devices}" if less else f"take {self.devices}, or fewer devices"
            raise SettingError(f"batch={batch} does not divide among {self.devices} devices: {cure}")

    def size(self, batch: int) -> int:
        """How many rows of a batch each process reads."""
        return batch // self.company.size if self.split(batch) else batch


WHOLE = Shares()
"""One process and one device, whose batches are whole."""
