"""What ``train`` says of the data, the network, and how it went: as data, and as lines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backpath.calculus import GradientCheck
from backpath.cli.progress import curve
from backpath.data.grids import shape_of
from backpath.data.tables import listed
from backpath.nets import Model, Network
from backpath.training.find_rate import RangeTest
from backpath.training.result import Fit
from backpath.training.runs.experiment import Experiment

if TYPE_CHECKING:
    from rich.console import Console


def make_console() -> Console:
    """A console for short labelled lines, in which paths and commands are never broken in two."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def facts(experiment: Experiment) -> dict[str, Any]:
    """What is known before training, as plain data."""
    sizes, target, network = experiment.data.sizes, experiment.target, experiment.network
    return {
        "source": experiment.data.source,
        "rows": sum(sizes.values()),
        "split": dict(sizes),
        "features": math.prod(shape_of(experiment.features)),
        "dropped": dict(experiment.features.dropped),
        "target": target.column,
        "task": target.task,
        "classes": list(target.classes),
        "network": network.to_json(),
        "parameters": network.parameter_count,
        "memory": asdict(experiment.footprint),
    }


def outcome(trained: Fit, scores: Mapping[str, Any], check: GradientCheck) -> dict[str, Any]:
    """What is known after training, as plain data."""
    return {
        "scores": scores,
        "epochs": len(trained.history),
        "steps": trained.steps,
        "seconds_per_step": trained.seconds_per_step,
        "engine": {"name": trained.engine.engine, "why": trained.engine.why},
        "gradient_check": {
            "ok": check.ok,
            "method": check.method,
            "largest_relative_error": check.largest,
            "checked": check.checked,
            "total": check.total,
        },
    }


def print_start(console: Console, experiment: Experiment) -> None:
    """The data and the network."""
    told = facts(experiment)
    split = " · ".join(f"{part} {rows:,}" for part, rows in told["split"].items() if rows)
    shape = shape_of(experiment.features)
    used = (
        f"{len(experiment.features.columns)} columns" if len(shape) == 1 else f"images of {' x '.join(map(str, shape))}"
    )
    line(console, "data", f"{told['rows']:,} rows, {used} to predict [bold]{_plain(told['target'])}[/]")
    if told["classes"]:
        line(console, "", f"{len(told['classes'])} classes: {_plain(listed(told['classes'], 10))}")
    line(console, "", split)
    if told["dropped"]:
        reasons = listed([f"{name} ({reason})" for name, reason in told["dropped"].items()], 3)
        line(console, "", f"[dim]left out: {_plain(reasons)}[/]")
    _print_network(console, experiment.network)
    memory = sum(told["memory"].values()) / 2**20
    line(console, "", f"{told['parameters']:,} parameters; a training takes {memory:,.1f} MiB beside the data")
    console.print()


def _print_network(console: Console, network: Model) -> None:
    if isinstance(network, Network):
        sizes, activations = " → ".join(map(str, network.sizes)), listed(list(dict.fromkeys(network.activations)))
        line(console, "network", f"[bold]{sizes}[/]  {activations + ', ' if activations else ''}{network.loss}")
        return
    for k, row in enumerate(str(network).splitlines()[:-1]):
        line(console, "" if k else "network", _plain(row))
    line(console, "", f"{network.loss}")


def print_rate(console: Console, found: RangeTest) -> None:
    """What a range test found."""
    line(console, "rate", f"{found.suggestion:.2g} found: a trial took the loss to {found.decrease:.2g} of its start")
    console.print()


def print_outcome(console: Console, trained: Fit, scores: Mapping[str, Mapping[str, float]], schedule: str) -> None:
    """The course of the loss, the scores and the time."""
    losses = [epoch.loss for epoch in trained.history]
    line(console, "loss", f"[cyan]{curve(losses)}[/]  {losses[0]:.4f} → {losses[-1]:.4f}")
    if (factor := trained.history[-1].factor) < 1:
        plateau, again = (
            "the loss no longer fell, or was not finite",
            "the loss was not finite, and epochs were made again",
        )
        why = plateau if schedule == "plateau" else again
        line(console, "rate", f"lowered to {factor:g} of what was asked: {why}")
    for metric in next(iter(scores.values())):
        values = "   ".join(f"{part} {_bold(part == 'test', _score(metric, s[metric]))}" for part, s in scores.items())
        line(console, {"r2": "R²", "rmse": "RMSE"}.get(metric, metric), values)
    steps, micro, engine = trained.steps, trained.seconds_per_step * 1e6, trained.engine
    pace = f"{len(losses)} epochs, {steps:,} steps, {micro:,.0f} µs a step"
    line(console, "time", f"{pace} by {engine.engine} [dim]({engine.why})[/]")


def print_mistake(console: Console, true: str, taken: str, times: int) -> None:
    """The mistake made most often on the test part."""
    often = f"{times} times" if times > 1 else "once"
    line(console, "mistakes", _plain(f"most often on test rows: {true} taken for {taken}, {often}"))


def print_check(console: Console, check: GradientCheck) -> None:
    """Whether our gradient agrees with an independent one."""
    verdict = "[green]agrees with[/]" if check.ok else "[bold red]DISAGREES with[/]"
    error = f"largest relative error {check.largest:.0e}"
    line(console, "gradient", f"{verdict} {check.method} in {check.checked:,} of {check.total:,} entries: {error}")


def print_end(console: Console, folder: Path, command: str) -> None:
    """Where the run is, and what to try next."""
    console.print()
    line(console, "saved", f"[bold]{_plain(str(folder))}[/]")
    line(console, "try next", f"[bold cyan]{_plain(command)}[/]")


def line(console: Console, label: str, text: str) -> None:
    """A label and what it labels."""
    console.print(f"  [dim]{label:<9}[/] {text}")


def _score(metric: str, value: float) -> str:
    return f"{value:.4g}" if metric == "rmse" else f"{value:.4f}"


def _bold(condition: bool, text: str) -> str:
    return f"[bold]{text}[/]" if condition else text


def _plain(text: str) -> str:
    """Text from outside, in which brackets are not markup."""
    from rich.markup import escape

    return escape(text)
