"""``backpath train``: from a table to a run folder."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from backpath.cli.options import Activations, Number, Widths
from backpath.cli.progress import emit, progress
from backpath.cli.sources import open_source, run_name
from backpath.cli.summary import (
    facts,
    make_console,
    outcome,
    print_check,
    print_end,
    print_mistake,
    print_outcome,
    print_rate,
    print_start,
)
from backpath.graph import DataError
from backpath.nets import LOSSES
from backpath.training.descent import SCHEDULES
from backpath.training.experiment import Experiment, Settings
from backpath.training.optimizers import OPTIMIZERS
from backpath.training.run_folder import check_free, next_run_folder, write_run
from backpath.training.starts import STARTS
from backpath.training.tables import Table, listed
from backpath.training.target import TASKS

DEFAULTS = Settings()
RUNS = Path("runs")


def _settings(command: Callable[..., None]) -> Callable[..., None]:
    """The options that are fields of Settings, under the same names and with the same defaults."""
    whole = click.IntRange(min=1)
    options = [
        ("--seed", click.IntRange(0, 2**32 - 1), "Of the split, the initial weights and the order of rows."),
        ("--epochs", whole, "Passes over the training rows."),
        ("--layers", Widths(), "Widths of the hidden layers, such as 64,64; none for a linear model."),
        ("--activation", Activations(), "Of the hidden layers: one name, or one for each, such as relu,tanh."),
        ("--init", click.Choice(STARTS), "How initial weights are drawn, or learned without the target."),
        ("--loss", click.Choice(list(LOSSES)), "By default cross_entropy for classes, else squared_error."),
        ("--optimizer", click.Choice(list(OPTIMIZERS)), "How steps follow from gradients."),
        (
            "--rate",
            Number(0, least_allowed=False),
            "Step size, or the highest of a schedule; by default it depends on the optimizer.",
        ),
        ("--find-rate", bool, "Find the step size by a range test, on training rows alone."),
        ("--momentum", Number(0, 1), "Part of the last step that the next one keeps; by default 0.9, for sgd alone."),
        ("--schedule", click.Choice(list(SCHEDULES)), "How the step size changes from step to step."),
        (
            "--l2",
            Number(0),
            "Pull of the weights towards zero: this, halved, times their squared norm is added.",
        ),
        ("--clip", Number(0, least_allowed=False), "Largest norm of a gradient; by default any."),
        ("--batch", whole, "Rows a step."),
        ("--test", Number(0, 1), "Fraction of rows kept for the final score."),
        ("--validation", Number(0, 1), "Fraction of rows kept for choosing settings."),
        ("--task", click.Choice(TASKS), "What the target is; by default told from its values."),
        ("--numeric", str, "A column that must hold numbers.  [repeatable]"),
        ("--categorical", str, "A column of categories, even if they look like numbers.  [repeatable]"),
        ("--drop", str, "A column to leave out.  [repeatable]"),
        ("--threads", whole, "Threads of the linear algebra; by default all cores."),
    ]
    for name, kind, text in reversed(options):
        default = getattr(DEFAULTS, name.removeprefix("--").replace("-", "_"))
        command = click.option(
            name,
            type=kind,
            default=default,
            multiple=kind is str,
            is_flag=kind is bool,
            help=text,
            show_default=default not in (None, (), False),
        )(command)
    return command


@click.command()
@click.argument("source")
@click.option("--target", metavar="COLUMN", help="The column to predict; needed for a CSV file.")
@click.option(
    "--out", metavar="RUN", type=click.Path(path_type=Path), help="The run folder; by default runs/NAME-1, -2, ..."
)
@_settings
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line: start, epochs, result.")
@click.option("--quiet", is_flag=True, help="Print the run folder and nothing else.")
def train(source: str, target: str | None, out: Path | None, as_json: bool, quiet: bool, **options: Any) -> None:
    """Train a network on SOURCE: a CSV file, or one of the data sets digits, breast_cancer, wine, iris, diabetes.

    The run is saved in a folder that `backpath predict` reads.
    """
    settings = Settings(**options)

    def place() -> Path:
        return out or next_run_folder(RUNS, run_name(source))

    check_free(place())
    table, column = _table_and_target(source, target)
    experiment = Experiment.prepare(table, column, settings)
    console = make_console()
    console.quiet = quiet or as_json
    if as_json:
        emit("start", facts(experiment))
    print_start(console, experiment)
    if settings.find_rate:
        experiment, found = experiment.with_found_rate()
        print_rate(console, found)
    with progress(settings.epochs, as_json=as_json, quiet=quiet) as on_epoch:
        trained = experiment.train(on_epoch)
    model = experiment.model(trained)
    scores = experiment.scores(model)
    print_outcome(console, experiment, trained, scores)
    if mistake := experiment.most_confused(model):
        print_mistake(console, *mistake)
    check = experiment.check_gradient()
    print_check(console, check)
    # Asked again: another run may have taken the next number meanwhile.
    folder = place()
    write_run(folder, model, trained.history, {"source": source, "target": column, **asdict(experiment.settings)})
    command = shlex.join([_program(), "predict", str(folder), source])
    print_end(console, folder, command)
    if as_json:
        emit("result", {"run": str(folder), **outcome(trained, scores, check), "predict": command})
    elif quiet:
        click.echo(folder)


def _program() -> str:
    """What to type for this program: its name, or its path where the shell would not find it by name."""
    called = Path(sys.argv[0])
    return "backpath" if called.name != "backpath" or shutil.which("backpath") else str(called)


def _table_and_target(source: str, target: str | None) -> tuple[Table, str]:
    table, own_target = open_source(source)
    column = target or own_target
    if column is None:
        raise DataError(f"{source} needs --target COLUMN: say which column to predict. It has {listed(table.names)}")
    return table, column
