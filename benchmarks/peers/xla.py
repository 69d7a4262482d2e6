"""The XLA engine: on this CPU against ours of machine code and hand-written JAX, and on a GPU if there is one.

A process sees one device: the part for the GPU runs in one of its own.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import backpath as bp
from benchmarks.peers.cases import CASES, MOMENTUM, RATE, Case
from benchmarks.peers.models import jax_runners, ours
from benchmarks.peers.models.cases import MODELS, ModelCase
from benchmarks.peers.settings import Settings
from benchmarks.peers.steps import measured, started_of
from benchmarks.peers.tables import compared, rounded, table
from benchmarks.peers.timing import Times, in_turn

NAMES = ("backpath compiled", "backpath xla", "JAX scan", "JAX jit")
MANY = Case((64, 32, 10), "relu", 32, examples=1024)
NETWORKS, EPOCHS = (256, 4096), 2
EXPLAINED = bp.Network([64, 256, 256, 10], "tanh", "cross_entropy")


def report(settings: Settings) -> str:
    gpu = subprocess.run([sys.executable, "-m", "benchmarks.peers.xla_gpu"], capture_output=True, text=True)
    parts = {
        "Steps of five networks": networks(settings),
        "Models of layers": models(settings),
        "Many networks at once": many(settings),
        "Explanations": explanations(settings),
        "On a GPU": gpu.stdout if gpu.returncode == 0 else f"It failed: {gpu.stderr.strip().splitlines()[-1]}",
    }
    return "\n\n".join(f"### {title}\n\n{told.strip()}" for title, told in parts.items())


def networks(settings: Settings) -> str:
    """A row for each network: how many times as long as hand-written JAX a step takes."""
    found = {case: measured(case, settings.rounds(9), NAMES)[0] for case in CASES}
    rows = [
        [case.name, *(rounded(times[name].median * 1e6) for name in NAMES), ratio(times, "backpath xla", "JAX scan")]
        for case, times in found.items()
    ]
    return table(["µs a step", *NAMES, "xla over scan"], rows)


def ratio(times: dict[str, Times], name: str, other: str) -> str:
    return f"{times[name].median / times[other].median:.2f}"


def models(settings: Settings) -> str:
    return "\n\n".join(f"{case.name}\n\n{model(case, settings.rounds(5))}" for case in MODELS)


def model(case: ModelCase, rounds: int) -> str:
    makers = {
        "backpath compiled": lambda: ours.compiled_engine(case),
        "backpath xla": lambda: ours.xla_engine(case),
        "JAX jit": lambda: jax_runners.step_by_step(case),
    }
    runners, failures = started_of(case.name, makers)
    times = {name: t.per(case.steps) for name, t in in_turn(runners, rounds).items()}
    told = [compared(times, "JAX jit", "ms a step", 1e3)]
    return "\n\n".join([*told, *(f"{name} did not run: {why}" for name, why in failures.items())])


def trainings(networks: int, engine: str, device: str | None = None) -> Callable[[], Any]:
    """Train so many networks from their beginning."""
    X, y = MANY.data()
    options: dict[str, Any] = {"epochs": EPOCHS, "batch": MANY.batch, "optimizer": bp.optimizers.sgd(RATE, MOMENTUM)}
    options |= {"engine": engine, "device": device}
    return lambda: bp.fit_many(MANY.network, X, y, seeds=range(networks), **options)


def many(settings: Settings, engines: tuple[str, ...] = ("compiled", "xla"), device: str | None = None) -> str:
    """Whole calls of ``fit_many``, with their preparation and compilation."""
    rows = []
    for networks in NETWORKS:
        tasks = {engine: trainings(networks, engine, device if engine == "xla" else None) for engine in engines}
        times = in_turn(tasks, settings.rounds(3))
        rows.append([f"{networks:,} networks {MANY.name}", *(rounded(times[e].median) for e in engines)])
    return table([f"s for {EPOCHS} epochs", *engines], rows)


def explanations(settings: Settings, device: str | None = None) -> str:
    """Quantities of the gradient of 256 examples together, once compiled."""
    X = np.random.default_rng(0).standard_normal((256, 64)).astype(np.float32)
    at = EXPLAINED.init(0), X
    rows, devices = [], (("numpy", None), ("xla", device))
    quantities: dict[str, Callable[[bp.Explanation], Any]] = {
        "mass": lambda e: e.mass(),
        "flow": lambda e: e.flow(),
        "spectrum": lambda e: e.length_spectrum(),
    }
    for name, of in quantities.items():
        found = {engine: bp.explain(EXPLAINED, at, ..., engine=engine, device=where) for engine, where in devices}
        # Another entry is another explanation, which shares what is compiled.
        tasks = {engine: lambda e=e, of=of: of(e.each()[0]) for engine, e in found.items()}
        for task in tasks.values():
            task()
        times = in_turn(tasks, settings.rounds(5))
        rows.append([name, *(rounded(times[engine].median * 1e3) for engine in tasks)])
    return table(["ms", "NumPy", "xla"], rows)
