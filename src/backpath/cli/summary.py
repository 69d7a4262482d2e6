"""What ``train`` says of the data, the network, and how it went: as data, and as lines."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backpath.calculus import GradientCheck
from backpath.cli.progress import curve
from backpath.data.categories import Categorical
from backpath.data.cells import ISO
from backpath.data.features import Column, Features
from backpath.data.frame import listed
from backpath.data.grids import shape_of
from backpath.data.kinds import PLAIN, Truth
from backpath.data.moments import Moments
from backpath.data.numeric import Numeric
from backpath.data.parts import FrameData
from backpath.importers import ImportedModel
from backpath.nets import Model, Network
from backpath.training.find_rate import RangeTest
from backpath.training.result import Fit
from backpath.training.runs.experiment import Experiment

CHANGES = "--numeric, --categorical, --text and --drop"

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
        "columns": columns_by_kind(experiment),
        "read_as": read_as(experiment),
        "dropped": dict(experiment.features.dropped),
        "target": target.column,
        "task": target.task,
        "classes": list(target.classes),
        "network": network.to_json(),
        "parameters": network.parameter_count,
        "memory": asdict(experiment.footprint),
        "data_memory": data_memory(experiment),
    }


def columns_by_kind(experiment: Experiment) -> dict[str, int]:
    """How many columns of each kind are used, and how many are left out."""
    counts = Counter(map(_kind, _columns(experiment)))
    return {**counts, **({"left out": left} if (left := len(experiment.features.dropped)) else {})}


def _columns(experiment: Experiment) -> tuple[Column, ...]:
    """Those of a table; the entries of images and sequences are none."""
    return experiment.features.columns if isinstance(experiment.features, Features) else ()


def _kind(column: Column) -> str:
    if isinstance(column, Numeric):
        return "truth value" if isinstance(column.kind, Truth) else "number"
    if isinstance(column, Categorical):
        return "category"
    return "date" if isinstance(column, Moments) else "text"


def read_as(experiment: Experiment) -> dict[str, str]:
    """What was decided of columns that are not written as computers write them."""
    told = {}
    for column in _columns(experiment):
        if isinstance(column, Numeric) and column.kind not in (PLAIN, Truth()):
            told[column.name] = str(column.kind)
        elif isinstance(column, Moments) and not set(column.formats) <= set(ISO):
            told[column.name] = f"date ({', '.join(column.formats)})"
        elif isinstance(column, Categorical) and column.other:
            told[column.name] = f"its {len(column.categories):,} most frequent categories, and one for all others"
    if not experiment.target.written.plain:
        told[experiment.target.column] = str(experiment.target.written)
    return told


def data_memory(experiment: Experiment) -> dict[str, int]:
    """Bytes of the table, if it is in memory, and of the features of its training rows."""
    sizes, data = experiment.data.sizes, experiment.data
    features = 4 * math.prod(shape_of(experiment.features)) * sizes["train"]
    if isinstance(data, FrameData):
        return {"table": int(data.frame.megabytes * 2**20), "features": features}
    return {"features": min(features, experiment.settings.stream * 2**20)}


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
    count = len(experiment.features.columns)
    columns = "1 column" if count == 1 else f"{count} columns"
    used = columns if len(shape) == 1 else f"images of {' x '.join(map(str, shape))}"
    line(console, "data", f"{told['rows']:,} rows, {used} to predict [bold]{_plain(told['target'])}[/]")
    if told["classes"]:
        line(console, "", f"{len(told['classes'])} classes: {_plain(listed(told['classes'], 10))}")
    memory = ", ".join(f"{what} {_size(size)}" for what, size in told["data_memory"].items())
    line(console, "", f"{split} · memory: {memory}")
    kinds = ", ".join(f"{count:,} {_plural(kind, count)}" for kind, count in told["columns"].items())
    if kinds:
        line(console, "columns", kinds)
        line(console, "", f"[dim]told from the cells: --describe shows each, {CHANGES} change it[/]")
    if told["read_as"]:
        line(console, "", _plain(listed([f"{name}: {how}" for name, how in told["read_as"].items()], 3)))
        if any("written" in how for how in told["read_as"].values()):
            line(console, "", "[dim]told from all cells: --decimal says which mark is the decimal one[/]")
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
    if isinstance(network, ImportedModel):
        line(console, "network", f"{_plain(network.source)}, {network.loss}")
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
        values = "   ".join(
            f"{part} {_bold(part == 'test', score_text(metric, s[metric]))}" for part, s in scores.items()
        )
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


def score_text(metric: str, value: float) -> str:
    """A score as it is printed."""
    return f"{value:.4g}" if metric == "rmse" else f"{value:.4f}"


def _size(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB" if count >= 2**20 else f"{count / 2**10:,.1f} KiB"


def _plural(kind: str, count: int) -> str:
    if count == 1 or kind in ("left out", "text"):
        return kind
    return {"category": "categories"}.get(kind, f"{kind}s")


def _bold(condition: bool, text: str) -> str:
    return f"[bold]{text}[/]" if condition else text


def _plain(text: str) -> str:
    """Text from outside, in which brackets are not markup."""
    from rich.markup import escape

    return escape(text)
