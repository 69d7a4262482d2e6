"""What the system says of this processor's caches."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

UNKNOWN = 1 << 19
"""Bytes of a second cache where the system does not say."""

TOLD = Path("/sys/devices/system/cpu/cpu0/cache/index2/size")
"""Where Linux does, in KiB."""


def second_cache() -> int:
    """Bytes of a core's second cache."""
    with suppress(OSError):
        if found := re.fullmatch(r"(\d+)K", TOLD.read_text().strip()):
            return int(found[1]) << 10
    return UNKNOWN
