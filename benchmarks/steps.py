"""Training steps of backpath against PyTorch eager: same data, same initial weights, same threads, in turn.

Prints microseconds a step and the ratio of medians. Only ratios from one run count: machines are noisy.

Run with ``make bench`` or ``python benchmarks/steps.py [--threads 2] [--rounds 15]``.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from threadpoolctl import threadpool_limits

import backpath as bp
from backpath.training.rows import rows_of
from backpath.training.step import BatchGradient

RATE, MOMENTUM, EXAMPLES = 0.01, 0.9, 4096


@dataclass(frozen=True)
class Case:
    sizes: tuple[int, ...]
    activation: str
    batch: int
    loss: str
    steps: int

    @property
    def name(self) -> str:
        runs = [(size, len(list(same))) for size, same in itertools.groupby(self.sizes)]
        sizes = "-".join(
            str(size) if n < 4 else f"({size} x {n})" for size, n in runs for _ in range(n if n < 4 else 1)
        )
        return f"{sizes} {self.activation}, batch {self.batch}"


CASES = (
    Case((2, 8, 1), "tanh", 4, "squared_error", 2000),
    Case((64, 64, 64, 10), "relu", 32, "cross_entropy", 1000),
    Case((784, 256, 128, 10), "relu", 128, "cross_entropy", 200),
    Case((784, 1024, 1024, 1024, 10), "relu", 512, "cross_entropy", 6),
    Case((64, *[64] * 50, 10), "tanh", 64, "cross_entropy", 80),
)


def data(case: Case) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((EXAMPLES, case.sizes[0])).astype(np.float32)
    if case.loss == "cross_entropy":
        return X, rng.integers(case.sizes[-1], size=EXAMPLES)
    return X, rng.standard_normal((EXAMPLES, case.sizes[-1])).astype(np.float32)


def batches(case: Case) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.permutation(EXAMPLES)[: case.batch] for _ in range(64)]


def backpath_steps(case: Case) -> Callable[[int], float]:
    """A function that makes n steps and returns the last loss."""
    net = bp.Network(case.sizes, case.activation, case.loss)
    flat = np.empty(net.parameter_count, np.float32)
    for name, value in net.init(0).items():
        net.views(flat)[name][...] = value
    gradient = np.empty_like(flat)
    X, y = data(case)
    gradient_of = BatchGradient(net, flat, gradient, rows_of(X), y, case.batch)
    optimizer = bp.optimizers.sgd(RATE, MOMENTUM)
    state = optimizer.init(flat)
    rows = batches(case)

    def run(steps: int) -> float:
        nonlocal state
        for k in range(steps):
            gradient_of(rows[k % len(rows)])
            state = optimizer.update(gradient, state, flat)
        return float(gradient_of.loss)

    return run


def torch_steps(case: Case) -> Callable[[int], float]:
    """The same in PyTorch, as its users write it: modules, autograd, torch.optim."""
    start = bp.Network(case.sizes, case.activation, case.loss).init(0)
    layers: list[torch.nn.Module] = []
    for r, (fan_in, fan_out) in enumerate(zip(case.sizes, case.sizes[1:], strict=False), 1):
        linear = torch.nn.Linear(fan_in, fan_out)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(np.ascontiguousarray(start[f"W{r}"].T)))
            linear.bias.copy_(torch.from_numpy(start[f"b{r}"].copy()))
        layers += [linear, torch.nn.ReLU() if case.activation == "relu" else torch.nn.Tanh()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(model.parameters(), RATE, MOMENTUM)
    X, y = (torch.from_numpy(part) for part in data(case))
    rows = [torch.from_numpy(part) for part in batches(case)]

    def loss_of(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if case.loss == "cross_entropy":
            return torch.nn.functional.cross_entropy(scores, targets)
        return 0.5 * torch.nn.functional.mse_loss(scores, targets)

    def run(steps: int) -> float:
        loss = torch.zeros(())
        for k in range(steps):
            chosen = rows[k % len(rows)]
            optimizer.zero_grad()
            loss = loss_of(model(X[chosen]), y[chosen])
            loss.backward()
            optimizer.step()
        return loss.item()

    return run


def measure(case: Case, rounds: int) -> tuple[list[float], list[float]]:
    """Microseconds a step of us and of PyTorch in each round, taken in turn."""
    ours, theirs = backpath_steps(case), torch_steps(case)
    losses = ours(5), theirs(5)
    if abs(losses[0] - losses[1]) > 1e-4 * abs(losses[1]):
        raise SystemExit(f"{case.name}: after five steps the losses are {losses}: not the same training")
    times: tuple[list[float], list[float]] = ([], [])
    for round_ in range(rounds):
        order = (0, 1) if round_ % 2 == 0 else (1, 0)
        for which in order:
            started = time.perf_counter()
            (ours, theirs)[which](case.steps)
            times[which].append((time.perf_counter() - started) / case.steps * 1e6)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{options.threads} threads, {options.rounds} rounds in turn; PyTorch {torch.__version__} eager\n")
    print("| network | backpath, us a step | PyTorch, us a step | PyTorch / backpath |")
    print("|---|---:|---:|---:|")
    with threadpool_limits(options.threads, user_api="blas"):
        for case in CASES:
            ours, theirs = (float(np.median(times)) for times in measure(case, options.rounds))
            print(f"| {case.name} | {ours:.0f} | {theirs:.0f} | {theirs / ours:.2f} |", flush=True)


if __name__ == "__main__":
    main()
