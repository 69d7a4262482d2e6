"""``backpath predict``: from a run folder and a table to predictions."""

from __future__ import annotations

import csv
import io
import os
import sys
from pathlib import Path

import click

from backpath.cli.sources import open_source
from backpath.graph import RunError
from backpath.training.run_folder import read_run
from backpath.training.saved_model import SavedModel
from backpath.training.tables import Table, listed


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("source")
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Write there; by default to stdout.")
def predict(run: Path, source: str, out: Path | None) -> None:
    """Predict each row of SOURCE (a CSV file or a data set's name) with the network in RUN.

    Prints CSV: the prediction, and for classes the probability of each.
    """
    if out is not None and os.path.lexists(out):
        raise RunError(f"{out} exists: predictions never overwrite a file; give another --out")
    model = read_run(run)
    table, _ = open_source(source)
    text = _as_csv(model, table)
    for column, categories in model.features.unseen(table).items():
        click.echo(
            f"Warning: column {column!r} has categories that training never saw, read as none of the known ones: "
            f"{listed(categories, 5)}",
            err=True,
        )
    if out is None:
        sys.stdout.write(text)
    else:
        _write_new(out, text)
        click.echo(f"{len(table):,} predictions in {out}", err=True)


def _as_csv(model: SavedModel, table: Table) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    predicted = model.predict(table).tolist()
    probabilities = model.probabilities(table)
    if probabilities is None:
        writer.writerow(["prediction"])
        writer.writerows([value] for value in predicted)
    else:
        writer.writerow(["prediction", *(f"p({label})" for label in model.target.classes)])
        rows = zip(predicted, probabilities.tolist(), strict=True)
        writer.writerows([value, *(f"{p:.6g}" for p in row)] for value, row in rows)
    return file.getvalue()


def _write_new(path: Path, text: str) -> None:
    """Write a file that must not exist yet; after an error it does not exist either."""
    with path.open("x", encoding="utf-8", newline="") as file:
        try:
            file.write(text)
            file.flush()
        except BaseException:
            path.unlink()
            raise
