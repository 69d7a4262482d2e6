"""Progress of a training run: a live bar on a terminal, a few plain lines elsewhere, JSON lines, or nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backpath.training.loop.epochs import Epoch

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_LINES = 10
WORTH_TELLING = 8
"""MiB of a file."""

MANY = 500_000
"""Rows."""

BARS = "▁▂▃▄▅▆▇█"


Tell = Callable[[Epoch], None]


@contextmanager
def progress(epochs: int, *, as_json: bool, quiet: bool) -> Iterator[Tell]:
    """The progress that suits the output."""
    if as_json:
        yield lambda epoch: emit("epoch", asdict(epoch))
    elif quiet:
        yield lambda epoch: None
    elif sys.stdout.isatty():
        with _bar(epochs) as bar:
            yield bar
    else:
        yield _plain(epochs)


@contextmanager
def reading_progress(console: Console, source: str) -> Iterator[Callable[[int, float], None] | None]:
    """The progress of reading a file: a bar on a terminal, a line elsewhere; nothing for a small one."""
    path = Path(source)
    size = path.stat().st_size / 2**20 if path.is_file() else 0
    if console.quiet or size < WORTH_TELLING:
        yield None
    elif sys.stdout.isatty():
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        told = TextColumn("  [bold]reading[/] {task.fields[rows]:,} rows")
        with Progress(told, BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), transient=True) as bar:
            task = bar.add_task("", total=1.0, rows=0)
            yield lambda rows, part: bar.update(task, completed=part, rows=rows)
    else:
        click.echo(f"  reading   {source}, {size:,.0f} MiB")
        yield None


def preparing(console: Console, rows: int) -> AbstractContextManager[Any]:
    """While rows are parted and features are learned: a sign on a terminal, a line elsewhere; nothing for few rows."""
    if console.quiet or rows < MANY:
        return nullcontext()
    if sys.stdout.isatty():
        return console.status(f"preparing {rows:,} rows")
    click.echo(f"  preparing {rows:,} rows")
    return nullcontext()


def emit(event: str, fields: Mapping[str, Any]) -> None:
    """One JSON object on a line of its own."""
    click.echo(json.dumps({"event": event, **fields}, ensure_ascii=False))


def _plain(epochs: int) -> Tell:
    told = {max(1, round(k * epochs / PLAIN_LINES)) for k in range(PLAIN_LINES + 1)}

    def tell(epoch: Epoch) -> None:
        if epoch.number in told:
            click.echo(f"  epoch {epoch.number:>{len(str(epochs))}} of {epochs}   loss {epoch.loss:.5f}")

    return tell


@contextmanager
def _bar(epochs: int) -> Iterator[Tell]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    losses: list[float] = []
    columns = (
        TextColumn("  [bold]epoch"),
        MofNCompleteColumn(),
        BarColumn(),
        TextColumn("loss [cyan]{task.fields[curve]}[/] {task.fields[loss]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task("", total=epochs, loss="", curve="")

        def tell(epoch: Epoch) -> None:
            losses[epoch.number - 1 :] = [epoch.loss]  # Those after it, if any, were undone.
            bar.update(task, completed=epoch.number, loss=f"{epoch.loss:.5f}", curve=curve(losses))

        yield tell


def curve(losses: list[float], width: int = 24) -> str:
    """Losses as a row of bars, on a logarithmic scale.

    >>> curve([8.0, 4.0, 2.0, 1.0])
    '█▆▃▁'
    """
    import numpy as np

    places = np.unique(np.linspace(0, len(losses) - 1, width).round().astype(int))
    heights = np.log(np.maximum(np.array(losses)[places], 1e-12))
    low, high = heights.min(), heights.max()
    levels = (heights - low) / (high - low or 1.0) * (len(BARS) - 1)
    return "".join(BARS[level] for level in levels.round().astype(int))
