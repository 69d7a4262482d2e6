"""``backpath predict``: from a run folder and a table to predictions."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click

from backpath.cli.sources import open_parts
from backpath.data.tables import Table, listed
from backpath.graph import RunError
from backpath.training.runs.run_folder import read_run
from backpath.training.runs.saved_model import SavedModel


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("source")
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Write there; by default to stdout.")
def predict(run: Path, source: str, out: Path | None) -> None:
    """Predict each row of SOURCE (a file or a data set's name) with the network in RUN.

    Prints CSV: the prediction, and for classes the probability of each.
    """
    if out is not None and os.path.lexists(out):
        raise RunError(f"{out} exists: predictions never overwrite a file; give another --out")
    model = read_run(run)
    predictions = _Predictions(model, open_parts(source))
    if out is None:
        sys.stdout.writelines(predictions.lines())
    else:
        _write_new(out, predictions.lines())
    for column, categories in predictions.unseen.items():
        click.echo(
            f"Warning: column {column!r} has categories that training never saw, read as none of the known ones: "
            f"{listed(sorted(categories), 5)}",
            err=True,
        )
    if out is not None:
        click.echo(f"{predictions.count:,} predictions in {out}", err=True)


class _Predictions:
    """Of a table that comes in parts.

    Attributes:
        count: how many were made.
        unseen: for each column the categories that training never saw.
    """

    def __init__(self, model: SavedModel, tables: Iterator[Table]):
        self.model, self.tables = model, tables
        self.count, self.unseen = 0, defaultdict[str, set[str]](set)

    def lines(self) -> Iterator[str]:
        """CSV: a header, then the lines of each part."""
        header = True
        for table in self.tables:
            yield self._as_csv(table, header)
            header = False
            self.count += len(table)
            for column, categories in self.model.features.unseen(table).items():
                self.unseen[column].update(categories)

    def _as_csv(self, table: Table, header: bool) -> str:
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        predicted = self.model.predict(table).tolist()
        probabilities = self.model.probabilities(table)
        if header:
            classes = () if probabilities is None else self.model.target.classes
            writer.writerow(["prediction", *(f"p({label})" for label in classes)])
        if probabilities is None:
            writer.writerows([value] for value in predicted)
        else:
            rows = zip(predicted, probabilities.tolist(), strict=True)
            writer.writerows([value, *(f"{p:.6g}" for p in row)] for value, row in rows)
        return file.getvalue()


def _write_new(path: Path, lines: Iterator[str]) -> None:
    """Write a file that must not exist yet; after an error it does not exist either."""
    with path.open("x", encoding="utf-8", newline="") as file:
        try:
            file.writelines(lines)
            file.flush()
        except BaseException:
            path.unlink()
            raise
