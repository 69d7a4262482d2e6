"""The reverse sweep over graphs of scalars: backpath against micrograd and autograd (HIPS), in turn in one process.

All three differentiate the same sums of products of scalars, after their gradients were seen to agree. Graphs are made
once, and the CPU time of the reverse sweep alone is taken: ``dag.adjoints(output)``, micrograd's ``_backward`` of each
node in an order found once, autograd's ``backward_pass``. Prints Markdown tables: large graphs of backpath alone, with
the time to build them, then nanoseconds an edge and ratios of medians.

Run with ``python benchmarks/scalar.py [--rounds 15]``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from autograd.core import VJPNode, backward_pass
from autograd.tracer import new_box, trace_stack
from micrograd.engine import Value

import backpath as bp

SLOPE = 0.7
Sweep = Callable[[], float]
"""Sweeps once; returns the derivative by the first input."""


def chain(multiply: Callable[[Any, Any], Any], x: Any, w: Any, steps: int) -> Any:
    """h = h w + x, over and over."""
    h = x
    for _ in range(steps):
        h = multiply(h, w) + x
    return h


def wide(multiply: Callable[[Any, Any], Any], x: Any, w: Any, steps: int) -> Any:
    """A balanced sum of as many products."""
    terms = [multiply(x, w) for _ in range(steps)]
    while len(terms) > 1:
        terms = [a + b for a, b in zip(terms[::2], terms[1::2], strict=True)]
    return terms[0]


def by_backpath(f: Callable[..., Any], steps: int) -> tuple[Sweep, int]:
    p = bp.linearize(lambda x, w: f(np.multiply, x, w, steps), 0.5, SLOPE)
    dag = p.unroll()
    output, first = dag.names[dag.outputs[0]], dag.find("x")
    return lambda: float(dag.adjoints(output)[first]), dag.edge_count()


def by_micrograd(f: Callable[..., Any], steps: int) -> Sweep:
    x, w = Value(0.5), Value(SLOPE)
    output = f(lambda a, b: a * b, x, w, steps)
    order = _topological(output)

    def sweep() -> float:
        for node in order:
            node.grad = 0.0
        output.grad = 1.0
        for node in reversed(order):
            node._backward()
        return x.grad

    return sweep


def _topological(output: Any) -> list[Any]:
    """micrograd's own order; its ``backward`` finds it by recursion, which long chains overflow."""
    order, seen, stack = [], set(), [(output, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(child, False) for child in node._prev]
    return order


def by_autograd(f: Callable[..., Any], steps: int) -> Sweep:
    root = VJPNode.new_root()
    with trace_stack.new_trace() as t:
        x = new_box(0.5, t, root)
        output = f(lambda a, b: a * b, x, SLOPE, steps)
    return lambda: float(backward_pass(1.0, output._node))


def medians(sweeps: list[Sweep], rounds: int) -> list[float]:
    """Median seconds of each, taken in turn."""
    times: list[list[float]] = [[] for _ in sweeps]
    for _ in range(rounds):
        for taken, sweep in zip(times, sweeps, strict=True):
            started = time.thread_time()
            sweep()
            taken.append(time.thread_time() - started)
    return [float(np.median(taken)) for taken in times]


def against_peers(rounds: int) -> None:
    print("| graph | edges | backpath, ns an edge | micrograd / backpath | autograd / backpath |")
    print("|---|---:|---:|---:|---:|")
    for name, f in (("chain", chain), ("wide sum", wide)):
        for steps in (2**8, 2**13):
            ours, edges = by_backpath(f, steps)
            sweeps = [ours, by_micrograd(f, steps), by_autograd(f, steps)]
            found = [sweep() for sweep in sweeps]
            if not np.allclose(found, found[0], rtol=1e-9):
                raise SystemExit(f"{name}: derivatives {found}: not the same function")
            us, micrograd, autograd = medians(sweeps, rounds)
            row = f"{us / edges * 1e9:.1f} | {micrograd / us:,.1f} | {autograd / us:,.0f}"
            print(f"| {name} of {steps:,} | {edges:,} | {row} |", flush=True)


def layered(nodes: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Four edges into each node, from random nodes of the layer before."""
    rng = np.random.default_rng(0)
    targets = np.repeat(np.arange(width, nodes), 4)
    sources = (targets // width - 1) * width + rng.integers(0, width, targets.size)
    return sources, targets, rng.standard_normal(targets.size) / 2


def alone(rounds: int) -> None:
    print("| layers | nodes | edges | type | build, ms | reverse sweep, ns an edge |\n|---|---:|---:|---|---:|---:|")
    for nodes, width in ((10_000, 100), (1_000_000, 1_000), (1_000_000, 100_000)):
        sources, targets, z = layered(nodes, width)
        for weights in (z, z.astype(np.float32)):
            started = time.thread_time()
            dag = bp.Dag.from_arrays(sources, targets, weights, range(nodes))
            built = (time.thread_time() - started) * 1e3
            output = int(targets[-1])
            dag.adjoints(output)
            (seconds,) = medians([lambda dag=dag, output=output: dag.adjoints(output)[0]], rounds)
            row = f"{weights.dtype} | {built:.0f} | {seconds / targets.size * 1e9:.1f}"
            print(f"| of {width:,} | {nodes:,} | {targets.size:,} | {row} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    print(f"{rounds} rounds in turn, NumPy {np.__version__}\n")
    alone(rounds)
    print()
    against_peers(rounds)


if __name__ == "__main__":
    main()
