"""``backpath explore``: a page to step through an expression, or through a gradient of a run."""

from __future__ import annotations

from pathlib import Path

import click

from backpath.cli.points import at_option, values_of
from backpath.graph import GraphError
from backpath.ops import parse
from backpath.report import explore as explore_graph

PLACE = Path("explorer.html")


@click.command()
@click.argument("source")
@at_option
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    default=PLACE,
    show_default=True,
    help="The page: a new file.",
)
def explore(source: str, point: tuple[tuple[str, float], ...], out: Path) -> None:
    """Write a page that steps through SOURCE forward and backward, path by path: one file that needs no network.

    SOURCE is an expression. Try: backpath explore "cos(w**2)" --at w=1.2
    """
    graph = parse(source)
    if not graph.inputs:
        raise GraphError(f"{source!r} has no variable: there is nothing to differentiate by")
    page = explore_graph(graph.at(**values_of(graph, point)), expression=source)
    click.echo(page.save(out))
