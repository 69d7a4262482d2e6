"""``backpath paths``: an expression's graph, its paths with their products, and their sum."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
import numpy as np

from backpath.cli.points import at_option, values_of
from backpath.graph import GraphError, RunError
from backpath.ops import parse
from backpath.report import svg
from backpath.report.derivation import derivations, to_json
from backpath.report.latex import latex


@click.command()
@click.argument("expression")
@at_option
@click.option("--symbolic", is_flag=True, help="Keep variables without a value as symbols (needs SymPy).")
@click.option("--latex", "as_latex", is_flag=True, help="Print the derivation as LaTeX instead.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
@click.option(
    "--svg", "picture", metavar="FILE", type=click.Path(path_type=Path), help="Draw the graph into a new file."
)
def paths(
    expression: str,
    point: tuple[tuple[str, float], ...],
    symbolic: bool,
    as_latex: bool,
    as_json: bool,
    picture: Path | None,
) -> None:
    """Show the graph of EXPRESSION at a point: nodes, edges, every path with its product, and their sum.

    Try: backpath paths "cos(w**2)" --at w=1.2
    """
    if picture is not None and os.path.lexists(picture):
        raise RunError(f"{picture} exists: pictures never overwrite a file; give another --svg")
    graph = parse(expression, symbolic=symbolic)
    if not graph.inputs:
        raise GraphError(f"{expression!r} has no variable: there is nothing to differentiate by")
    # Infinities and nan are shown where they arise, which says more than NumPy's warnings.
    with np.errstate(all="ignore"):
        p = graph.at(**(dict(point) if symbolic else values_of(graph, point)))
        if picture is not None:
            picture.write_text(svg(p), encoding="utf-8")
        pairs = [(p.names[i], p.names[o]) for o in dict.fromkeys(p.outputs) for i in p.inputs]
        if as_json:
            click.echo(json.dumps({"expression": expression, **to_json(p)}, ensure_ascii=False))
        elif as_latex:
            click.echo("\n".join(latex(p, source, output) for source, output in pairs), nl=False)
        else:
            click.echo("\n\n".join(map(str, [p, *derivations(p)])))
