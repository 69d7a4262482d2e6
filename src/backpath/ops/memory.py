"""Freed memory is kept for the next array."""

from __future__ import annotations

import numpy as np


def keep_freed(size: int) -> None:
    """Have the C library keep freed blocks of up to ``size`` bytes for the process, and twice as much in all.

    glibc hands the pages of a freed array of megabytes back to the system, and gets them back zeroed for the next one,
    which takes longer than many an operation on it; it stops once it has seen a block of this size freed. Nothing
    happens with another allocator.
    """
    np.empty(size, np.uint8)
