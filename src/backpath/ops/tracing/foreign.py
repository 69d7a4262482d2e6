"""SciPy's functions that read a traced value as an array: which one it was, and what to write instead."""

from __future__ import annotations

import sys
from types import FrameType

STAND_INS: dict[str, str] = {}
"""By the name of SciPy's function that of ours; filled where these are."""


def stand_in(library: str, names: list[str]) -> None:
    """Enter functions of ``backpath.scipy`` that stand for SciPy's of the same names."""
    STAND_INS.update({f"scipy.{library}.{name}": f"backpath.scipy.{library}.{name}" for name in names})


def reader() -> str | None:
    """The function of SciPy, called by code outside it, that asked for the number of a traced value."""
    found, frame = None, sys._getframe(1)
    while frame is not None and _module(frame).startswith("backpath."):
        frame = frame.f_back
    while frame is not None and _module(frame).startswith(("scipy.", "numpy.")):
        found = _function(frame) or found
        frame = frame.f_back
    return found


def _module(frame: FrameType) -> str:
    return frame.f_globals.get("__name__", "")


def _function(frame: FrameType) -> str | None:
    """The public name of the function of SciPy that a frame runs, or that the decorator in it calls."""
    module, name = _module(frame), frame.f_code.co_name
    if module.startswith("scipy._lib"):
        decorated = frame.f_locals.get("f")
        module, name = getattr(decorated, "__module__", ""), getattr(decorated, "__name__", "_")
    if not module.startswith("scipy.") or name.startswith(("_", "<")):
        return None
    return f"{'.'.join(module.split('.')[:2])}.{name}"


def advice() -> str | None:
    """What to write in place of SciPy's function that asked for a number; None where it was none of SciPy's."""
    found = reader()
    if found is None:
        return None
    told = f"{found} reads its arguments as arrays of numbers, and a traced value has none while the graph is made. "
    if found in STAND_INS:
        return f"{told}Write {STAND_INS[found]}(...) in its place: the same function, traceable"
    return (
        f"{told}Write it with NumPy's functions, those of entries in scipy.special, and what backpath.scipy.linalg and "
        f"backpath.scipy.special have"
    )
