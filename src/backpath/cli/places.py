"""Where ``train`` puts a run, and how it takes up one that was stopped."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from backpath.cli.sources import run_name
from backpath.graph import RunError
from backpath.training.checkpoints.checkpoint import read_checkpoint
from backpath.training.checkpoints.saver import Interrupted
from backpath.training.runs.run_folder import check_free, checkpoint_of, next_run_folder, reserve
from backpath.training.runs.settings import Settings

RUNS = Path("runs")
INTERRUPTED = 130


@contextmanager
def place_of_run(out: Path | None, source: str, resume: Path | None) -> Iterator[Path]:
    """The folder that the run will be; within, its place is taken, and whatever stops it is told with how to go on."""
    folder = resume or _reserved(out, source)
    place = checkpoint_of(folder)
    command = shlex.join([program(), "train", "--resume", str(folder)])
    try:
        yield folder
    except Interrupted:
        click.echo(f"\nStopped, and saved. To go on: {command}", err=True)
        raise SystemExit(INTERRUPTED) from None
    except OSError:
        if place.exists() and place.stat().st_size:
            click.echo(f"The last checkpoint is kept. To go on from it: {command}", err=True)
        raise
    finally:
        if place.exists() and not place.stat().st_size:
            place.unlink()
            with suppress(OSError):
                place.parent.rmdir()


def _reserved(out: Path | None, source: str) -> Path:
    if out:
        check_free(out)
        if not reserve(out):
            place = checkpoint_of(out)
            raise RunError(f"{place} is of a training that was stopped, or still runs: --resume {out}, or delete it")
        return out
    while True:
        folder = next_run_folder(RUNS, run_name(source))
        check_free(folder)
        if reserve(folder):
            return folder


def stopped_training(folder: Path) -> tuple[str, str, Settings]:
    """Source, target and settings of a training that was stopped."""
    if folder.is_dir() and not checkpoint_of(folder).exists():
        raise RunError(f"{folder} is a finished run: there is nothing to go on with")
    config = read_checkpoint(checkpoint_of(folder)).facts.get("config")
    if not isinstance(config, dict) or not {"source", "target"} <= set(config):
        raise RunError(f"{checkpoint_of(folder)} does not say what it was trained on: go on with `fit` in Python")
    return str(config["source"]), str(config["target"]), Settings.from_json(config)


def program() -> str:
    """What to type for this program: its name, or its path where the shell would not find it by name."""
    called = Path(sys.argv[0])
    return "backpath" if called.name != "backpath" or shutil.which("backpath") else str(called)
