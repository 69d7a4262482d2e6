"""How long the engines take to begin: a small fit in a fresh process, first ever and with a filled cache."""

from __future__ import annotations

import tempfile

from benchmarks.peers.processes import told
from benchmarks.peers.settings import Settings
from benchmarks.peers.tables import rounded, table
from benchmarks.peers.timing import Times

FIT = """
import json, sys, time
began = time.perf_counter()
import numpy as np
import backpath as bp
imported = time.perf_counter()
X, y = np.zeros((64, 64), np.float32), np.arange(64) % 10
bp.fit(bp.Network([64, 64, 10]), X, y, epochs=1, engine=sys.argv[1])
print(json.dumps({"import": imported - began, "fit": time.perf_counter() - imported}))
"""
KINDS = ("numpy", "compiled, first ever", "compiled, cached")


def report(settings: Settings) -> str:
    taken: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    for _ in range(settings.rounds(5)):
        with tempfile.TemporaryDirectory() as cache:
            for kind in KINDS:
                engine = kind.split(",")[0]
                try:
                    found, whole = told("-c", FIT, engine, environment={"BACKPATH_CACHE_DIR": cache})
                except RuntimeError as error:
                    return f"The {engine} engine did not start: {error}"
                taken[kind].append((found["fit"], whole))
    rows = []
    for kind, pairs in taken.items():
        fit, whole = (Times(seconds) for seconds in zip(*pairs, strict=True))
        rows.append([kind, rounded(fit.median), rounded(max(fit.seconds)), rounded(whole.median)])
    return table(["engine", "first fit, s", "at most", "whole process, s"], rows)
