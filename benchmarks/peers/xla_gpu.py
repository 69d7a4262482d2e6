"""The XLA engine on a GPU against PyTorch, eager and compiled, and hand-written JAX; says so where there is none.

Run with ``python -m benchmarks.peers.xla_gpu``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from backpath.engines.xla.library import accelerator, library
from benchmarks.peers.cases import CASES, MOMENTUM, RATE, Case
from benchmarks.peers.settings import Settings
from benchmarks.peers.tables import rounded, table
from benchmarks.peers.timing import in_turn

ROUNDS = 7


def main() -> None:
    if accelerator() is None:
        print("There is no GPU here, or JAX has none of its parts for one.")
        return
    name = library().local_devices()[0].device_kind
    from benchmarks.peers.xla import explanations, many

    settings = Settings(threads=1, quick=False, folder=Path("build"))
    print(f"{name}, float32; products in full precision by all.\n\n{networks()}")
    print(f"\n{many(settings, ('xla',), 'cuda')}\n\n{explanations(settings, 'cuda')}")


def networks() -> str:
    from benchmarks.peers import jax_runners, ours

    rows = []
    for case in CASES:
        makers: dict[str, Callable[[Case], Callable[[], float]]] = {
            "backpath xla": ours.xla_engine,
            "JAX scan": jax_runners.scan,
            "PyTorch eager": lambda case: by_torch(case, False),
            "PyTorch compiled": lambda case: by_torch(case, True),
        }
        runners = {name: make(case) for name, make in makers.items()}
        for run in runners.values():
            run()
        times = in_turn(runners, ROUNDS)
        rows.append([case.name, *(rounded(times[name].per(case.steps).median * 1e6) for name in makers)])
    return table(["µs a step", "backpath xla", "JAX scan", "PyTorch eager", "PyTorch compiled"], rows)


def by_torch(case: Case, compiled: bool) -> Callable[[], float]:
    """An epoch on the GPU, on which data and network lie already."""
    import torch
    from torch.nn import functional

    torch.backends.cuda.matmul.allow_tf32 = False
    activation = torch.relu if case.activation == "relu" else torch.tanh
    layers = [[torch.tensor(a, device="cuda", requires_grad=True) for a in layer] for layer in case.layers()]
    X, y = (torch.tensor(a, device="cuda") for a in case.data())
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
        total = torch.zeros((), device="cuda")
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
