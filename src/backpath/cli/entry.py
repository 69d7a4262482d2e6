"""The ``backpath`` command, and the one place where errors become a sentence and an exit code."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import click

from backpath.cli.check import check
from backpath.cli.diagnose import diagnose
from backpath.cli.explain import explain
from backpath.cli.explore import explore
from backpath.cli.paths import paths
from backpath.cli.predict import predict
from backpath.cli.train import train
from backpath.graph import BackpathError

INTERRUPTED = 130


class Failure(click.ClickException):
    """An error that a user can act on; the exit code is that of click's own usage errors."""

    exit_code = 2


class Commands(click.Group):
    """A group of commands that end with one sentence on stderr when something is wrong."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors that a user can act on lose their traceback, all others keep it."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # click ends quietly when the reader of a pipe has gone
        except KeyboardInterrupt:
            click.echo("\nInterrupted.", err=True)
            ctx.exit(INTERRUPTED)
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
main.add_command(predict)
main.add_command(check)
main.add_command(paths)
main.add_command(explain)
main.add_command(explore)
main.add_command(diagnose)
