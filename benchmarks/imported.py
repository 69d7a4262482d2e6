"""ResNet-18 and GPT-2 small, with random weights, from PyTorch: import, a step's gradient, and explanations.

Times are the least of a few; a backward pass is ours, in NumPy, from one score to all real inputs and parameters.

Run with ``python -m benchmarks.imported [--threads 2]``; it takes about two minutes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

import backpath as bp
from examples.torch_networks import ResNet18, Transformer


def least(f: Callable[[], Any], times: int = 3) -> float:
    """Seconds, after a first call that makes what is kept."""
    f()
    found = []
    for _ in range(times):
        start = time.perf_counter()
        f()
        found.append(time.perf_counter() - start)
    return min(found)


def networks() -> dict[str, tuple[torch.nn.Module, torch.Tensor, tuple[int, ...]]]:
    """Each with an example and the index of a score."""
    torch.manual_seed(0)
    return {
        "ResNet-18, 224 x 224": (ResNet18().eval(), torch.randn(1, 3, 224, 224), (0, 3)),
        "GPT-2 small, 64 tokens": (Transformer().eval(), torch.randint(0, 50257, (1, 64)), (0, 63, 3)),
    }


def gradients(network: torch.nn.Module, model: Any, x: torch.Tensor, threads: int) -> None:
    """The mean square of the scores and its gradient by every parameter, by PyTorch and by our engines."""

    def eager() -> None:
        for p in network.parameters():
            p.grad = None
        network(x).square().mean().backward()

    theirs = least(eager)
    print(f"  forward and backward: PyTorch {theirs:.3f} s", end="")
    f = bp.value_and_grad(lambda p, X: np.mean(np.square(model.scores(p, X))))
    for engine in ("numpy", "compiled"):
        compiled = bp.compile(f, engine=engine, threads=threads)
        ours = least(lambda compiled=compiled: compiled(model.first, x.numpy()))
        print(f", {engine} {ours:.3f} s ({ours / theirs:.2f} times)", end="")
    print()


def explanations(model: Any, x: torch.Tensor, output: tuple[int, ...]) -> None:
    """What each quantity costs in backward passes, and the bytes said beforehand."""
    at = model.first, x.numpy()
    real = x.is_floating_point()
    names = [n.name for n in bp.trace(model.scores, *at).nodes]
    wrt = "X" if real else next(name for name in names if name.startswith("add_"))
    whole, some = bp.explain(model, at, output=output), bp.explain(model, at, output=output, wrt=wrt)
    backward = least(lambda: replace(whole).gradient)
    print(f"  a backward pass of ours {backward:.3f} s; explained by {wrt}:")
    for by in ("block", "layer"):
        told = {name: f"{size / 1e6:.0f} MB" for name, size in some.memory(by).items()}

        def all_of(by: str = by) -> None:
            e = replace(some)
            e.length_spectrum(by)
            e.flow("layer")
            e.mass()
            e.cancellation("layer")
            e.depth_scale()

        spectrum = least(lambda by=by: replace(some).length_spectrum(by), 1)
        print(
            f"    spectrum by {by} {spectrum / backward:.1f} passes; with flow, mass, cancellation and scale", end=" "
        )
        print(f"{least(all_of, 1) / backward:.1f}; memory {told}")
    print(f"    what modules carry {least(lambda: replace(some).carried('module'), 1) / backward:.1f} passes")


def main() -> None:
    """Print it all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    threads = parser.parse_args().threads
    torch.set_num_threads(threads)
    with threadpool_limits(threads):
        for name, (network, x, output) in networks().items():
            start = time.perf_counter()
            model = bp.from_torch(network, x)
            print(f"{name}: imported in {time.perf_counter() - start:.1f} s; {model.agreement}")
            gradients(network, model, x, threads)
            explanations(model, x, output)


if __name__ == "__main__":
    main()
