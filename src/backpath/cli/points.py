"""Points at which an expression is evaluated: ``--at w=1.2``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from backpath.graph import Graph, GraphError


class Coordinate(click.ParamType):
    """``NAME=NUMBER``."""

    name = "name=number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, float]:
        """The name and the number."""
        if isinstance(value, tuple):
            return value
        name, _, number = value.partition("=")
        try:
            return name.strip(), float(number)
        except ValueError:
            self.fail(f"{value!r} is not NAME=NUMBER, such as w=1.2", param, ctx)


at_option = click.option(
    "--at", "point", type=Coordinate(), multiple=True, help="The value of a variable.  [repeatable]"
)


def values_of(graph: Graph, point: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The point as one value for each input.

    Raises:
        GraphError: if an input has no value, or a value no input.
    """
    values = dict(point)
    names = [graph.nodes[i].name for i in graph.inputs]
    for name in values:
        if name not in names:
            raise GraphError(f"there is no variable {name!r}; the expression has {', '.join(names) or 'none'}")
    missing = [name for name in names if name not in values]
    if missing:
        wanted = " ".join(f"--at {name}=NUMBER" for name in missing)
        raise GraphError(f"{' and '.join(missing)} need{'s' * (len(missing) == 1)} a value: give {wanted}")
    return values
