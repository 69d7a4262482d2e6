"""The ``backpath`` command, and the one place where errors become a sentence and an exit code."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import click

from backpath.cli.check import check
from backpath.cli.company import end_without_others
from backpath.cli.diagnose import diagnose
from backpath.cli.explain import explain
from backpath.cli.explore import explore
from backpath.cli.launch import launch
from backpath.cli.paths import paths
from backpath.cli.predict import predict
from backpath.cli.train import train
from backpath.graph import BackpathError, ProcessError

INTERRUPTED = 130

LOST = 75
"""The code of a passing fault, by which `launch` knows whom it need not blame."""


class Failure(click.ClickException):
    """An error that a user can act on; the exit code is that of click's own usage errors."""

    exit_code = 2


class Lost(click.ClickException):
    """Another process is gone: the same command may well succeed when all start again."""

    exit_code = LOST


class Commands(click.Group):
    """A group of commands that end with one sentence on stderr when something is wrong."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """As click's; a process that ends in the middle of a training of several does not wait for the others."""
        try:
            return super().main(*args, **kwargs)
        except BaseException as stop:
            end_without_others(stop)
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors that a user can act on lose their traceback, all others keep it."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # click ends quietly when the reader of a pipe has gone
        except KeyboardInterrupt:
            click.echo("\nInterrupted.", err=True)
            ctx.exit(INTERRUPTED)
        except ProcessError as error:
            raise Lost(str(error)) from None
        except BackpathError as error:
            raise Failure(str(error)) from None
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            raise Failure(f"{place}{error.strerror or error}") from None
        except ImportError as error:
            raise Failure(str(error)) from None
        except MemoryError as error:
            raise Failure(f"not enough memory: {error}") from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("backpath"), prog_name="backpath")
def main() -> None:
    """Train neural networks by backpropagation, and see where every gradient came from.

    Try: backpath train digits
    """


main.add_command(train)
main.add_command(launch)
main.add_command(predict)
main.add_command(check)
main.add_command(paths)
main.add_command(explain)
main.add_command(explore)
main.add_command(diagnose)
