"""Two processes on two cores beside one process on one: steps of a wide network on batches of 1,024 rows in all.

Each process is kept to one core. The rate is that of the median epoch after the first, which compiles. The sums over
processes go through loopback by gloo, as they would over a network.

Run with ``python benchmarks/hosts.py [--width 2048] [--shard]``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys

import numpy as np

FEATURES, CLASSES, ROWS, BATCH, EPOCHS = 784, 10, 8192, 1024, 5
PARTS = 2


def measure(width: int, batch: int, shard: bool) -> None:
    """Train, and print the milliseconds of a step."""
    import backpath as bp
    from backpath.engines.processes.company import company
    from backpath.engines.processes.discovery import discovered
    from backpath.engines.processes.joining import join, leave

    place = discovered(os.environ)
    ours = join(place) if place else company()
    rng = np.random.default_rng(0)
    X = rng.standard_normal((ROWS, FEATURES), np.float32)
    y = rng.integers(0, CLASSES, ROWS)
    fitted = bp.fit(
        bp.Network([FEATURES, width, width, CLASSES]),
        X,
        y,
        epochs=EPOCHS,
        batch=batch,
        engine="xla",
        device="cpu",
        shard="parameters" if shard else None,
    )
    steps = ROWS // batch
    seconds = sorted(epoch.seconds / steps for epoch in fitted.history[1:])
    if ours.first:
        print("told", json.dumps({"ms": 1e3 * seconds[len(seconds) // 2], "loss": fitted.history[-1].loss}), flush=True)
    leave(ours)


def run(cores: list[int], arguments: list[str], together: bool = True) -> dict[str, float]:
    """What a training tells that has a process for each of these cores, or the first of trainings of one each."""
    from backpath.training.launch.team import free_address

    size = len(cores) if together else 1
    where = {"JAX_COORDINATOR_ADDRESS": free_address(), "JAX_NUM_PROCESSES": str(size)}
    command = [sys.executable, __file__, "--measure", *arguments]
    before = os.sched_getaffinity(0)
    team = []
    for rank, core in enumerate(cores):
        os.sched_setaffinity(0, [core])
        env = {**os.environ, **where, "JAX_PROCESS_ID": str(rank % size), "OMP_NUM_THREADS": "1"}
        team.append(subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True))
    os.sched_setaffinity(0, before)
    told = [process.communicate()[0] for process in team]
    line = next(line for line in told[0].splitlines() if line.startswith("told "))
    return json.loads(line.removeprefix("told "))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--shard", action="store_true")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.width, options.batch, options.shard)
        return
    cores = sorted(os.sched_getaffinity(0))[:2]
    width, batch = options.width, options.batch
    parameters = FEATURES * width + width + width * width + width + width * CLASSES + CLASSES
    print(f"{FEATURES}-{width}-{width}-{CLASSES}, {parameters:,} parameters, batches of {batch:,}\n")
    print("| processes, a core each | ms a step | part of ideal |")
    print("|---|---:|---:|")
    # In turn, and the best of each: what else runs on a machine only ever takes time away.
    found: dict[str, list[float]] = {}
    kinds: dict[str, tuple[list[int], list[str], bool]] = {
        "one": (cores[:1], ["--batch", str(batch)], True),
        "two": (cores, ["--batch", str(batch)], True),
        "two that tell each other nothing, of half the batch": (cores, ["--batch", str(batch // 2)], False),
    }
    if options.shard:
        kinds["two, shard"] = (cores, ["--batch", str(batch), "--shard"], True)
    for _ in range(PARTS):
        for name, (own, more, together) in kinds.items():
            found.setdefault(name, []).append(run(own, ["--width", str(width), *more], together)["ms"])
    alone = min(found["one"])
    for name, times in found.items():
        ideal = alone / len(kinds[name][0])
        print(f"| {name} | {min(times):.0f} | {ideal / min(times):.2f} |", flush=True)


if __name__ == "__main__":
    main()
