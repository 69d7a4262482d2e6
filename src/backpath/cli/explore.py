"""``backpath explore``: a page to step through an expression, or a run."""

from __future__ import annotations

import os
from pathlib import Path

import click

from backpath.cli.points import at_option, values_of
from backpath.cli.sources import open_source, source_of_run
from backpath.graph import GraphError
from backpath.ops import parse
from backpath.report import explore as explore_graph
from backpath.report.explorer import Explorer
from backpath.report.explorer.picture import draw
from backpath.report.explorer.run import run_page
from backpath.training.runs.run_folder import checkpoint_of, read_config, read_run

PLACE = Path("explorer.html")


@click.command()
@click.argument("source")
@at_option
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help=f"The page: a new file.  [default: {PLACE}, unless there is --png]",
)
@click.option(
    "--png",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Draw the graph into a new file, by the Chromium of this machine.",
)
@click.option(
    "--state", default="", help='What the picture shows, as in the address of the page: "#color=flow&step=4".'
)
def explore(source: str, point: tuple[tuple[str, float], ...], out: Path | None, png: Path | None, state: str) -> None:
    """Write a page that steps through SOURCE forward and backward, path by path: one file that needs no network.

    SOURCE is an expression, or the folder of a run. Try: backpath explore "cos(w**2)" --at w=1.2
    """
    page = _of_run(Path(source)) if _is_run(source, point) else _of_expression(source, point)
    if png is not None:
        click.echo(draw(page.html, png, f"#{state.removeprefix('#')}"))
    if out is not None or png is None:
        click.echo(page.save(out or PLACE))


def _is_run(source: str, point: tuple[tuple[str, float], ...]) -> bool:
    """Whether it is a run folder, or looks like one that is missing: inside a folder, with nothing to compute it at."""
    path = Path(source)
    return path.is_dir() or checkpoint_of(path).exists() or (not point and os.sep in source and path.parent.is_dir())


def _of_expression(text: str, point: tuple[tuple[str, float], ...]) -> Explorer:
    graph = parse(text)
    if not graph.inputs:
        raise GraphError(f"{text!r} has no variable: there is nothing to differentiate by")
    return explore_graph(graph.at(**values_of(graph, point)), expression=text)


def _of_run(run: Path) -> Explorer:
    reading, config = read_run(run).reading, read_config(run)
    frame, _ = open_source(source_of_run(config), reading, None)
    found = run_page(run, frame)
    return explore_graph(found.explanation, title=found.title, panels={"run": found.panel})
