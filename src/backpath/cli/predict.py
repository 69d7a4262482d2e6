"""``backpath predict``: from a run folder and a table to predictions."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from backpath.cli.options import Delimiter, Encoding
from backpath.cli.sources import open_parts
from backpath.data.frame import Frame, listed
from backpath.graph import RunError
from backpath.training.runs.run_folder import ESTIMATOR, read_description, read_run
from backpath.training.runs.saved_model import SavedModel

if TYPE_CHECKING:
    from backpath.estimators.robust.runs import RobustRun


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("source")
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Write there; by default to stdout.")
@click.option("--delimiter", type=Delimiter(), help="Between the cells of a CSV file; by default as in training.")
@click.option("--encoding", type=Encoding(), help="Of a CSV file; by default as in training.")
def predict(run: Path, source: str, out: Path | None, delimiter: str | None, encoding: str | None) -> None:
    """Predict each row of SOURCE (a file or a data set's name) with the network in RUN.

    Prints CSV: the prediction, and for classes the probability of each. Cells are read as they were in training: the
    words for missing values, the marks in numbers and the formats of dates are the run's.
    """
    if out is not None and os.path.lexists(out):
        raise RunError(f"{out} exists: predictions never overwrite a file; give another --out")
    model = _read(run)
    given = {"delimiter": delimiter, "encoding": encoding}
    reading = replace(model.reading, **{name: value for name, value in given.items() if value})
    predictions = _Predictions(model, open_parts(source, reading))
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


def _read(run: Path) -> SavedModel | RobustRun:
    if ESTIMATOR not in read_description(run):
        return read_run(run)
    from backpath.estimators.robust.runs import read_robust_run

    return read_robust_run(run)


class _Predictions:
    """Of a frame that comes in parts.

    Attributes:
        count: how many were made.
        unseen: for each column the categories that training never saw.
    """

    def __init__(self, model: SavedModel | RobustRun, frames: Iterator[Frame]):
        self.model, self.frames = model, frames
        self.count, self.unseen = 0, defaultdict[str, set[str]](set)

    def lines(self) -> Iterator[str]:
        """CSV: a header, then the lines of each part."""
        for frame in self.frames:
            yield self._as_csv(frame, header=not self.count)
            self.count += len(frame)
            for column, categories in self.model.unseen(frame).items():
                self.unseen[column].update(categories)

    def _as_csv(self, frame: Frame, *, header: bool) -> str:
        import polars as pl

        predicted, probabilities = self.model.predicted(frame)
        values = pl.Series("prediction", predicted.tolist() if predicted.dtype == object else predicted)
        columns = [values]
        if probabilities is not None:
            named = zip(self.model.target.classes, np.asarray(probabilities, float).T, strict=True)
            columns += [pl.Series(f"p({label})", p).round_sig_figs(6) for label, p in named]
        return pl.DataFrame(columns).write_csv(include_header=header)


def _write_new(path: Path, lines: Iterator[str]) -> None:
    """Write a file that must not exist yet; after an error it does not exist either."""
    with path.open("x", encoding="utf-8", newline="") as file:
        try:
            file.writelines(lines)
            file.flush()
        except BaseException:
            path.unlink()
            raise
