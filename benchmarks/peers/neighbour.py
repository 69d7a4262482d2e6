"""Steps of the five networks while one other process is at work all the time on one of the cores."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess

from benchmarks.peers.cases import CASES
from benchmarks.peers.runners import OURS
from benchmarks.peers.settings import Settings
from benchmarks.peers.steps import measured, summary

RUNNERS = (*OURS, "PyTorch eager", "JAX jit", "JAX scan")
"""Ours and the quickest peers."""


@contextmanager
def busy() -> Iterator[BaseProcess]:
    """With another process that works without a pause."""
    process = multiprocessing.get_context("spawn").Process(target=_work, daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def _work() -> None:
    while True:
        pass


def report(settings: Settings) -> str:
    with busy():
        found = {case: measured(case, settings.rounds(15), RUNNERS)[0] for case in CASES}
    told = "As above, on cores that another process shares. The fastest peer, and how many times as fast we are:"
    return f"{told}\n\n{summary(found)}"
