"""Which engine trains a model."""

from __future__ import annotations

import math

import numpy as np

from backpath.engines import ENGINES, Choice, choose, obstacle
from backpath.engines.processes.company import company
from backpath.engines.processes.shares import Shares
from backpath.engines.xla.library import device, name_of
from backpath.engines.xla.refusals import require_lowered
from backpath.engines.xla.setting import ANYWHERE, XlaSetting
from backpath.graph import SettingError
from backpath.nets import Model
from backpath.training.loop.cores import usable_cores
from backpath.training.loop.examples import Examples
from backpath.training.loop.stepping import Programs, Stepping
from backpath.training.optimizers.averaging import PolyakAverage
from backpath.training.optimizers.chain import Optimizer


def choose_engine(
    engine: str,
    model: Model,
    parameters: np.ndarray,
    examples: Examples,
    optimizer: Optimizer,
    average: PolyakAverage | None,
    batch: int,
    epochs: int,
    threads: int | None,
    asked: str = "as asked for",
    setting: XlaSetting = ANYWHERE,
) -> tuple[Choice, Programs]:
    """The engine that is asked for, or likely to be done first; and the programs that were made to find out.

    The arguments are those of ``fit``; ``asked`` says why it is not ``"auto"``.

    Raises:
        SettingError: if there is no such engine, or it cannot train such a model; or of the XLA engine, if JAX is not
            installed, or has no such device.
    """
    if engine not in ("auto", *ENGINES):
        raise SettingError(f"engine={engine!r}: it is one of auto, {', '.join(ENGINES)}")
    engine = setting.engine(engine)
    if engine == "numpy":
        return Choice(engine, asked), {}
    where = _place(setting, batch, len(examples)) if engine == "xla" else ""
    size, weighted = min(batch, len(examples)), examples.weighted
    probe = Stepping(model, parameters, optimizer, 0, average=average, engine="numpy")
    numpy_programs = [probe.gradient_program(size, weighted), probe.update_program()]
    if engine == "xla":
        require_lowered(p.graph for p in numpy_programs)
        return Choice(engine, f"{asked}, on {where}"), probe.programs
    hindered = next(filter(None, (obstacle(p, parameters.dtype) for p in numpy_programs)), None)
    if engine == "compiled":
        if hindered:
            raise SettingError(f"engine='compiled': {hindered}; take engine='numpy'")
        return Choice(engine, asked), {}
    steps = epochs * math.ceil(len(examples) / batch)
    choice = choose(numpy_programs, parameters.dtype, steps, threads or usable_cores(), hindered)
    return choice, probe.programs if choice.engine in ("numpy", "xla") else {}


def _place(setting: XlaSetting, batch: int, examples: int) -> str:
    """Where the XLA engine makes steps, in words, once it is known that it can."""
    from backpath.engines.xla.mesh import devices_of

    found = devices_of(setting)
    if len(found) == 1:
        return name_of(device(setting.device))
    shares = Shares(company(), len(found))
    if batch <= examples:
        shares.require(batch)
    among = "" if shares.company.size == 1 else f" of {shares.company.size} processes"
    return f"{len(found)} devices{among}, {found[0].platform}"
