"""``backpath explain``: which paths carry the gradient of one of a run's outputs, on one row or many."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import numpy as np

from backpath.cli.imported import as_double, chosen_score, is_onnx, parsed_output, read_arrays
from backpath.cli.sources import open_source, source_of_run
from backpath.data.frame import Frame
from backpath.explanation import Explanation
from backpath.explanation import explain as explain_one
from backpath.graph import DataError
from backpath.importers import ImportedModel, from_onnx
from backpath.report.rows import explained_outputs, features_of, rows_of_part, source_of, with_names
from backpath.training.runs.run_folder import next_run_folder, read_config, read_run
from backpath.training.runs.saved_model import SavedModel

MOST_FEATURES = 5
PLACE = Path("explanations")
PARTS = ("train", "validation", "test", "all")


@click.command()
@click.argument("run", metavar="RUN|FILE", type=click.Path(path_type=Path))
@click.option(
    "--input",
    "given",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Of an .onnx file: its inputs, as .npz or .npy.",
)
@click.option("--output", metavar="NAME[INDEX]", help="Of an .onnx file: what is explained, such as logits[0,3].")
@click.option("--sample", type=click.IntRange(min=0), help="Which row, counted from 0; by default the first.")
@click.option("--batch", type=click.Choice(PARTS), help="All rows of a part of the run's data together.")
@click.option("--class", "label", metavar="LABEL", help="The class whose score is explained; by default the predicted.")
@click.option("--data", metavar="SOURCE", help="Where the rows are; by default in what the run was trained on.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and write nothing.")
def explain(
    run: Path,
    given: Path | None,
    output: str | None,
    sample: int | None,
    batch: str | None,
    label: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Show which paths carry the gradient of the score that the network in RUN gives to a class, by its inputs.

    Of an .onnx file give --input; --output says which number of which value is explained, by default the first
    example's largest score.

    Prints a summary, and writes explanation.json and, with matplotlib, explanation.png into a new folder.
    """
    if is_onnx(run):
        if sample is not None or batch or label or data:
            raise click.UsageError("--sample, --batch, --class and --data are of runs; an .onnx file takes --input")
        _explain_file(run, given, output, as_json)
        return
    if given or output:
        raise click.UsageError("--input and --output are of .onnx files; a run takes --sample, --batch and --class")
    if sample is not None and batch:
        raise DataError("--sample and --batch exclude one another: explain one row, or many together")
    model, config = read_run(run), read_config(run)
    # As it is written, since the run knows what each column is.
    frame, _ = open_source(data or source_of_run(config), model.reading, None)
    rows = _part(frame, config, model, batch, data) if batch else _row(frame, sample or 0)
    X = model.features.transform(frame, rows)
    X = X.astype(model.network.input_dtype(float))
    parameters = {name: np.asarray(value, float) for name, value in model.parameters.items()}
    outputs, subject = explained_outputs(model, frame, rows, label)
    where = f"{len(rows):,} rows of {frame.source} ({batch}) together" if batch else f"row {rows[0]} of {frame.source}"
    found = explain_one(model.network, (parameters, X), (np.arange(len(rows)), outputs), source_of(model))
    chosen = {"batch": batch, "rows": len(rows)} if batch else {"sample": int(rows[0])}
    told = {"run": str(run), **chosen, "subject": subject, **found.to_json()}
    told["features"] = features_of(model, found, X)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{subject}, {where}\n")
    click.echo(with_names(found.summary(), model, rows))
    of_vectors = bool(model.network.vocabulary)
    over = "sum of sizes, and sum, over its vector" if of_vectors else "mean size, and mean" if batch else ""
    click.echo("\nfeatures with the largest derivatives" + (f": {over}" if over else ""))
    for entry in told["features"][:MOST_FEATURES]:
        size = f"{entry['size']:<12.4g}" if over else ""
        scaled = "" if isinstance(model.network, ImportedModel) else " (standardized)"
        value = "" if over else f" = {entry['value']:.4g}{scaled}"
        click.echo(f"  {size}{entry['derivative']:<12.4g}{entry['name']}{value}")
    click.echo(f"\nsaved {_save(found, told, run, batch or f'row-{rows[0]}')}")


def _explain_file(path: Path, given: Path | None, output: str | None, as_json: bool) -> None:
    """The explanation of a number that the model of an .onnx file makes of an input."""
    if given is None:
        raise click.UsageError(f"give what goes into {path}: --input FILE.npz, with an array for each of its inputs")
    name, index = parsed_output(output)
    X = read_arrays(given)
    model = from_onnx(path, X, output=name)
    parameters, X = as_double(model, X)
    index = chosen_score(model, parameters, X) if index is None else index
    found = explain_one(model, (parameters, X), index, _real_inputs(X))
    agreement = model.agreement
    subject = f"{model.output} at {list(index)}" if index else model.output
    told = {"file": str(path), "input": str(given), "subject": subject, **found.to_json()}
    told |= {"agrees_with_reference": agreement.agrees if agreement is not None and agreement.values else None}
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{agreement}\n\n{subject}, {given}\n")
    click.echo(found.summary())
    click.echo("\nentries of the input with the largest derivatives")
    for source in found.gradient:
        slopes = found.gradient[source]
        if source.split(".")[0].split("[")[0] == "X":
            for place in np.argsort(-np.abs(slopes), axis=None)[:MOST_FEATURES]:
                at = np.unravel_index(int(place), slopes.shape)
                click.echo(f"  {slopes[at]:<12.4g}{source}[{','.join(map(str, at))}]")
    click.echo(f"\nsaved {_save(found, told, path.with_suffix(''), 'explained')}")


def _real_inputs(X: Any) -> list[str] | None:
    """The inputs of real numbers; whole ones have no derivatives, and the parameters stand in for them."""
    if isinstance(X, dict):
        return [f"X.{name}" for name, x in X.items() if x.dtype.kind == "f"] or None
    return ["X"] if X.dtype.kind == "f" else None


def _row(frame: Frame, sample: int) -> np.ndarray:
    if sample >= len(frame):
        raise DataError(f"there is no row {sample}: {frame.source} has {len(frame):,} rows, counted from 0")
    return np.array([sample])


def _part(frame: Frame, config: dict[str, Any], model: SavedModel, part: str, data: str | None) -> np.ndarray:
    if part == "all":
        return np.arange(len(frame))
    if data is not None:
        raise DataError(f"--batch {part} is a part of the run's own data: with --data take --batch all")
    return rows_of_part(frame, config, model, part, "take --data FILE --batch all")


def _save(found: Explanation, told: dict[str, Any], run: Path, what: str) -> Path:
    folder = next_run_folder(PLACE, f"{run.name}-{what}")
    folder.mkdir(parents=True)
    (folder / "explanation.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    try:
        figure = found.plot()
    except ImportError as error:
        click.echo(f"No picture: {error}", err=True)
    else:
        figure.savefig(folder / "explanation.png", dpi=120)
    return folder
