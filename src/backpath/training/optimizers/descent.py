"""From settings in words to an optimizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from backpath.graph import SettingError
from backpath.training.optimizers import schedules
from backpath.training.optimizers.chain import Optimizer, Transform, chain
from backpath.training.optimizers.limits import ClipByGlobalNorm, Decay
from backpath.training.optimizers.named import OPTIMIZERS, Rate, sgd
from backpath.training.optimizers.schedules import Schedule

RATES: Mapping[str, float] = MappingProxyType(
    {
        "sgd": 0.02,
        "adagrad": 0.02,
        "rmsprop": 1e-3,
        "adadelta": 1.0,
        "adam": 1e-3,
        "nadam": 1e-3,
        "adamw": 1e-3,
        "lion": 1e-4,
        "rprop": 1e-3,
    }
)
"""The step size of each optimizer where none is given."""

MOMENTUM = 0.9

SCHEDULES: Mapping[str, Callable[[float, int], Schedule] | None] = MappingProxyType(
    {
        "constant": None,
        "plateau": None,
        "inverse_time": lambda rate, steps: schedules.inverse_time_decay(rate, max(steps / 10, 1)),
        "exponential": lambda rate, steps: schedules.exponential_decay(rate, steps, 0.01),
        "cosine": lambda rate, steps: schedules.warmup_cosine_decay(rate, steps // 20, steps),
        "one_cycle": schedules.one_cycle,
        "coslog4": schedules.coslog4,
    }
)
"""By name, from the highest step size and the number of all steps to a schedule over them.

None where the step size stays, or waits for a plateau of the loss.
"""


def descent(
    name: str = "sgd",
    rate: Rate | None = None,
    momentum: float | None = None,
    schedule: str = "constant",
    steps: int = 1,
    l2: float = 0.0,
    clip: float | None = None,
) -> Optimizer:
    """The optimizer that the settings say.

    Args:
        name: one of ``OPTIMIZERS``.
        rate: the step size, or the highest of a schedule, by default that of ``RATES``; or a schedule itself.
        momentum: of sgd; by default 0.9.
        schedule: one of ``SCHEDULES``.
        steps: how many steps the schedule lasts.
        l2: half the weight of the squared norm of the parameters in the loss.
        clip: the largest norm of a gradient.

    Raises:
        SettingError: for a name that nothing has, or a number outside its range.
    """
    if name not in OPTIMIZERS:
        raise SettingError(f"no optimizer is called {name!r}; there are {', '.join(OPTIMIZERS)}")
    if schedule not in SCHEDULES:
        raise SettingError(f"no schedule is called {schedule!r}; there are {', '.join(SCHEDULES)}")
    course = SCHEDULES[schedule]
    if name == "rprop" and (course or callable(rate)):
        raise SettingError("rprop finds its step sizes itself: it takes no schedule")
    if momentum is not None and name != "sgd":
        raise SettingError(f"momentum={momentum:g} is a setting of sgd: {name} takes none")
    highest = RATES[name] if rate is None else rate
    size: Rate = course(highest, steps) if course and not callable(highest) else highest
    step = sgd(size, MOMENTUM if momentum is None else momentum) if name == "sgd" else OPTIMIZERS[name](size)
    links: list[Transform | Optimizer] = [ClipByGlobalNorm(clip)] if clip is not None else []
    links += [Decay(l2)] if l2 else []
    return chain(*links, step)
