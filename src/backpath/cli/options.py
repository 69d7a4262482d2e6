"""Values of options: each either becomes what it stands for, or a sentence that names the option."""

from __future__ import annotations

import math
from typing import Any

import click

from backpath.nets import ACTIVATIONS


class Widths(click.ParamType):
    """Hidden layers, as ``64,64``; ``none`` for a linear model."""

    name = "widths"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Positive whole numbers."""
        if isinstance(value, tuple):
            return value
        if value.strip().lower() == "none":
            return ()
        try:
            widths = tuple(int(part) for part in value.split(","))
        except ValueError:
            widths = (0,)
        if min(widths) < 1:
            self.fail(f"{value!r} is not a list of positive whole numbers such as 64,64 (or none)", param, ctx)
        return widths


class Activations(click.ParamType):
    """One activation for all hidden layers, or one for each, separated by commas."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Names of activations."""
        if isinstance(value, tuple):
            return value
        names = tuple(part.strip() for part in value.split(","))
        for name in names:
            if name not in ACTIVATIONS:
                self.fail(f"{name!r} is no activation; there are {', '.join(ACTIVATIONS)}", param, ctx)
        return names


class Number(click.ParamType):
    """A finite number in a range that leaves out its upper end."""

    name = "number"

    def __init__(self, least: float, below: float = math.inf, *, least_allowed: bool = True):
        self.least, self.below, self.least_allowed = least, below, least_allowed

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        enough = number >= self.least if self.least_allowed else number > self.least
        if not (enough and number < self.below):
            lower = f"{'at least' if self.least_allowed else 'more than'} {self.least:g}"
            upper = f" and less than {self.below:g}" if self.below < math.inf else ""
            self.fail(f"{value!r} is not a number {lower}{upper}", param, ctx)
        return number
