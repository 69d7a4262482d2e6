"""Memory: how much a process grows, at most, while it trains the wide network; each runner in a process of its own."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.peers.cases import WIDE
from benchmarks.peers.processes import told
from benchmarks.peers.runners import PLACES, maker
from benchmarks.peers.settings import Settings
from benchmarks.peers.tables import table

EPOCHS = 3


def report(settings: Settings) -> str:
    rows, failures = [], {}
    for name in PLACES:
        try:
            found, _ = told("-m", "benchmarks.peers.memory", name)
        except RuntimeError as error:
            failures[name] = str(error)
        else:
            rows.append([name, *(f"{found[part]:.0f}" for part in ("libraries", "grown", "whole"))])
    X, _ = WIDE.data()
    numbers = sum(W.size + b.size for W, b in WIDE.layers())
    parts = [
        f"MiB of resident memory, {WIDE.name}. Parameters, gradient and velocity alone are {3 * numbers / 2**18:.0f} "
        f"MiB, the data {X.nbytes / 2**20:.0f} MiB, which each runner makes for itself.",
        table(["", "libraries loaded", "grown by, at most", "whole process, at most"], rows),
        *(f"{name} did not run: {why}" for name, why in failures.items()),
    ]
    return "\n\n".join(parts)


def measure(name: str) -> dict[str, float]:
    """MiB before there is a network, the growth until the peak, and the peak."""
    make = maker(name)
    before = resident("VmRSS")
    runner = make(WIDE)
    for _ in range(EPOCHS):
        runner()
    peak = resident("VmHWM")
    return {"libraries": before, "grown": peak - before, "whole": peak}


def resident(field: str) -> float:
    """MiB: ``VmRSS`` is now, ``VmHWM`` at most since the process began."""
    status: dict[str, Any] = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status[field].split()[0]) / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runner", choices=list(PLACES))
    print(json.dumps(measure(parser.parse_args().runner)))
