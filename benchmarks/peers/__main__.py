"""backpath and its peers in turn: PyTorch, JAX, scikit-learn; the same data, initial weights and threads for all.

Prints Markdown, and writes it to a file with its picture beside. Only ratios from one run count: machines are noisy.

Run with ``make bench`` or ``python -m benchmarks.peers [--quick] [--only steps peak ...] [--output build/bench.md]``.
"""

from __future__ import annotations

import argparse
import time
from importlib import import_module
from pathlib import Path

from benchmarks.peers.machine import described, keep_to
from benchmarks.peers.settings import Settings

PARTS = {
    "steps": ("Steps of five networks", "steps"),
    "models": ("Models of layers: images and sequences", "models.report"),
    "neighbour": ("Steps of five networks, with one other process busy", "neighbour"),
    "jobs": ("The whole job, from process start to trained model", "whole_jobs"),
    "peak": ("Share of the matrix-product peak", "peak"),
    "memory": ("Memory", "memory"),
    "growth": ("Cost against depth, width and batch", "growth"),
    "many": ("256 networks at once", "many"),
    "xla": ("The XLA engine", "xla"),
    "scalar": ("Scalar graphs", "scalar_sweep"),
    "start": ("Start of the engines", "start"),
    "equality": ("Equality of the engines", "equality"),
}
"""By name: the title, and the file whose ``report`` measures it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and points, in minutes")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS), help="these parts alone")
    parser.add_argument("--output", type=Path, default=Path("build/bench.md"))
    options = parser.parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    settings = Settings(options.threads, options.quick, options.output.parent)
    keep_to(options.threads)
    written = [f"# backpath and its peers\n\n{described(options.threads)}"]
    for part in options.only:
        print(written[-1], end="\n\n", flush=True)
        title, file = PARTS[part]
        started = time.perf_counter()
        told = import_module(f"benchmarks.peers.{file}").report(settings)
        written.append(f"## {title}\n\n{told}\n\n*Measured in {time.perf_counter() - started:.0f} s.*")
        # Written after each part, so that a run that is stopped leaves what it has.
        options.output.write_text("\n\n".join(written) + "\n", encoding="utf-8")
    print(f"{written[-1]}\n\nwritten to {options.output}")


if __name__ == "__main__":
    main()
