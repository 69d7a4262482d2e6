"""``backpath check``: every affordable way to compute a gradient, side by side."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from backpath.cli.imported import is_onnx, random_batch
from backpath.cli.points import at_option, values_of
from backpath.data.grids import shape_of
from backpath.graph import ExpressionError, GraphError
from backpath.importers import from_onnx
from backpath.ops import parse
from backpath.training.runs.run_folder import read_run
from backpath.training.runs.saved_model import SavedModel
from backpath.trust import Check
from backpath.trust import check as every_method

EXAMPLES = 4


@click.command()
@click.argument("what", metavar="RUN|FILE|EXPRESSION")
@at_option
@click.option("--seed", type=click.IntRange(0), default=0, help="Of the examples a run is checked on.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@click.pass_context
def check(ctx: click.Context, what: str, point: tuple[tuple[str, float], ...], seed: int, as_json: bool) -> None:
    """Compute the gradient of RUN's loss, or of EXPRESSION at a point, in every way that is affordable.

    A run's loss is taken at its trained weights, on random examples; that of the model in an .onnx FILE likewise, whose
    values are compared with those of ONNX's reference first. The exit code is 1 if a method disagrees. Where
    the point is at a kink, the node is named, and what its convention is.

    Try: backpath check "cos(w**2)" --at w=1.2
    """
    if Path(what).is_dir():
        if point:
            raise click.UsageError("--at is for expressions; a run is checked at its own weights")
        found = _of_run(Path(what), seed)
    elif is_onnx(Path(what)) and Path(what).is_file():
        model = from_onnx(what)
        agreement = model.agreement
        if not as_json:
            click.echo(f"{agreement}\n")
        X, y = random_batch(model, seed)
        found = every_method(model, model.init(0, np.float64), X, y, seed=seed)
        if agreement is not None and not agreement.agrees:
            click.echo(str(found))
            ctx.exit(1)
    else:
        found = _of_expression(what, point, seed)
    click.echo(json.dumps(_as_json(found)) if as_json else str(found))
    if not found.ok:
        ctx.exit(1)


def _of_expression(text: str, point: tuple[tuple[str, float], ...], seed: int) -> Check:
    try:
        graph = parse(text)
        values = values_of(graph, point)
    except (ExpressionError, GraphError) as error:
        if point or "(" in text:
            raise
        raise type(error)(f"there is no folder {text}; as an expression: {error}") from None
    with np.errstate(all="ignore"):
        return every_method(graph.at(**values), seed=seed)


def _of_run(folder: Path, seed: int) -> Check:
    model = read_run(folder)
    rng = np.random.default_rng(seed)
    shape = (EXAMPLES, *shape_of(model.features))
    words = model.network.vocabulary
    X = rng.integers(0, words, shape) if words else rng.standard_normal(shape)
    return every_method(model.network, model.parameters, X, _targets(model, rng), seed=seed)


def _targets(model: SavedModel, rng: np.random.Generator) -> np.ndarray:
    """Random targets of the run's kind: classes, counts, or values."""
    if model.target.classes:
        return rng.integers(0, len(model.target.classes), EXAMPLES)
    return rng.integers(0, 3, EXAMPLES).astype(float)


def _as_json(found: Check) -> dict[str, Any]:
    return {
        "ok": found.ok,
        "routes": [{key: _plain(value) for key, value in asdict(route).items()} for route in found.routes],
        "left_out": dict(found.left_out),
        "kinks": [{key: _plain(value) for key, value in asdict(kink).items()} for kink in found.kinks],
        "wrong_edge": found.wrong_edge and {k: _plain(v) for k, v in asdict(found.wrong_edge).items()},
    }


def _plain(value: Any) -> Any:
    """A value as JSON has it: infinity and nan in words."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
