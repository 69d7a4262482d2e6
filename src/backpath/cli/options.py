"""Values of options: each either becomes what it stands for, or a sentence that names the option."""

from __future__ import annotations

import codecs
import math
from typing import Any

import click

from backpath.graph import SettingError
from backpath.nets import ACTIVATIONS
from backpath.nets.spelled import AUGMENTATIONS, checked_word


class Layers(click.ParamType):
    """Hidden layers, as ``64,64`` or ``conv:16x3,pool:2,64``; ``none`` for a linear model."""

    name = "layers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int | str, ...]:
        """Numbers of neurons, and words for other layers."""
        if isinstance(value, tuple):
            return value
        if value.strip().lower() == "none":
            return ()
        try:
            return tuple(checked_word(word) for word in value.split(","))
        except SettingError as error:
            self.fail(str(error), param, ctx)


class Augmentations(click.ParamType):
    """What is done to images in training, separated by commas."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Names of augmentations."""
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in value.split(","))
        if len({*names}) < len(names) or not {*names} <= {*AUGMENTATIONS}:
            self.fail(f"{value!r}: there are {' and '.join(AUGMENTATIONS)}, each once", param, ctx)
        return names


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


class Devices(click.ParamType):
    """A number of devices, or ``all``."""

    name = "number|all"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """The number, or the word."""
        if value == "all" or isinstance(value, int):
            return value
        if not value.isdecimal() or not int(value):
            self.fail(f"{value!r} is neither a whole number from 1 on, nor all", param, ctx)
        return int(value)


class Delimiter(click.ParamType):
    """One character between cells, or the name ``tab``."""

    name = "character"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The character."""
        value = {"tab": "\t", "\\t": "\t", "space": " "}.get(value.lower(), value)
        if len(value) != 1 or not value.isascii() or value in '"\r\n' or value.isalnum():
            self.fail(f"{value!r} is not one character that can stand between cells, such as ; or tab", param, ctx)
        return value


class Encoding(click.ParamType):
    """The name of an encoding of text."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name."""
        try:
            codecs.lookup(value)
        except LookupError:
            self.fail(f"{value!r} is no encoding; there are utf-8, utf-16, latin-1, cp1252, ...", param, ctx)
        return value


class Device(click.ParamType):
    """The name of a device of the XLA engine; whether there is one, JAX tells when it is used."""

    name = "device"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name."""
        kind, _, number = value.partition(":")
        if not kind.isalpha() or not (number or "0").isdecimal() or value.endswith(":"):
            self.fail(f"{value!r} is no device; write cpu, cuda or cuda:1", param, ctx)
        return value
