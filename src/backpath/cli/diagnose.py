"""``backpath diagnose``: what is wrong with the training of a run, or of a file, and which fix helps."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backpath.cli.places import place_of_run, reserved
from backpath.cli.sources import source_of_run
from backpath.cli.summary import make_console
from backpath.cli.train import opened, settings_options, sources, train_into
from backpath.diagnosis import Diagnosis, stability_map
from backpath.diagnosis.diagnose import diagnosis_of
from backpath.diagnosis.runs import repaired_settings, subject_of_run
from backpath.graph import DataError
from backpath.training.runs.experiment import Experiment
from backpath.training.runs.run_folder import CONFIG, next_run_folder, read_config
from backpath.training.runs.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

PLACE = Path("diagnoses")


@click.command()
@click.argument("source", metavar="RUN|SOURCE")
@click.option("--target", metavar="COLUMN", help="The column to predict; needed for a file.")
@click.option("--budget", type=click.FloatRange(min=0, min_open=True), default=30.0, show_default=True,
              help="Seconds after which nothing new is tried.")  # fmt: skip
@click.option("--apply", is_flag=True, help="Train a run with the fixes that helped.")
@click.option("--out", metavar="RUN", type=click.Path(path_type=Path), help="The run folder of --apply.")
@click.option(
    "--map", "mapped", is_flag=True, help="Draw where training converges and diverges, by step size and start."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of findings, and write no page.")
@settings_options
def diagnose(
    source: str,
    target: str | None,
    budget: float,
    apply: bool,
    out: Path | None,
    mapped: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Say what is wrong with a training, with the evidence, and try fixes by training again.

    RUN is a run folder, whose settings are those that it was trained with; SOURCE is what `backpath train` takes, with
    the same options. Test rows are not looked at. Prints the findings, and writes them as diagnosis.html and
    diagnosis.json into a new folder.
    """
    console = make_console()
    console.quiet = as_json
    experiment, source, column = _experiment(source, target, options, console)
    found = diagnosis_of(subject_of_run(experiment), budget=budget)
    if as_json:
        click.echo(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        click.echo(str(found))
        click.echo(f"\nsaved {_save(found, experiment, source, mapped)}")
    if apply:
        settings = repaired_settings(found, experiment)
        config = {**sources(source), "target": column, **asdict(settings)}
        folder = reserved(out, source, config)
        with place_of_run(folder, False):
            train_into(folder, source, column, settings, console, False)
        click.echo(f"trained {folder} with the fixes", err=as_json)


def _experiment(
    source: str, target: str | None, options: dict[str, Any], console: Console
) -> tuple[Experiment, str, str]:
    """The experiment of a run as it was made, or one of a source; where its rows are, and what it predicts."""
    if (Path(source) / CONFIG).is_file():
        config = read_config(source)
        settings, column = Settings.from_json(config), str(config["target"])
        source = source_of_run(config)
        frame, _ = opened(source, column, settings, console)
        return Experiment.prepare(frame, column, settings), source, column
    settings = Settings(**options)
    frame, own = opened(source, target, settings, console)
    column = target or own
    if column is None:
        raise DataError(f"{source} needs --target COLUMN: say which column to predict")
    return Experiment.prepare(frame, column, settings), source, column


def _save(found: Diagnosis, experiment: Experiment, source: str, mapped: bool) -> Path:
    folder = next_run_folder(PLACE, Path(source).stem)
    folder.mkdir(parents=True)
    _write(folder / "diagnosis.json", json.dumps(found.to_json(), indent=1, ensure_ascii=False) + "\n")
    _write(folder / "diagnosis.html", found.page())
    if mapped:
        s = found.subject
        drawn = stability_map(s.model, s.X, s.y, optimizer=s.optimizer, epochs=min(s.epochs, 20), batch=s.batch)
        click.echo(f"\n{drawn}")
        _write(folder / "stability.json", json.dumps(drawn.to_json()) + "\n")
        _picture(drawn.plot, folder / "stability.png")
    return folder


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _picture(plot: Callable[[], Any], path: Path) -> None:
    try:
        plot().savefig(path, dpi=120)
    except ImportError as error:
        click.echo(f"No picture: {error}", err=True)
