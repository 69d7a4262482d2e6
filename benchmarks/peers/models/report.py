"""Steps of models of layers: milliseconds each, in steady state."""

from __future__ import annotations

from importlib import import_module

from benchmarks.peers.models.cases import MODELS, ModelCase
from benchmarks.peers.settings import Settings
from benchmarks.peers.steps import started_of
from benchmarks.peers.tables import compared, fastest, rounded, table
from benchmarks.peers.timing import Times, in_turn

OURS = "backpath compiled"
PLACES = {
    OURS: "ours:compiled_engine",
    "PyTorch eager": "torch_runners:eager",
    "JAX jit": "jax_runners:step_by_step",
    "JAX scan": "jax_runners:scan",
}
"""By name, who trains: a file of this folder, and the function that makes the runner."""


def names_for(case: ModelCase) -> list[str]:
    """Who trains a model: in JAX's loops convolutions take several times as long as outside, so none is made there."""
    return [name for name in PLACES if name != "JAX scan" or len(case.inputs) < 3]


def maker(name: str):
    """Import what makes the runner of this name."""
    file, _, function = PLACES[name].partition(":")
    return getattr(import_module(f"benchmarks.peers.models.{file}"), function)


def measured(case: ModelCase, rounds: int) -> tuple[dict[str, Times], dict[str, str]]:
    """Seconds of a step of each runner, and why others have none."""
    runners, failures = started_of(case.name, {name: lambda name=name: maker(name)(case) for name in names_for(case)})
    return {name: t.per(case.steps) for name, t in in_turn(runners, rounds).items()}, failures


def report(settings: Settings) -> str:
    parts, rows = [], []
    for case in MODELS:
        times, failures = measured(case, settings.rounds(11))
        peer = fastest(times, set(PLACES) - {OURS})
        base = times[peer].median
        ratio = f"{base / times[OURS].median:.2f}" if OURS in times else "–"
        rows.append([case.name, f"{peer}, {rounded(base * 1e3)} ms", ratio])
        parts += [f"### {case.name}", compared(times, peer, "ms a step", 1e3)]
        parts += [f"{name} did not run: {why}" for name, why in failures.items()]
    told = (
        "SGD with momentum in float32; all have the same mean loss of the first epoch. How many times as fast we are:"
    )
    return "\n\n".join([told, table(["model", "fastest peer", OURS], rows), *parts])
