"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("numpy", "scipy", "numba", "torch", "jax", "scikit-learn")


def keep_to(threads: int) -> None:
    """Give this process, and those it starts, so many cores: all libraries then make as many threads.

    To be called before any of them is imported.

    Raises:
        SystemExit: if there are too few, or this system has no means.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise SystemExit(f"{platform.system()} cannot keep a process to some cores, so threads would not be the same")
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < threads:
        raise SystemExit(
            f"{threads} threads need as many cores, and there are {len(cores)}: try --threads {len(cores)}"
        )
    os.sched_setaffinity(0, cores[:threads])


def described(threads: int) -> str:
    """Processor, system, versions, and how busy the machine is already."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{processor()}, {os.cpu_count()} cores, {threads} threads for each; {platform.system()}, "
        f"Python {platform.python_version()}, {libraries}. Before the run, {os.getloadavg()[0]:.1f} processes were at "
        "work on the machine; only ratios from one run count."
    )


def processor() -> str:
    """Its name, as the system knows it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
