"""``backpath explain``: which paths carry the gradient of one of a run's outputs, on one row of its data."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import numpy as np

from backpath.cli.sources import open_source
from backpath.diagnosis import Explanation
from backpath.diagnosis import explain as explain_one
from backpath.graph import DataError
from backpath.training.run_folder import next_run_folder, read_config, read_run
from backpath.training.saved_model import SavedModel
from backpath.training.tables import Table, listed

MOST_FEATURES = 5
PLACE = Path("explanations")


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--sample", type=click.IntRange(min=0), default=0, show_default=True, help="Which row, counted from 0.")
@click.option("--class", "label", metavar="LABEL", help="The class whose score is explained; by default the predicted.")
@click.option("--data", metavar="SOURCE", help="Where the row is; by default in what the run was trained on.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and write nothing.")
def explain(run: Path, sample: int, label: str | None, data: str | None, as_json: bool) -> None:
    """Show which paths carry the gradient of the score that the network in RUN gives to a class, by its inputs.

    Prints a summary, and writes explanation.json and, with matplotlib, explanation.png into a new folder.
    """
    model = read_run(run)
    table, _ = open_source(data or str(read_config(run)["source"]))
    if sample >= len(table):
        raise DataError(f"there is no row {sample}: {table.source} has {len(table):,} rows, counted from 0")
    rows = np.array([sample])
    X = model.features.transform(table, rows).astype(float)
    parameters = {name: np.asarray(value, float) for name, value in model.parameters.items()}
    output, subject = _output(model, table, rows, label)
    found = explain_one(model.network, (parameters, X), (0, output), "X")
    told = {"run": str(run), "sample": sample, "subject": subject, **found.to_json()}
    told["features"] = _features(model, found, X)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{subject}, row {sample} of {table.source}\n")
    click.echo(_with_names(found.summary(), model))
    click.echo("\nfeatures with the largest derivatives")
    for entry in told["features"][:MOST_FEATURES]:
        click.echo(f"  {entry['derivative']:<12.4g}{entry['name']} = {entry['value']:.4g} (standardized)")
    click.echo(f"\nsaved {_save(found, told, run, sample)}")


def _output(model: SavedModel, table: Table, rows: np.ndarray, label: str | None) -> tuple[int, str]:
    """Which output to explain, and what it is in words."""
    classes = [str(c) for c in model.target.classes]
    if not classes:
        if label is not None:
            raise DataError(f"the run predicts the quantity {model.target.column!r}: it has no classes to choose")
        return 0, f"prediction of {model.target.column}"
    wanted = str(model.predict(table, rows)[0]) if label is None else label
    if wanted not in classes:
        raise DataError(f"there is no class {wanted!r}; the run has {listed(classes, 20)}")
    if model.network.sizes[-1] == 1:
        return 0, f"score of {classes[1]} over {classes[0]}"
    return classes.index(wanted), f"score of {wanted}"


def _features(model: SavedModel, found: Explanation, X: np.ndarray) -> list[dict[str, Any]]:
    """Each input's name, value, derivative and mass, the largest derivative first."""
    slopes, masses = found.gradient["X"][0], found.mass()["X"][0]
    entries = zip(model.features.labels, X[0].tolist(), slopes.tolist(), masses.tolist(), strict=True)
    fields = ("name", "value", "derivative", "mass")
    return sorted((dict(zip(fields, e, strict=True)) for e in entries), key=lambda e: -abs(e["derivative"]))


def _with_names(text: str, model: SavedModel) -> str:
    """The input neurons by the names of their features."""
    labels = model.features.labels
    return re.sub(r"X\[0,(\d+)\]", lambda match: labels[int(match[1])], text)


def _save(found: Explanation, told: dict[str, Any], run: Path, sample: int) -> Path:
    folder = next_run_folder(PLACE, f"{run.name}-row-{sample}")
    folder.mkdir(parents=True)
    (folder / "explanation.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    try:
        figure = found.plot()
    except ImportError as error:
        click.echo(f"No picture: {error}", err=True)
    else:
        figure.savefig(folder / "explanation.png", dpi=120)
    return folder
