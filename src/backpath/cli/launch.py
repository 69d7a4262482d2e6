"""``backpath launch``: a training in several processes on this host, which survives the end of any of them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from backpath.engines.processes.discovery import address
from backpath.training.launch.supervisor import Supervisor

KEPT = ("--json", "--quiet")
"""What is asked for again when a training goes on: the rest is in its checkpoint."""


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("-n", "--processes", type=click.IntRange(min=1), required=True, help="How many, on this host.")
@click.option("--restarts", type=click.IntRange(min=0), default=3, show_default=True, help="How often to start again.")
@click.option(
    "--stall",
    type=click.FloatRange(min=0, min_open=True),
    default=300,
    show_default=True,
    help="Seconds without progress after which a process counts as stuck.",
)
@click.option(
    "--coordinator",
    metavar="HOST:PORT",
    help="Where the processes meet; by default a free port that this host alone can reach.",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- train ...")
@click.pass_context
def launch(
    ctx: click.Context, processes: int, restarts: int, stall: float, coordinator: str | None, command: tuple[str, ...]
) -> None:
    """Run `backpath train ...` in several processes that train one network together.

    When a process dies, or is stuck, the others are ended, and all start again from the last checkpoint. Ctrl-C saves.
    Process 0 alone prints; what others say on stderr is shown if they fail.

    Try: backpath launch -n 2 -- train digits --engine xla
    """
    if command[:1] != ("train",):
        raise click.UsageError("give the command to run: backpath launch -n 2 -- train SOURCE ...")
    if any(word.startswith("--coordinator") for word in command):
        raise click.UsageError("--coordinator is said before the --: launch tells it to all processes")
    if coordinator:
        address(coordinator)
    program = [sys.executable, "-m", "backpath"]
    kept = [word for word in command if word in KEPT]

    def go_on(run: Path) -> list[str]:
        return [*program, "train", "--resume", str(run), *kept]

    def tell(text: str) -> None:
        click.echo(f"backpath launch: {text}", err=True)

    supervisor = Supervisor([*program, *command], go_on, processes, tell, coordinator, restarts, stall)
    ctx.exit(supervisor.run())
