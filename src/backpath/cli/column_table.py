"""``backpath train --describe``: what each column of a table is, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpath.cli.summary import CHANGES
from backpath.data.description import Described, described
from backpath.data.features import Features
from backpath.data.frame import Frame
from backpath.data.reading.on_disk import OnDisk
from backpath.graph import DataError
from backpath.training.runs.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

WIDEST = 48
HEAD = ("column", "kind", "missing", "range or categories", "example", "becomes")


def print_columns(console: Console, frame: Frame | OnDisk, target: str | None, settings: Settings) -> None:
    """A line for each column; what it becomes is learned from all rows, as if all were for training."""
    if isinstance(frame, OnDisk):
        raise DataError("--describe reads all rows: leave --stream out")
    left_out = [name for name in (target, *settings.drop) if name]
    s, features, wrong = settings, None, ""
    try:
        features = Features.fit(
            frame.without(left_out), numeric=s.numeric, categorical=s.categorical, scale=s.scale, text=s.text
        )
    except DataError as error:
        wrong = str(error)
    rows = [HEAD, *map(_cells, described(frame, features, target))]
    widths = [max(len(row[k]) for row in rows) for k in range(len(HEAD))]
    for row in rows:
        text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        console.print(text.rstrip(), markup=False)
    console.print(f"\n{len(frame):,} rows; told from the cells, {CHANGES} change it", markup=False)
    if wrong:
        raise DataError(wrong)


def _cells(column: Described) -> tuple[str, ...]:
    c = column
    return (c.name, c.kind, f"{c.missing:,}", _short(c.values), _short(c.example, 24), c.becomes)


def _short(text: str, most: int = WIDEST) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"
