"""What explanations cost, in backward passes of the same network and batch, measured in turn.

A backward pass here is ours: the sum-product sweep from the sum of the scores of class 0 to the inputs and all
parameters. Prints ratios of medians; only ratios from one run count.

Run with ``python benchmarks/explain.py [--threads 2] [--rounds 15]``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import backpath as bp
from backpath.paths import ENTROPY, LOG_SCALED, MAX_PRODUCT, REACHABILITY, SUM_PRODUCT

RNG = np.random.default_rng(0)
WIDTH, BLOCKS = 64, 50


@dataclass(frozen=True)
class Case:
    """A network at a batch, and at one example of it."""

    name: str
    layers: int
    batch: bp.Explanation
    single: bp.Explanation


def dense(batch: int) -> bp.Explanation:
    net = bp.Network([784, 256, 128, 10], "relu")
    X = RNG.standard_normal((batch, 784))
    return bp.explain(net, (net.init(0, float), X), (slice(None), 0))


def residual(batch: int) -> bp.Explanation:
    matrices = {f"W{k}": RNG.standard_normal((WIDTH, WIDTH)) / WIDTH**0.5 / BLOCKS**0.5 for k in range(BLOCKS)}
    readout = RNG.standard_normal(WIDTH)

    def f(parameters: dict[str, Any], X: Any) -> Any:
        for W in parameters.values():
            X = X + np.tanh(X @ W)
        return X @ readout

    return bp.explain(f, (matrices, RNG.standard_normal((batch, WIDTH))), ...)


def quantities(case: Case) -> dict[str, Callable[[], Any]]:
    """Each quantity from nothing: an explanation keeps what it has found, so each call gets its own."""
    batch, single = case.batch, case.single
    return {
        "backward pass": lambda: batch._pulled(SUM_PRODUCT),
        "mass": lambda: replace(batch).mass(),
        "flow by layer": lambda: replace(batch).flow("layer"),
        "entropy": lambda: batch._pulled(ENTROPY),
        "log-scaled": lambda: batch._pulled(LOG_SCALED),
        f"length spectrum, {case.layers} lengths": lambda: replace(batch).length_spectrum(),
        "reachability": lambda: batch._pulled(REACHABILITY),
        "path norm, q = 2": lambda: replace(batch).path_norm(2),
        "max-product": lambda: batch._pulled(MAX_PRODUCT),
        "active paths": lambda: replace(batch).active_count(),
        "ten strongest paths of one example, by its inputs": lambda: single.top_paths(10),
    }


def measure(case: Case, rounds: int) -> dict[str, float]:
    """Median seconds of each quantity, in turn."""
    tasks = quantities(case)
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for task in tasks.values():
        task()
    for _ in range(rounds):
        for name, task in tasks.items():
            started = time.perf_counter()
            task()
            times[name].append(time.perf_counter() - started)
    return {name: float(np.median(taken)) for name, taken in times.items()}


def exact_counts() -> tuple[int, float]:
    """Paths of a network of 200 layers of 512, and seconds to count them."""
    net = bp.Network([512] * 200 + [1], "tanh", "squared_error")
    e = bp.explain(net, (net.init(0, np.float32), np.ones((1, 512), np.float32)), (0, 0), "X")
    started = time.perf_counter()
    return e.count(), time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    print(f"{options.threads} threads, {options.rounds} rounds in turn, float64, NumPy {np.__version__}\n")
    with threadpool_limits(options.threads, user_api="blas"):
        cases = [
            Case("784-256-128-10 relu, batch 128", 1, dense(128), replace(dense(1), sources=dense(1).sources[-1:])),
            Case(f"{BLOCKS} residual blocks of {WIDTH} tanh, batch 128", BLOCKS + 1, residual(128), residual(1)),
        ]
        for case in cases:
            found = measure(case, options.rounds)
            one = found["backward pass"]
            print(f"| {case.name} | ms | backward passes |\n|---|---:|---:|")
            for name, seconds in found.items():
                print(f"| {name} | {seconds * 1e3:.1f} | {seconds / one:.2f} |")
            print(flush=True)
        count, seconds = exact_counts()
        power = len(str(count)) - 1
        print(f"1e{power} paths of a network of 200 layers of 512 counted exactly in {seconds:.2f} s")


if __name__ == "__main__":
    main()
