"""The XLA engine on a GPU against PyTorch, eager and compiled, and hand-written JAX; says so where there is none.

Run with ``python -m benchmarks.peers.xla_gpu``. By ``--device cpu`` all train on the CPU: whether they train the same.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from backpath.engines.xla.library import accelerator, library
from benchmarks.peers.cases import CASES, MOMENTUM, RATE, Case
from benchmarks.peers.models.cases import MODELS, ModelCase
from benchmarks.peers.runners import Runner
from benchmarks.peers.settings import Settings
from benchmarks.peers.steps import started_of
from benchmarks.peers.tables import rounded, table
from benchmarks.peers.timing import in_turn

ROUNDS = 7
NAMES = ("backpath xla", "JAX scan", "PyTorch eager", "PyTorch compiled")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--quick", action="store_true", help="three rounds, and no table of whole calls")
    options = parser.parse_args()
    if options.device == "cuda" and accelerator() is None:
        print("There is no GPU here, or JAX has none of its parts for one.")
        return
    in_full_precision()
    settings = Settings(threads=1, quick=options.quick, folder=Path("build"))
    with library().default_device(library().local_devices(backend=options.device)[0]):
        for part in report(options.device, settings):
            print(part, flush=True, end="\n\n")


def report(device: str, settings: Settings) -> Iterable[str]:
    from benchmarks.peers.xla import explanations, many

    name = library().local_devices(backend=device)[0].device_kind
    yield f"{name}, float32; products in full precision by all."
    rounds = settings.rounds(ROUNDS)
    yield compared("µs a step", 1e6, {case: networks(case, device) for case in CASES}, rounds)
    yield compared("ms a step", 1e3, {case: models(case, device) for case in MODELS}, rounds)
    if not settings.quick:
        yield many(settings, ("xla",), device)
        yield explanations(settings, device)


def compared(unit: str, scale: float, makers: Mapping[Any, Mapping[str, Callable[[], Runner]]], rounds: int) -> str:
    """A row for each network or model: what a step takes by each, all of which have trained it to the same loss."""
    rows, told = [], []
    for case, each in makers.items():
        runners, failures = started_of(case.name, each)
        times = in_turn(runners, rounds)
        found = {name: rounded(t.per(case.steps).median * scale) for name, t in times.items()}
        rows.append([case.name, *(found.get(name, "–") for name in NAMES)])
        told += [f"{case.name}: {name} did not run: {why}" for name, why in failures.items()]
    return "\n\n".join([table([unit, *NAMES], rows), *told])


def networks(case: Case, device: str) -> dict[str, Callable[[], Runner]]:
    from benchmarks.peers import jax_runners, ours

    torch_ones = (partial(by_torch, device=device, compiled=compiled) for compiled in (False, True))
    made = ours.xla_engine, jax_runners.scan, *torch_ones
    return {name: partial(make, case) for name, make in zip(NAMES, made, strict=True)}


def models(case: ModelCase, device: str) -> dict[str, Callable[[], Runner]]:
    from benchmarks.peers.models import jax_runners, ours, torch_runners

    by_jax = jax_runners.step_by_step if device == "cpu" and len(case.inputs) == 3 else jax_runners.scan
    torch_ones = (partial(make, device=device) for make in (torch_runners.eager, torch_runners.compiled))
    made = ours.xla_engine, by_jax, *torch_ones
    return {name: partial(make, case) for name, make in zip(NAMES, made, strict=True)}


def in_full_precision() -> None:
    """No factor of a product is rounded, by PyTorch and JAX either."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    library().config.update("jax_default_matmul_precision", "highest")


def by_torch(case: Case, compiled: bool = False, device: str = "cuda") -> Runner:
    """An epoch on the device, on which data and network lie already."""
    import torch
    from torch.nn import functional

    activation = torch.relu if case.activation == "relu" else torch.tanh
    layers = [[torch.tensor(a, device=device, requires_grad=True) for a in layer] for layer in case.layers()]
    X, y = (torch.tensor(a, device=device) for a in case.data())
    optimizer = torch.optim.SGD([a for layer in layers for a in layer], RATE, MOMENTUM)

    def loss_of(X: Any, y: Any) -> Any:
        for W, b in layers[:-1]:
            X = activation(X @ W + b)
        scores = X @ layers[-1][0] + layers[-1][1]
        if case.loss == "cross_entropy":
            return functional.cross_entropy(scores, y)
        return 0.5 * torch.mean(torch.sum((scores - y) ** 2, 1))

    loss_of = torch.compile(loss_of) if compiled else loss_of

    def epoch() -> float:
        total = torch.zeros((), device=device)
        for first in range(0, case.examples, case.batch):
            optimizer.zero_grad()
            loss = loss_of(X[first : first + case.batch], y[first : first + case.batch])
            loss.backward()
            optimizer.step()
            total += loss.detach()
        return float(total) / case.steps

    return epoch


if __name__ == "__main__":
    main()
