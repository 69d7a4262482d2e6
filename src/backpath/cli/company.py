"""A command in company: its process joined with the others that whatever started it has started."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import click

from backpath.engines.processes.company import ALONE, Company, joining
from backpath.engines.processes.discovery import discovered
from backpath.engines.processes.joining import join
from backpath.engines.processes.signs import follow_launcher, getting_on


@contextmanager
def in_company(coordinator: str | None) -> Iterator[Company]:
    """Within, this process is one of several, if a launcher's variables say so; process 0 alone prints."""
    place = discovered(os.environ)
    if place is None:
        if coordinator:
            raise click.UsageError("--coordinator: no launcher's variables say that there are several processes")
        yield ALONE
        return
    follow_launcher()
    getting_on()
    with _stdout_for_us_alone():
        ours = join(place, coordinator)
        getting_on()
        yield ours


@contextmanager
def _stdout_for_us_alone() -> Iterator[None]:
    """Within, what libraries write on descriptor 1 goes nowhere: JAX's gloo tells of its connections there."""
    sys.stdout.flush()
    own = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    before = sys.stdout
    sys.stdout = os.fdopen(own, "w", buffering=1, encoding=before.encoding, errors=before.errors)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(sys.stdout.fileno(), 1)
        sys.stdout.close()
        sys.stdout = before


def end_without_others(stop: BaseException) -> None:
    """End this process at once if others are still joined with it, or to be: JAX's runtime would wait for them."""
    if not joining():
        return
    code = 1
    if isinstance(stop, SystemExit):
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    else:
        traceback.print_exception(stop)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
