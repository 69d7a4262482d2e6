"""Where ``train`` puts a run, and how it takes up one that was stopped."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from backpath.cli.sources import run_name, source_of_run
from backpath.graph import RunError
from backpath.training.checkpoints.checkpoint import read_checkpoint
from backpath.training.checkpoints.saver import Interrupted
from backpath.training.runs.run_folder import check_free, checkpoint_of, next_run_folder, reserve
from backpath.training.runs.settings import Settings

RUNS = Path("runs")
INTERRUPTED = 130


@contextmanager
def place_of_run(folder: Path, resumed: bool) -> Iterator[None]:
    """Within, the run's place is taken; whatever stops it is told with how to go on."""
    place = checkpoint_of(folder)
    command = shlex.join([program(), "train", "--resume", str(folder)])
    try:
        yield
    except KeyboardInterrupt as stop:
        click.echo(f"\n{_left(folder, isinstance(stop, Interrupted), command)}", err=True)
        raise SystemExit(INTERRUPTED) from None
    except Exception as error:
        if not resumed and not begun(folder):
            place.unlink(missing_ok=True)
            with suppress(OSError):
                place.parent.rmdir()
        elif isinstance(error, OSError):
            click.echo(f"The last checkpoint is kept. To go on from it: {command}", err=True)
        raise


def _left(folder: Path, saved: bool, command: str) -> str:
    """What an interrupted training leaves."""
    if folder.is_dir() and any(folder.iterdir()):
        checkpoint_of(folder).unlink(missing_ok=True)
        return f"Stopped; the run is saved in {folder}."
    if not begun(folder):
        return f"Stopped before the first checkpoint; the settings are kept. To begin again: {command}"
    if saved:
        return f"Stopped, and saved. To go on: {command}"
    return f"Stopped at once; the last checkpoint is kept. To go on from it: {command}"


def begun(folder: Path) -> bool:
    """Whether the training of a run has a checkpoint with steps in it."""
    place = checkpoint_of(folder)
    return place.exists() and place.stat().st_size > 0 and read_checkpoint(place).begun


def reserved(out: Path | None, source: str, config: Mapping[str, Any]) -> Path:
    """The folder that a new run will be, whose place is taken by its settings from now on."""
    if out:
        check_free(out)
        if not reserve(out, config):
            place = checkpoint_of(out)
            raise RunError(f"{place} is of a training that was stopped, or still runs: --resume {out}, or delete it")
        return out
    while True:
        folder = next_run_folder(RUNS, run_name(source))
        check_free(folder)
        if reserve(folder, config):
            return folder


def stopped_training(folder: Path) -> tuple[str, str | None, Settings]:
    """Source, target (None for a data set's own) and settings of a training that was stopped."""
    if folder.is_dir() and not checkpoint_of(folder).exists():
        raise RunError(f"{folder} is a finished run: there is nothing to go on with")
    config = read_checkpoint(checkpoint_of(folder)).facts.get("config")
    if not isinstance(config, dict) or not {"source", "target"} <= set(config):
        raise RunError(f"{checkpoint_of(folder)} does not say what it was trained on: go on with `fit` in Python")
    target = config["target"]
    return source_of_run(config), None if target is None else str(target), Settings.from_json(config)


def program() -> str:
    """What to type for this program: its name, or its path where the shell would not find it by name."""
    called = Path(sys.argv[0])
    return "backpath" if called.name != "backpath" or shutil.which("backpath") else str(called)
