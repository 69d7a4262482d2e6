"""Learning-rate schedules: functions from the number of a step, from 0, to its size."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Mapping

from backpath.graph import SettingError
from backpath.training.optimizers.ranges import check_positive

Schedule = Callable[[int], float]


def piecewise_constant(rate: float, scales: Mapping[int, float]) -> Schedule:
    """``rate``, multiplied from each step number in ``scales`` on by the factor given there."""
    check_positive(rate=rate)
    steps = sorted(scales)
    rates = [rate]
    for step in steps:
        rates.append(rates[-1] * scales[step])
    return lambda step: rates[bisect.bisect_right(steps, step)]


def inverse_time_decay(rate: float, steps: float, decay: float = 1.0) -> Schedule:
    """rate / (1 + decay t / steps) (Aggarwal, sec. 3.5.1)."""
    check_positive(rate=rate, steps=steps, decay=decay)
    return lambda step: rate / (1 + decay * step / steps)


def exponential_decay(rate: float, steps: float, decay: float) -> Schedule:
    """rate * decay^(t / steps): multiplied by ``decay`` for every ``steps``."""
    check_positive(rate=rate, steps=steps, decay=decay)
    return lambda step: rate * decay ** (step / steps)


def warmup_cosine_decay(rate: float, warmup: int, steps: int, start: float = 0.0, end: float = 0.0) -> Schedule:
    """Straight from ``start`` to ``rate`` over the first ``warmup`` steps, then half a cosine to ``end`` at ``steps``.

    (Loshchilov and Hutter, 2017.)
    """
    check_positive(rate=rate, steps=steps)
    if not 0 <= warmup < steps:
        raise SettingError(f"warmup={warmup}, steps={steps}: warming up must take fewer steps than all")

    def schedule(step: int) -> float:
        if step < warmup:
            return start + (rate - start) * step / warmup
        progress = min((step - warmup) / (steps - warmup), 1.0)
        return end + (rate - end) * (1 + math.cos(math.pi * progress)) / 2

    return schedule


def one_cycle(rate: float, steps: int, rise: float = 0.3, first: float = 25.0, last: float = 1e4) -> Schedule:
    """Half a cosine from rate / first up to ``rate``, then half a cosine down to rate / first / last (Smith, 2018).

    Args:
        rate: the highest.
        steps: of the cycle.
        rise: the part of the cycle in which it rises.
        first: the highest over the first.
        last: the first over the last.
    """
    check_positive(rate=rate, steps=steps, first=first, last=last)
    top = int(rise * steps)
    if not 0 < top < steps:
        raise SettingError(f"rise={rise} of steps={steps}: at least one step must lie before the top, and one after")

    def schedule(step: int) -> float:
        if step < top:
            return _half_cosine(rate / first, rate, step / top)
        return _half_cosine(rate, rate / first / last, min((step - top) / (steps - top), 1.0))

    return schedule


def coslog4(rate: float, steps: int) -> Schedule:
    """Four cosine waves that lengthen: rate (1 - cos(2 pi log2(1 + 15 t / steps))) / 2 (RealMLP, 2024)."""
    check_positive(rate=rate, steps=steps)
    return lambda step: rate * (1 - math.cos(2 * math.pi * math.log2(1 + 15 * min(step / steps, 1.0)))) / 2


def _half_cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2
