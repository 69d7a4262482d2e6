"""Tasks timed in turn, so that a busy moment of the machine falls on all of them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

REST = 0.04
"""Seconds before each measurement: idle threads of a BLAS spin for about 30 ms, in the way of whoever comes next."""


@dataclass(frozen=True)
class Times:
    """Seconds of one call, a number for each round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return float(np.median(self.seconds))

    @property
    def quartiles(self) -> tuple[float, float]:
        low, high = np.quantile(self.seconds, [0.25, 0.75])
        return float(low), float(high)

    def per(self, parts: int) -> Times:
        """The times of one of so many parts of a call."""
        return Times(tuple(s / parts for s in self.seconds))


def in_turn(tasks: Mapping[str, Callable[[], Any]], rounds: int, least: float = 0.1) -> dict[str, Times]:
    """Time each task once in every round, each round in another order.

    Args:
        tasks: by name, warmed up already.
        rounds: how many.
        least: seconds of a measurement, which repeats a short task as often as it must.
    """
    repeats = {name: _repeats(task, least) for name, task in tasks.items()}
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    order, rng = list(tasks), random.Random(0)
    for _ in range(rounds):
        rng.shuffle(order)
        for name in order:
            taken[name].append(_seconds(tasks[name], repeats[name]))
    return {name: Times(tuple(seconds)) for name, seconds in taken.items()}


def _repeats(task: Callable[[], Any], least: float) -> int:
    repeats = 1
    while (seconds := _seconds(task, repeats) * repeats) < least / 2:
        repeats *= 2
    return max(1, round(repeats * least / seconds))


def _seconds(task: Callable[[], Any], repeats: int) -> float:
    """Of one of so many calls."""
    time.sleep(REST)
    started = time.perf_counter()
    for _ in range(repeats):
        task()
    return (time.perf_counter() - started) / repeats
