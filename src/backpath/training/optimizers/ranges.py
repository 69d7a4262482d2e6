"""Checks of settings, with errors that name the setting and what it may be."""

from __future__ import annotations

import math
from numbers import Integral

from backpath.graph import SettingError


def check_positive(**numbers: float) -> None:
    """Raises SettingError for a number that is not positive and finite."""
    for name, number in numbers.items():
        if not (number > 0 and math.isfinite(number)):
            raise SettingError(f"{name}={number}: it must be a positive number")


def check_whole(least: int = 1, /, **numbers: object) -> None:
    """Raises SettingError for what is not a whole number from ``least`` on."""
    for name, number in numbers.items():
        if not isinstance(number, Integral) or isinstance(number, bool) or number < least:
            raise SettingError(f"{name}={number!r}: it must be a whole number, at least {least}")


def check_fraction(**numbers: float) -> None:
    """Raises SettingError for a number outside [0, 1)."""
    for name, number in numbers.items():
        if not 0 <= number < 1:
            raise SettingError(f"{name}={number}: it must be at least 0 and less than 1")
