"""Floor 10: the command line. Commands parse, call and print; the mathematics is below."""

from backpath.cli.entry import main

__all__ = ["main"]
