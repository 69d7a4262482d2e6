"""How long and with what a run of the benchmarks measures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """One run.

    Attributes:
        threads: for everyone.
        quick: whether minutes must do.
        folder: for pictures.
    """

    threads: int
    quick: bool
    folder: Path

    def rounds(self, full: int) -> int:
        """How many rounds to make of so many."""
        return max(3, full // 4) if self.quick else full
